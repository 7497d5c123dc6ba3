#!/usr/bin/env bash
# Kim & Mnih (2018), appendix F: related objectives: AAE, DIP-VAE I and II and beta-TCVAE beside FactorVAE, by score and
# reconstruction.
#
#     SCALE=paper|short|smoke OUT=folder bash recipes/factorvae/appf.sh
#
# One GPU, paper scale, reckoned: 50 runs of 300,000 steps, half an hour each.
. "$(dirname "$0")/../common.sh"

# The methods that the appendix names, each with its own paper's weight.
data=$(images dsprites 0 2000)
rates=($(at "" "--preset quick" "--preset quick"))
run=(--data "$data" --steps "$(at 300000 2000 20)" ${rates[@]+"${rates[@]}"})
count=$(seeds 10 3)
train "$count" factorvae --gamma 40 "${run[@]}" -o "$out/factorvae-{seed}.pt" >&2
train "$count" betatcvae --beta 4 "${run[@]}" -o "$out/betatcvae-{seed}.pt" >&2
train "$count" dipvae --variant i,ii "${run[@]}" -o "$out/dipvae-{variant}-{seed}.pt" >&2
train "$count" aae "${run[@]}" -o "$out/aae-{seed}.pt" >&2

# Score and reconstruction side by side: the appendix's comparison, as bars.
score() {
    disentool score --metric factor,mig,reconstruction --format jsonl ${device[@]+"${device[@]}"} \
        "$out"/{factorvae,betatcvae,dipvae,aae}-*.pt
}
records "$out/scores.jsonl" score
once "$out/appf.pdf" disentool plot compare "$out/scores.jsonl" -o "$out/appf.pdf"
