#!/usr/bin/env bash
# Gabbay & Hoshen (2020): classification of codes and content transfer: LORD, LORD with amortised codes and no noise, ML-VAE and
# DrNet. LORD's content should tell least of the class, at like reconstruction.
#
#     COIL20=folder SCALE=paper|short|smoke OUT=folder bash recipes/lord/classes.sh
#     CARS3D=folder SMALLNORB=folder CELEBA=folder KTH=folder SCALE=paper bash recipes/lord/classes.sh
#
# The data sets whose folders are named are used: of COIL-20 a folder for each object (OBJECT/VIEW.png), of the others the
# published files; and always a grid of 3D Shapes, 32x32, which holds the true image of every pair (class: shape and
# colour) and one of 2D Shapes (class: shape). paper: the published presets at width 256, for a GPU, reckoned at one to two
# hours a run, 12 runs a data set; short: width 64, minutes a run on a CPU.
. "$(dirname "$0")/../common.sh"
. "$(dirname "$0")/sets.sh"

for set in "${sets[@]}"; do
    class=$(class_of "$set")
    metrics=leakage
    rendered "$set" && metrics=transfer,leakage
    [ "$scale" = smoke ] && metrics=reconstruction
    [ "$scale" = smoke ] && rendered "$set" && metrics=transfer,reconstruction
    data=(--data "$out/$set.h5" --class-factor "$class")
    lord=($(at "--preset iclr" "--preset small --steps $(lord_steps "$set")" "--preset small --steps 4"))
    mlvae=($(at "--preset paper" "--steps $(mlvae_steps "$set")" "--steps 4"))
    drnet=($(at "--preset paper" "--preset quick --no-skip --width $(drnet_width "$set") --steps $(drnet_steps "$set")" \
        "--preset quick --no-skip --width 16 --steps 4"))
    count=$(seeds 3 3)
    # LORD; LORD without what keeps the class out of the content; the two older methods.
    train "$count" lord "${data[@]}" "${lord[@]}" -o "$out/$set-lord-{seed}.pt" >&2
    train "$count" lord "${data[@]}" "${lord[@]}" --content amortised --noise 0 --penalty-weight 0.004 \
        -o "$out/$set-amortised-{seed}.pt" >&2
    train "$count" mlvae "${data[@]}" "${mlvae[@]}" -o "$out/$set-mlvae-{seed}.pt" >&2
    train "$count" drnet "${data[@]}" "${drnet[@]}" -o "$out/$set-drnet-{seed}.pt" >&2
    # Classification of codes (leakage), and where every pair has its true image, transfer. As bars.
    score() { disentool score --metric "$metrics" --format jsonl ${device[@]+"${device[@]}"} "$out/$set"-*-[0-9].pt; }
    records "$out/$set.jsonl" score
    [ "$scale" = smoke ] || once "$out/$set.pdf" disentool plot leakage "$out/$set.jsonl" -o "$out/$set.pdf"
    # The paper's picture: the content of each column in the class of each row.
    for method in lord mlvae drnet; do
        once "$out/$set-$method.png" disentool swap "$out/$set-$method-0.pt" -o "$out/$set-$method.png"
    done
done
