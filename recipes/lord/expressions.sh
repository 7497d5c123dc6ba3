#!/usr/bin/env bash
# Gabbay & Hoshen (2020), facial expressions (RaFD): the expression of one face on the identity of another, and the other way about:
# the class is the identity, or the expression. The paper prints pictures.
#
#     RAFD=folder SCALE=paper|short|smoke OUT=folder bash recipes/lord/expressions.sh
#
# One GPU, paper scale, reckoned: 6 runs, one to two hours each.
. "$(dirname "$0")/../common.sh"

[ -n "${RAFD:-}" ] || { echo "$recipe: RAFD=folder names the published pictures" >&2; exit 2; }
once "$out/rafd.h5" disentool prepare rafd --from "$RAFD" --size 64 --split rows:0.1 -o "$out/rafd.h5" > /dev/null
# Once by who it is, once by what the face does; each picture swaps the two.
for class in identity expression; do
    lord=($(at "--preset iclr" "--preset small" "--preset small --steps 4"))
    train "$(seeds 3 1)" lord --data "$out/rafd.h5" --class-factor $class "${lord[@]}" -o "$out/$class-{seed}.pt" >&2
    once "$out/$class.png" disentool swap "$out/$class-0.pt" -o "$out/$class.png"
done
# What the content still tells of the class.
score() { disentool score --metric "$(at leakage leakage reconstruction)" --format jsonl "$out"/{identity,expression}-*.pt; }
records "$out/scores.jsonl" score
