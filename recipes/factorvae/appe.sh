#!/usr/bin/env bash
# Kim & Mnih (2018), appendix E: the log marginal likelihood, importance weighted, and samples, of VAE, beta-VAE and FactorVAE.
#
#     SCALE=paper|short|smoke OUT=folder bash recipes/factorvae/appe.sh
#
# One GPU, paper scale, reckoned: 15 runs of 300,000 steps, half an hour each.
. "$(dirname "$0")/../common.sh"

# The three methods, alike but for their objective.
data=$(images dsprites 0 2000)
rates=($(at "" "--preset quick" "--preset quick"))
run=(--data "$data" --steps "$(at 300000 2000 20)" ${rates[@]+"${rates[@]}"})
train "$(seeds 5 2)" vae "${run[@]}" -o "$out/vae-{seed}.pt" >&2
train "$(seeds 5 2)" betavae --beta 4 "${run[@]}" -o "$out/betavae-{seed}.pt" >&2
train "$(seeds 5 2)" factorvae --gamma 40 "${run[@]}" -o "$out/factorvae-{seed}.pt" >&2

# log p(x) by importance weighting beside the bound that was trained; as bars.
few=($(at "" "--set rows=200" "--set rows=20 --set samples=20"))
score() { disentool score --metric likelihood,elbo ${few[@]+"${few[@]}"} --format jsonl ${device[@]+"${device[@]}"} "$out"/*vae-*.pt; }
records "$out/scores.jsonl" score
once "$out/appe.pdf" disentool plot compare "$out/scores.jsonl" -o "$out/appe.pdf"
# What each draws from its prior.
for method in vae betavae factorvae; do
    once "$out/$method-samples.png" disentool sample "$out/$method-0.pt" -n 64 -o "$out/$method-samples.png"
done
