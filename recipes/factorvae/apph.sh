#!/usr/bin/env bash
# Kim & Mnih (2018), appendix H: InfoGAN and InfoWGAN-GP tried on MNIST, whose digits their 10-way code should find.
# The score is the share of images whose class stands for their digit (chance: 0.1). The paper prints pictures alone.
#
#     MNIST=folder SCALE=paper|short|smoke OUT=folder bash recipes/factorvae/apph.sh
#
# MNIST is the folder of the published files; without it they are downloaded. short takes the test images alone.
set -euo pipefail
scale=${SCALE:-paper}
out=${OUT:-apph-$scale}
case $scale in
    paper) options=(--seeds 0-4 --preset paper) subset=() ;;
    short) options=(--seeds 0 --preset quick) subset=(--subset 10000) ;;
    smoke) options=(--seeds 0 --preset quick --steps 5) subset=(--subset 200) ;;
    *) echo "SCALE=$scale: expected paper, short or smoke" >&2; exit 2 ;;
esac
mkdir -p "$out"
if [ -n "${MNIST:-}" ]; then from=(--from "$MNIST"); else from=(--download); fi
[ -e "$out/mnist.h5" ] || disentool prepare mnist "${from[@]}" "${subset[@]}" -o "$out/mnist.h5" >&2

export PYTHONPATH="$(cd "$(dirname "$0")" && pwd)${PYTHONPATH:+:$PYTHONPATH}"  # for digits.py
{
    for method in infogan infowgan-gp; do
        disentool train "$method" --categorical 10 --data "$out/mnist.h5" "${options[@]}" \
            -o "$out/$method-{seed}.pt" --resume | while read -r checkpoint; do
            disentool traverse "$checkpoint" -o "${checkpoint%.pt}.png" --overwrite >&2
            echo "$checkpoint"
        done
    done
} | disentool score --metric digits:accuracy --format jsonl - > "$out/scores.jsonl"
echo "$out/scores.jsonl"
