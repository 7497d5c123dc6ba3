#!/usr/bin/env bash
# Plumerault et al. (2020), section 4.2: position and scale of 2D Shapes, steered in beta-VAEs of beta 1, 5, 10, 20. The
# paper shows, in a figure, that the property's standard deviation at a fixed alpha falls as beta rises
# (.details.spread of the records); here with the paper's method and with the tangent's.
#
#     SCALE=paper|short|smoke OUT=folder bash recipes/controlling/dsprites.sh
set -euo pipefail
scale=${SCALE:-paper}
out=${OUT:-controlling-$scale}
data=$out/small.h5 betas=1,5,10,20 methods="paper tangent" protocol=grid
transforms=(--transform shift-x --transform shift-y --transform zoom)
case $scale in
    paper) options=(--seeds 0-4 --steps 100000) find=(--starts 50) data=dsprites ;;
    short) options=(--seeds 0-2 --learning-rate 5e-4 --steps 8000) find=(--starts 50) images=60000 ;;
    smoke)
        options=(--seeds 0 --steps 20) find=(--starts 5) images=2000
        betas=1,20 methods=tangent protocol=quick transforms=(--transform shift-x) ;;
    *) echo "SCALE=$scale: expected paper, short or smoke" >&2; exit 2 ;;
esac
mkdir -p "$out"
[ "$data" = dsprites ] || [ -e "$data" ] || disentool prepare dsprites --subset "$images" -o "$data" >&2

# Each command prints the path of what is complete; --resume skips what an earlier run has done.
disentool train betavae --beta "$betas" --data "$data" "${options[@]}" -o "$out/b{beta}-{seed}.pt" --resume |
    while read -r checkpoint; do
        for method in $methods; do
            found=${checkpoint%.pt}-$method.h5
            [ -e "$found" ] || disentool find-direction "$checkpoint" --method "$method" "${find[@]}" --force \
                "${transforms[@]}" -o "$found" >&2
            echo "$found"
        done
    done | disentool score --metric control --protocol "$protocol" --format jsonl - > "$out/control.jsonl"
echo "$out/control.jsonl"
