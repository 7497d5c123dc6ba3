#!/usr/bin/env bash
# Kim & Mnih (2018), appendix H: InfoGAN and InfoWGAN-GP tried on MNIST, whose digits their 10-way code should find; and on
# 2D Shapes InfoGAN that stops when its codes' information falls, and a larger network, which score alike, low. Their codes
# are the paper's (figures 8 and 9): four continuous ones and one of three classes, and five continuous ones. On MNIST the
# score is the share of images whose class stands for their digit (chance: 0.1). The paper prints pictures alone.
#
#     MNIST=folder SCALE=paper|short|smoke OUT=folder bash recipes/factorvae/apph.sh
#
# MNIST is the folder of the published files; without it they are downloaded. short takes the test images alone. One GPU,
# paper scale, reckoned: 30 runs, half an hour each.
. "$(dirname "$0")/../common.sh"

# Digits, and a class code of ten that should become them.
if [ -n "${MNIST:-}" ]; then from=(--from "$MNIST"); else from=(--download); fi
subset=$(at 0 10000 200)
once "$out/mnist.h5" disentool prepare mnist "${from[@]}" $([ "$subset" = 0 ] || echo --subset "$subset") -o "$out/mnist.h5"
run=(--categorical 10 --data "$out/mnist.h5" --preset "$(at paper quick quick)")
[ "$scale" = smoke ] && run+=(--steps 5)
for method in infogan infowgan-gp; do
    train "$(seeds 5 1)" $method "${run[@]}" -o "$out/$method-{seed}.pt" >&2
done

# 2D Shapes: stopped early, and larger; each with both kinds of codes.
data=$(images dsprites 60000 2000)
run=(--data "$data" --preset "$(at paper quick quick)")
[ "$scale" = smoke ] && run+=(--steps 5)
for codes in "3 4" "none 5"; do
    read -r classes continuous <<< "$codes"
    of=(--categorical "$classes" --continuous "$continuous")
    train "$(seeds 5 1)" infogan "${run[@]}" "${of[@]}" --early-stop "$(at 20000 500 5)" \
        -o "$out/shapes-stopped-$continuous-{seed}.pt" >&2
    train "$(seeds 5 1)" infowgan-gp "${run[@]}" "${of[@]}" --architecture large \
        -o "$out/shapes-large-$continuous-{seed}.pt" >&2
done

# Class against digit on MNIST; the factor metric on 2D Shapes.
export PYTHONPATH="$(cd "$(dirname "$0")" && pwd)${PYTHONPATH:+:$PYTHONPATH}"  # for digits.py
digits() { disentool score --metric digits:accuracy --format jsonl ${device[@]+"${device[@]}"} "$out"/info*-*.pt; }
records "$out/digits.jsonl" digits
score() { disentool score --metric factor --format jsonl ${device[@]+"${device[@]}"} "$out"/shapes-*.pt; }
records "$out/scores.jsonl" score
# The appendix's pictures: each code moved alone.
for checkpoint in "$out"/info*-0.pt "$out"/shapes-*-0.pt; do
    once "${checkpoint%.pt}.png" disentool traverse "$checkpoint" -o "${checkpoint%.pt}.png"
done
