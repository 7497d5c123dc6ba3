#!/usr/bin/env bash
# Plumerault et al. (2020), section 3.2 and appendix: images found again by a generator, with three losses: squared error, DSSIM,
# and the squared error of the blurred difference for several blurs. The blurred one is sharper where a generator makes textures.
#
#     GENERATOR=checkpoint|folder IMAGES="a.png b.png" SCALE=paper|short|smoke OUT=folder bash recipes/controlling/losses.sh
#
# LPIPS="alexnet.pth alex.pth" measures by LPIPS too, as the paper's table does: torchvision's network and the linear layers
# of the lpips package.
#
# One GPU: minutes. GENERATOR: a BigGAN's folder or any checkpoint; without it a beta-VAE is trained, whose images have no textures.
. "$(dirname "$0")/../common.sh"

generator=${GENERATOR:-$out/b1-0.pt}
if [ -z "${GENERATOR:-}" ]; then
    data=$(images dsprites 60000 2000)
    train 1 betavae --beta 1 --data "$data" --learning-rate 5e-4 --steps "$(at 100000 8000 20)" -o "$out/b1-{seed}.pt" >&2
fi
# The same images, found again under each loss: a table (how near, by each measure) and a picture.
named=(--images "$(at 8 4 2)")
if [ -n "${IMAGES:-}" ]; then named=(); for image in $IMAGES; do named+=(--image "$image"); done; fi
weights=()
for file in ${LPIPS:-}; do weights+=(--lpips "$file"); done
classes=(${CLASSES:+--class "$CLASSES"})
invert() {
    disentool invert "$generator" "${named[@]}" ${classes[@]+"${classes[@]}"} \
        ${weights[@]+"${weights[@]}"} \
        --starts "$(at 16 16 2)" --steps "$(at 500 200 5)" ${device[@]+"${device[@]}"} \
        --overwrite -o "$out/losses.jsonl" -o "$out/losses.png"
}
once "$out/losses.jsonl" invert
echo "$out/losses.png"
