#!/usr/bin/env bash
# Plumerault et al. (2020), section 4.1: BigGAN-128: place and scale steered for ten classes; the direction of all classes together; how
# much alike the classes' own are (cosines); and in which of the latent chunks a direction lies (squared norm of u by chunk).
#
#     BIGGAN=folder SCALE=paper|short|smoke OUT=folder bash recipes/controlling/biggan.sh
#
# BIGGAN holds pytorch_model.bin and config.json of biggan-deep-128 (pip install "disentool[biggan]"). One GPU: an hour.
. "$(dirname "$0")/../common.sh"

[ -n "${BIGGAN:-}" ] || { echo "$recipe: BIGGAN=folder names the generator: pytorch_model.bin and config.json" >&2; exit 2; }
classes=$(at 14,136,306,417,672,717,852,914,933,992 14,136,306 "${CLASSES:-0,1}")
transforms=(--transform shift-x --transform shift-y --transform zoom)
find() {
    disentool find-direction "$BIGGAN" --class "$classes" "${transforms[@]}" --method "$1" --starts "$(at 50 10 6)" \
        $([ "$scale" = smoke ] && echo --force --steps 1) ${device[@]+"${device[@]}"} -o "$out/$1.h5"
}
for method in $(at "paper tangent" tangent paper); do
    # A direction for each class and transformation, and those of all classes together.
    once "$out/$method.h5" find "$method"
    # Squared norm of u by chunk (chunk_norms) and cosines with the other classes (cosine_with), of each direction.
    facts() { disentool info --json "$out/$method.h5"; }
    records "$out/$method.jsonl" facts
    # The figure: one class, moved along its own direction.
    first=${classes%%,*}
    pan() {
        disentool traverse "$BIGGAN" --direction "$out/$method.h5:shift-x" --class "$first" --alpha -2:2 --images 2 \
            $([ "$scale" = smoke ] && echo --steps 3) ${device[@]+"${device[@]}"} -o "$out/$method.png"
    }
    once "$out/$method.png" pan
done
