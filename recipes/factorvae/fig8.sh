#!/usr/bin/env bash
# Kim & Mnih (2018), figures 8 and 9: InfoWGAN-GP on 2D Shapes, four continuous codes beside one of three classes (fig. 8) or five
# alone (fig. 9), searched over the weight of the information, the noise and both steps. Scores are low: only scale is
# found, place goes to the classes.
#
#     SCALE=paper|short|smoke OUT=folder bash recipes/factorvae/fig8.sh
#
# One GPU, paper scale, reckoned: 2 x 264 runs of 300,000 steps, an hour and a half each (five critic steps a step).
. "$(dirname "$0")/../common.sh"

# The whole search at paper scale; its corners below that.
data=$(images dsprites 60000 2000)
run=(--data "$data" --steps "$(at 300000 1000 5)")
if [ "$scale" = paper ]; then
    run+=(--information-weight 0,0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9,1 --noise-dim 5,10,20,40,80,160)
    run+=(--learning-rate 1e-3,1e-4 --critic-learning-rate 1e-4,1e-5)
else
    run+=(--information-weight "$(at "" 0,1 1)" --noise-dim 10 --learning-rate 1e-3 --critic-learning-rate 1e-4)
fi
name="{information_weight}-{noise_dim}-{learning_rate}-{critic_learning_rate}-{seed}.pt"
train 1 infowgan-gp --categorical 3 --continuous 4 "${run[@]}" -o "$out/fig8-$name" >&2
train 1 infowgan-gp --categorical none --continuous 5 "${run[@]}" -o "$out/fig9-$name" >&2

# Scores by the encoder that is trained with the generator; all are low.
score() { disentool score --metric factor --format jsonl ${device[@]+"${device[@]}"} "$out"/fig[89]-*.pt; }
records "$out/scores.jsonl" score
once "$out/fig8.pdf" disentool plot compare "$out/scores.jsonl" -o "$out/fig8.pdf"
for figure in fig8 fig9; do # the best of each, its codes moved one by one
    best=$(python -c 'import json, sys
records = [r for r in map(json.loads, open(sys.argv[1])) if sys.argv[2] in r["artefact"].rpartition("/")[2]]
print(max(records, key=lambda r: r["score"])["artefact"])' "$out/scores.jsonl" "$figure")
    once "$out/$figure.png" disentool traverse "$best" -o "$out/$figure.png"
done
