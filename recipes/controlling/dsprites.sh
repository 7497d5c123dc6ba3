#!/usr/bin/env bash
# Plumerault et al. (2020), section 4.2: position and scale of 2D Shapes, steered in beta-VAEs of beta 1, 5, 10, 20. The paper shows,
# in a figure, that the property's standard deviation at a fixed alpha falls as beta rises (.details.spread of the
# records); here with the paper's method and with the tangent's.
#
#     SCALE=paper|short|smoke OUT=folder bash recipes/controlling/dsprites.sh
#
# One GPU, paper scale, reckoned: 20 runs of 100,000 steps, ten minutes each, and a minute a direction. Two cores,
# short: 12 runs of 8,000 steps, some 12 minutes each.
. "$(dirname "$0")/../common.sh"

# What is steered: models whose codes are less and less entangled.
data=$(images dsprites 60000 2000)
rates=($(at "" "--learning-rate 5e-4" "--learning-rate 5e-4"))
run=(--data "$data" --steps "$(at 100000 8000 20)" ${rates[@]+"${rates[@]}"})
train "$(seeds 5 3)" betavae --beta "$(at 1,5,10,20 1,5,10,20 1,20)" "${run[@]}" -o "$out/b{beta}-{seed}.pt" >&2

transforms=(--transform shift-x --transform shift-y --transform zoom)
[ "$scale" = smoke ] && transforms=(--transform shift-x)
find() { # the directions of each checkpoint, by each method; those that are not followed are measured all the same
    local checkpoint method
    for method in $(at "paper tangent" "paper tangent" tangent); do
        for checkpoint in "$out"/b*-[0-9].pt; do
            once "${checkpoint%.pt}-$method.h5" disentool find-direction "$checkpoint" --method "$method" --force \
                "${transforms[@]}" --starts "$(at 50 50 5)" ${device[@]+"${device[@]}"} -o "${checkpoint%.pt}-$method.h5"
        done
    done
}
# How well an asked position is met, and how far it spreads (.details.spread): the figure against beta.
score() { find | disentool score --metric control --protocol "$(at grid quick quick)" --format jsonl -; }
records "$out/scores.jsonl" score
# Measured against asked, and the distribution that comes of an even one.
for kind in $(at "control distribution" "control distribution" control); do
    for transform in shift-x shift-y; do
        one() { python -c 'import json, sys
for line in open(sys.argv[1]):
    r = json.loads(line)
    if r["method"] == "tangent" and r["details"]["transform"] == sys.argv[2]: print(line, end="")' "$out/scores.jsonl" "$1"; }
        [ "$scale" = smoke ] && [ $transform = shift-y ] && continue
        plot() { one $transform | disentool plot $kind - -o "$out/$kind-$transform.pdf"; }
        once "$out/$kind-$transform.pdf" plot
    done
done
