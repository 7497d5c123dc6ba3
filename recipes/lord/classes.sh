#!/usr/bin/env bash
# Gabbay & Hoshen (2020): classification of codes and content transfer: LORD, LORD with amortised codes and no noise, ML-VAE and
# DrNet. LORD's content should tell least of the class, at like reconstruction. Beside each stands what probes find in its
# encoder before any training.
#
#     COIL20=folder SCALE=paper|short|smoke OUT=folder bash recipes/lord/classes.sh
#     CARS3D=folder SMALLNORB=folder CELEBA=folder KTH=folder SCALE=paper bash recipes/lord/classes.sh
#     VGG=vgg16.pth LPIPS="alexnet.pth alex.pth" bash recipes/lord/classes.sh   # every method with LORD's loss of VGG16's
#                                                                               # features; transfer also in LPIPS
#
# The data sets whose folders are named are used: of COIL-20 a folder for each object (OBJECT/VIEW.png), of the others the
# published files; and always a grid of 3D Shapes, 32x32, which holds the true image of every pair (class: shape and
# colour) and one of 2D Shapes (class: shape). paper: the published presets at width 256, for a GPU, reckoned at one to two
# hours a run, 12 runs a data set; short: width 64, minutes a run on a CPU, every method as many passes over the data.
. "$(dirname "$0")/../common.sh"
. "$(dirname "$0")/sets.sh"

vgg=(${VGG:+--vgg "$VGG"})
same_loss=(${VGG:+--reconstruction perceptual --vgg "$VGG"})
lpips=()
for file in ${LPIPS:-}; do lpips+=(--lpips "$file"); done

for set in "${sets[@]}"; do
    class=$(class_of "$set")
    measured=(--metric "$(at leakage leakage reconstruction)")
    ! rendered "$set" || measured+=(--metric transfer ${lpips[@]+"${lpips[@]}"})
    data=(--data "$out/$set.h5" --class-factor "$class")
    lord=($(at "--preset iclr" "--preset small" "--preset small") ${vgg[@]+"${vgg[@]}"})
    mlvae=(--preset paper ${same_loss[@]+"${same_loss[@]}"})
    drnet=($(at "--preset paper" "--preset quick --no-skip --width $(drnet_width "$set")" "--preset quick --no-skip --width 16"))
    drnet+=(${same_loss[@]+"${same_loss[@]}"})
    count=$(seeds 3 3)
    learn() { # NAME STEPS METHOD OPTION...: with the preset's own steps at paper scale
        local name=$1 steps=$2
        shift 2
        train "$count" "$@" "${data[@]}" $(at "" "--steps $steps" "--steps 4") -o "$out/$set-$name-{seed}.pt" >&2
    }
    # LORD; LORD without what keeps the class out of the content; the two older methods.
    learn lord "$(lord_steps "$set")" lord "${lord[@]}"
    learn amortised "$(lord_steps "$set")" lord "${lord[@]}" --content amortised --noise 0
    learn mlvae "$(mlvae_steps "$set")" mlvae "${mlvae[@]}"
    learn drnet "$(drnet_steps "$set")" drnet "${drnet[@]}"
    # The same networks untrained, of another seed: what a leak is read beside.
    untrained() { # METHOD OPTION...
        local file=$out/$set-untrained-$1-9.pt
        once "$file" disentool train "$@" "${data[@]}" --steps 0 --seed 9 ${device[@]+"${device[@]}"} -o "$file" > /dev/null
    }
    untrained lord "${lord[@]}"
    untrained mlvae "${mlvae[@]}"
    untrained drnet "${drnet[@]}"
    # Classification of codes (leakage), and where every pair has its true image, transfer. As bars.
    score() { disentool score --format jsonl ${device[@]+"${device[@]}"} "$@"; }
    records "$out/$set.jsonl" score "${measured[@]}" "$out/$set"-*-[0-9].pt
    # LORD's codes of its training images, as the first stage optimised them.
    [ "$scale" = smoke ] || records "$out/$set-optimised.jsonl" score --metric leakage --codes latent "$out/$set"-lord-[0-9].pt
    [ "$scale" = smoke ] || once "$out/$set.pdf" disentool plot leakage "$out/$set.jsonl" -o "$out/$set.pdf"
    # The paper's picture: the content of each column in the class of each row.
    for method in lord mlvae drnet; do
        once "$out/$set-$method.png" disentool swap "$out/$set-$method-0.pt" -o "$out/$set-$method.png"
    done
done
