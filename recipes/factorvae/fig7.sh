#!/usr/bin/env bash
# Kim & Mnih (2018), figure 7: the discriminator's estimate of the total correlation against the true one, over training and for
# several gamma. The estimate is below the truth; both fall; the larger gamma, the lower. The true one: q(z) as the mixture
# of all posteriors, by Monte Carlo.
#
#     SCALE=paper|short|smoke OUT=folder bash recipes/factorvae/fig7.sh
#
# One GPU, paper scale, reckoned: 15 runs of 300,000 steps, half an hour each; the true total correlation sums over the
# whole data set.
. "$(dirname "$0")/../common.sh"

# Several weights, with snapshots on the way, since the figure is over training.
data=$(images dsprites 60000 2000)
rates=($(at "" "--preset quick" "--preset quick"))
run=(--data "$data" --steps "$(at 300000 2000 20)" --keep-every "$(at 50000 500 10)" ${rates[@]+"${rates[@]}"})
train "$(seeds 5 3)" factorvae --gamma "$(at 10,40,100 10,40 10,40)" "${run[@]}" -o "$out/factorvae-{gamma}-{seed}.pt" >&2

# The record of a snapshot holds the discriminator's estimate beside the Monte Carlo one; figure 7 draws both.
few=($(at "" "--set samples=1000" "--set samples=100"))
snapshots() { ls "$out"/factorvae-*-*-*.pt; }
score() { snapshots | disentool score --metric tc ${few[@]+"${few[@]}"} --format jsonl ${device[@]+"${device[@]}"} -; }
records "$out/scores.jsonl" score
once "$out/fig7.pdf" disentool plot tc "$out/scores.jsonl" -o "$out/fig7.pdf"
