#!/usr/bin/env bash
# Kim & Mnih (2018), figures 4 and 5: the factor metric against the reconstruction error over training, beta-VAE and
# FactorVAE on 2D Shapes. Figure 5: at a reconstruction error of about 45, FactorVAE gamma = 40 scores 0.82 on the mean of
# ten seeds, beta-VAE beta = 4 0.73.
#
#     SCALE=paper|short|smoke OUT=folder bash recipes/factorvae/fig4.sh
#     ONLY=fig5 bash recipes/factorvae/fig4.sh     # those two settings alone
#
# One GPU, paper scale, reckoned: 130 runs of 300,000 steps, half an hour each; with ONLY=fig5 20.
. "$(dirname "$0")/../common.sh"

data=$(images dsprites 0 2000)
steps=$(at 300000 5000 20) every=$(at 50000 2500 10)
rates=($(at "" "--preset quick" "--preset quick"))  # short: larger steps, for far too few of them
betas=1,2,4,6,8,16 gammas=5,10,20,30,40,50,100
[ "${ONLY:-}" = fig5 ] && betas=4 gammas=40
[ "$scale" = smoke ] && betas=1,4 gammas=10,40
run=(--data "$data" --steps "$steps" --keep-every "$every" ${rates[@]+"${rates[@]}"})

# The runs, with snapshots on the way: -STEP.pt beside each.
train "$(seeds 10 3)" betavae --beta "$betas" "${run[@]}" -o "$out/betavae-{beta}-{seed}.pt" >&2
train "$(seeds 10 3)" factorvae --gamma "$gammas" "${run[@]}" -o "$out/factorvae-{gamma}-{seed}.pt" >&2

# Score and reconstruction of every snapshot, and the trade-off that is figure 4; the last points are figure 5.
snapshots() { ls "$out"/{betavae,factorvae}-*-*-*.pt; }
score() { snapshots | disentool score --metric factor,reconstruction --format jsonl ${device[@]+"${device[@]}"} -; }
records "$out/scores.jsonl" score
once "$out/fig4.pdf" disentool plot tradeoff "$out/scores.jsonl" -o "$out/fig4.pdf"
