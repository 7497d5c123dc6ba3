#!/usr/bin/env bash
# Gabbay & Hoshen (2020), classification of codes and content transfer: LORD, LORD with amortised codes and no noise,
# ML-VAE and DrNet. COIL20=folder has COIL-20 as a folder for each object (OBJECT/VIEW.png); without it, and always for
# transfer, it is a grid of 3D Shapes that holds the true image of every pair, class: shape and colour.
#
#     COIL20=folder SCALE=short|smoke OUT=folder bash recipes/lord/classes.sh
set -euo pipefail
scale=${SCALE:-short}
out=${OUT:-classes-$scale}
case $scale in
    short) seeds=0-2 ;;
    smoke) seeds=0 ;;
    *) echo "SCALE=$scale: expected short or smoke" >&2; exit 2 ;;
esac
mkdir -p "$out"
python "$(dirname "$0")/shapes.py" "$out/shapes.h5" >&2
sets=(shapes)
if [ -n "${COIL20:-}" ]; then
    find -L "$COIL20" -name '*.png' | sort -V | sed -E "s#(.*/)?([^/]*)/([^/]*)\.png#\2/\3.png,\2,\3#" \
        | (echo file,object,view; cat) > "$out/coil.csv"
    [ -e "$out/coil.h5" ] || disentool prepare folder --from "$COIL20" --csv "$out/coil.csv" --size 32 \
        --split rows:0.2 -o "$out/coil.h5" >&2
    sets+=(coil)
fi

# Each command prints its checkpoints as they are complete; --resume skips what an earlier run has done.
for set in "${sets[@]}"; do
    class=shape+object_hue metrics=transfer,leakage lord=1200 mlvae=3000 drnet=2500 width=16
    [ "$set" = coil ] && class=object metrics=leakage lord=2500 mlvae=6000 drnet=2000 width=32
    [ "$scale" = smoke ] && metrics=transfer,reconstruction lord=4 mlvae=4 drnet=4
    data=(--data "$out/$set.h5" --class-factor "$class" --seeds "$seeds" --resume)
    {
        disentool train lord "${data[@]}" --preset small --steps $lord -o "$out/$set-lord-{seed}.pt"
        disentool train lord "${data[@]}" --preset small --steps $lord --content amortised --noise 0 \
            -o "$out/$set-amortised-{seed}.pt"
        disentool train mlvae "${data[@]}" --steps $mlvae -o "$out/$set-mlvae-{seed}.pt"
        disentool train drnet "${data[@]}" --preset quick --no-skip --width $width --steps $drnet \
            -o "$out/$set-drnet-{seed}.pt"
    } | disentool score --metric "$metrics" --format jsonl - > "$out/$set.jsonl"
done
cat "$out"/{shapes,coil}.jsonl 2> /dev/null > "$out/scores.jsonl" || true
echo "$out/scores.jsonl"
