#!/usr/bin/env bash
# Kim & Mnih (2018), figures 10 and 11: 3D Shapes. At a similar score FactorVAE gamma = 36 reconstructs better than beta-VAE
# beta = 24: 3,515 against 3,570 nats an image, after a million steps.
#
#     SCALE=paper|short|smoke OUT=folder bash recipes/factorvae/fig10.sh
#
# One GPU, paper scale, reckoned: 20 runs of 1,000,000 steps, two hours each; the 480,000 images are rendered first, 5.9 GB.
. "$(dirname "$0")/../common.sh"

# The two settings that the paper compares, since they score alike.
data=$(images shapes3d 20000 1000)
rates=($(at "" "--preset quick" "--preset quick"))
run=(--data "$data" --steps "$(at 1000000 3000 10)" --hidden-units 256 ${rates[@]+"${rates[@]}"})
train "$(seeds 10 3)" betavae --beta 24 "${run[@]}" -o "$out/betavae-{seed}.pt" >&2
train "$(seeds 10 3)" factorvae --gamma 36 "${run[@]}" -o "$out/factorvae-{seed}.pt" >&2

# Figure 10: score against reconstruction.
score() { disentool score --metric factor,reconstruction --format jsonl ${device[@]+"${device[@]}"} "$out"/*vae-*.pt; }
records "$out/scores.jsonl" score
once "$out/fig10.pdf" disentool plot tradeoff "$out/scores.jsonl" -o "$out/fig10.pdf"
# Figure 11: every code moved alone.
for checkpoint in "$out"/*vae-*.pt; do
    once "${checkpoint%.pt}.png" disentool traverse "$checkpoint" -o "${checkpoint%.pt}.png"
done
