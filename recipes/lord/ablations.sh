#!/usr/bin/env bash
# Gabbay & Hoshen (2020), ablations: LORD whole; with codes from an encoder instead of optimised ones; without noise; with a
# learned variance and KL instead of fixed noise. Each should be worse: the class leaks into the content.
#
#     COIL20=folder CARS3D=folder SMALLNORB=folder SCALE=paper|short|smoke OUT=folder bash recipes/lord/ablations.sh
#
# One GPU, paper scale, reckoned: one to two hours a run, 12 runs a data set.
. "$(dirname "$0")/../common.sh"
. "$(dirname "$0")/sets.sh"

for set in "${sets[@]}"; do
    lord=($(at "--preset iclr" "--preset small --steps $(lord_steps "$set")" "--preset small --steps 4"))
    run=(lord --data "$out/$set.h5" --class-factor "$(class_of "$set")" "${lord[@]}")
    count=$(seeds 3 1)
    # One thing changed at a time.
    train "$count" "${run[@]}" -o "$out/$set-whole-{seed}.pt" >&2
    train "$count" "${run[@]}" --content amortised -o "$out/$set-amortised-{seed}.pt" >&2
    train "$count" "${run[@]}" --noise 0 -o "$out/$set-noiseless-{seed}.pt" >&2
    train "$count" "${run[@]}" --regularisation kl -o "$out/$set-kl-{seed}.pt" >&2
    metrics=$(at leakage leakage reconstruction)
    # What the content tells of the class, by setting, as bars.
    score() { disentool score --metric "$metrics" --format jsonl ${device[@]+"${device[@]}"} "$out/$set"-*-[0-9].pt; }
    records "$out/$set.jsonl" score
    [ "$scale" = smoke ] || once "$out/$set.pdf" disentool plot leakage "$out/$set.jsonl" -o "$out/$set.pdf"
done
