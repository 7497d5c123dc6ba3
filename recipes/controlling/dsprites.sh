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

# A direction that is of no use (zoom, mostly: the command says why) leaves a mark instead. A model of a few steps has none
# at all: there whatever the paper's method gives is kept.
few=($(at "" "" "--steps 1 --force"))
find() {
    local checkpoint method transform found code
    for method in $(at "paper tangent" "paper tangent" paper); do
        for transform in $(at "shift-x shift-y zoom" "shift-x shift-y zoom" shift-x); do
            for checkpoint in "$out"/b*-[0-9].pt; do
                found=${checkpoint%.pt}-$method-$transform.h5
                if [ ! -e "$found" ] && [ ! -e "$found.none" ]; then
                    code=0
                    disentool find-direction "$checkpoint" --method "$method" --transform "$transform" ${few[@]+"${few[@]}"} \
                        --starts "$(at 50 50 5)" ${device[@]+"${device[@]}"} -o "$found" >&2 || code=$?
                    case $code in 0) ;; 1) touch "$found.none" ;; *) return "$code" ;; esac
                fi
                [ ! -e "$found" ] || echo "$found"
            done
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
    if r["method"] == sys.argv[3] and r["details"]["transform"] == sys.argv[2]: print(line, end="")' \
            "$out/scores.jsonl" "$1" "$(at tangent tangent paper)"; }
        [ "$scale" = smoke ] && [ $transform = shift-y ] && continue
        plot() { one $transform | disentool plot $kind - -o "$out/$kind-$transform.pdf"; }
        once "$out/$kind-$transform.pdf" plot
    done
done
