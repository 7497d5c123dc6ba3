#!/usr/bin/env bash
# Gabbay & Hoshen (2020): one image of a class never trained on: classes are set apart, and the second stage's encoders read them.
#
#     COIL20=folder CARS3D=folder SMALLNORB=folder CELEBA=folder SCALE=paper|short|smoke OUT=folder bash recipes/lord/unseen.sh
#
# Cars3D, SmallNORB and CelebA are split as published; of the others a fifth of the classes is set apart. One GPU, paper
# scale, reckoned: one to two hours a run, 3 runs a data set.
. "$(dirname "$0")/../common.sh"
unseen=1
. "$(dirname "$0")/sets.sh"

for set in "${sets[@]}"; do
    lord=($(at "--preset iclr" "--preset small --steps $(lord_steps "$set")" "--preset small --steps 4"))
    train "$(seeds 3 1)" lord --data "$out/$set.h5" --class-factor "$(class_of "$set")" "${lord[@]}" \
        -o "$out/$set-lord-{seed}.pt" >&2
    # Leakage and transfer on those classes alone.
    metrics=$(at leakage,transfer leakage,transfer reconstruction)
    score() { disentool score --metric "$metrics" --format jsonl ${device[@]+"${device[@]}"} "$out/$set"-lord-*.pt; }
    records "$out/$set.jsonl" score
done
