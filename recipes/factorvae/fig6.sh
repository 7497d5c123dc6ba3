#!/usr/bin/env bash
# Kim & Mnih (2018), figure 6: traversals of FactorVAE gamma = 40 on 2D Shapes, of the best seed and of the others. Horizontal and
# vertical place and scale are found; orientation and shape are not, robustly.
#
#     SCALE=paper|short|smoke OUT=folder bash recipes/factorvae/fig6.sh
#
# One GPU, paper scale, reckoned: 10 runs of 300,000 steps, half an hour each, the same as those of fig4.sh with ONLY=fig5.
. "$(dirname "$0")/../common.sh"

# The paper's best setting, all seeds.
data=$(images dsprites 0 2000)
rates=($(at "" "--preset quick" "--preset quick"))
run=(--data "$data" --steps "$(at 300000 5000 20)" ${rates[@]+"${rates[@]}"})
train "$(seeds 10 3)" factorvae --gamma 40 "${run[@]}" -o "$out/factorvae-{seed}.pt" >&2

# Scores tell the best seed; every seed's traversal is drawn, since the paper shows that they differ.
score() { disentool score --metric factor --format jsonl "$out"/factorvae-*.pt; }
records "$out/scores.jsonl" score
for checkpoint in "$out"/factorvae-*.pt; do
    once "${checkpoint%.pt}.png" disentool traverse "$checkpoint" -o "${checkpoint%.pt}.png"
done
best=$(python -c 'import json, sys
records = map(json.loads, open(sys.argv[1]))
print(max(records, key=lambda r: r["score"])["artefact"])' "$out/scores.jsonl")
once "$out/fig6.png" cp "${best%.pt}.png" "$out/fig6.png"
