#!/usr/bin/env bash
# Kim & Mnih (2018), appendix B: how far both metrics depend on their own constants: images a vote and votes of the factor
# metric; images a point, steps and rate of the classifier of Higgins et al.'s.
#
#     SCALE=paper|short|smoke OUT=folder bash recipes/factorvae/appb.sh
#
# One GPU, paper scale, reckoned: one run of 300,000 steps in half an hour, then minutes.
. "$(dirname "$0")/../common.sh"

# One model, so that nothing but the metrics' constants differs; its codes once, for all of them.
data=$(images dsprites 0 2000)
rates=($(at "" "--preset quick" "--preset quick"))
train 1 factorvae --gamma 40 --data "$data" --steps "$(at 300000 2000 20)" ${rates[@]+"${rates[@]}"} -o "$out/ckpt-{seed}.pt" >&2
once "$out/z.h5" disentool encode "$out/ckpt-0.pt" -o "$out/z.h5" > /dev/null

# Each constant alone, the others as published; repeats are of the metric's own draws.
score() {
    local value
    for value in $(at "50 100 200 400 800 1600" "50 100 200 400 800 1600" "50 800"); do
        disentool score --metric factor --set votes=$value --repeats "$(at 10 5 2)" --format jsonl "$out/z.h5"
    done
    for value in $(at "5 10 50 100 200" "5 10 50 100 200" "5 100"); do
        disentool score --metric factor --set group_size=$value --repeats "$(at 10 5 2)" --format jsonl "$out/z.h5"
    done
    for value in $(at "1000 3000 10000" "300 1000 3000" "20 50"); do
        disentool score --metric higgins --set classifier_steps=$value --repeats "$(at 10 3 2)" --format jsonl "$out/z.h5"
    done
    for value in $(at "5 10 50 100 200 400" "5 10 50 200" "5 50"); do
        disentool score --metric higgins --set pairs=$value --repeats "$(at 10 3 2)" --format jsonl "$out/z.h5"
    done
    for value in $(at "0.001 0.003 0.01 0.03 0.1" "0.001 0.01 0.1" "0.01 0.1"); do
        disentool score --metric higgins --set classifier_learning_rate=$value --repeats "$(at 10 3 2)" --format jsonl "$out/z.h5"
    done
}
records "$out/scores.jsonl" score
# The figure: score against the constant, a picture for each metric.
for metric in factor higgins; do
    once "$out/$metric.pdf" disentool plot sensitivity "$out/scores.jsonl" --metrics $metric -o "$out/$metric.pdf"
done
