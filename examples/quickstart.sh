#!/usr/bin/env bash
# From nothing to a trained FactorVAE, its score and its picture: environment, rendered data, training, measurement.
#
#     bash examples/quickstart.sh [FOLDER]        at most ten minutes on two cores without a GPU; again: goes on
#
# STEPS=200 makes it shorter still.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../tests/environment.sh" ''
folder=${1:-quickstart}
mkdir -p "$folder"
cd "$folder"

# 2D Shapes is rendered on first use; --preset quick is 1,000 steps at ten times the paper's learning rate.
disentool train factorvae --gamma 40 --preset quick ${STEPS:+--steps "$STEPS"} --resume

# Kim & Mnih's metric, and the reconstruction error it must be read beside.
disentool score --metric factor --metric reconstruction --format tsv ckpt.pt | tee scores.tsv

# What each latent dimension does.
disentool traverse -o traversal.png --gif traversal.gif --overwrite

echo
echo "made in $PWD:"
ls -1 ckpt.pt ckpt.history.jsonl scores.tsv traversal.png traversal.gif
