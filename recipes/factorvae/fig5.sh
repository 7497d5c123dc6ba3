#!/usr/bin/env bash
# Kim & Mnih (2018), figure 5: FactorVAE (gamma 40) against beta-VAE (beta 4) on 2D Shapes, both at a reconstruction
# error of about 45. Published mean scores over 10 seeds: 0.82 and 0.73.
#
#     SCALE=paper|short|smoke OUT=folder bash recipes/factorvae/fig5.sh
set -euo pipefail
scale=${SCALE:-paper}
out=${OUT:-fig5-$scale}
case $scale in
    paper) options=(--seeds 0-9) data=dsprites ;;
    short) options=(--seeds 0-2 --preset quick --steps 5000) data=dsprites ;;
    smoke) options=(--seeds 0 --steps 20) data=$out/small.h5 ;;
    *) echo "SCALE=$scale: expected paper, short or smoke" >&2; exit 2 ;;
esac
mkdir -p "$out"
[ "$data" = dsprites ] || [ -e "$data" ] || disentool prepare dsprites --subset 2000 -o "$data" >&2

# Each command prints its checkpoints as they are complete; --resume skips what an earlier run has done.
{
    disentool train factorvae --gamma 40 --data "$data" "${options[@]}" -o "$out/factorvae-{seed}.pt" --resume
    disentool train betavae --beta 4 --data "$data" "${options[@]}" -o "$out/betavae-{seed}.pt" --resume
} | disentool score --metric factor --metric reconstruction --format jsonl - > "$out/scores.jsonl"
echo "$out/scores.jsonl"
