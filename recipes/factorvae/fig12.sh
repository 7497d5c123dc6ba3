#!/usr/bin/env bash
# Kim & Mnih (2018), figures 12 to 15 and appendix I: 3D Chairs, 3D Faces and CelebA, which have no factors to score by: the
# reconstruction error over beta and gamma, and traversals. FactorVAE reconstructs better than beta-VAE.
#
#     CHAIRS=folder FACES=file CELEBA=folder SCALE=paper|short|smoke OUT=folder bash recipes/factorvae/fig12.sh
#
# The data sets whose published files are named are used, at least one. One GPU, paper scale, reckoned: for each 40 runs of
# 1,000,000 steps, two hours a run.
. "$(dirname "$0")/../common.sh"

# Published files as data sets of 64x64.
sets=()
[ -n "${CHAIRS:-}" ] && sets+=(chairs) && once "$out/chairs.h5" disentool prepare chairs --from "$CHAIRS" -o "$out/chairs.h5"
[ -n "${FACES:-}" ] && sets+=(faces) && once "$out/faces.h5" disentool prepare faces --from "$FACES" -o "$out/faces.h5"
[ -n "${CELEBA:-}" ] && sets+=(celeba) && once "$out/celeba.h5" disentool prepare celeba --from "$CELEBA" -o "$out/celeba.h5"
[ ${#sets[@]} -gt 0 ] || { echo "$recipe: name a data set: CHAIRS=folder, FACES=file or CELEBA=folder" >&2; exit 2; }

for set in "${sets[@]}"; do
    # The sweeps of figure 12, with the discriminator's smaller steps of these data.
    run=(--data "$out/$set.h5" --steps "$(at 1000000 3000 10)" --hidden-units 256)
    train "$(seeds 5 2)" betavae --beta "$(at 1,2,4,8,16 1,4 4)" "${run[@]}" -o "$out/$set-betavae-{beta}-{seed}.pt" >&2
    train "$(seeds 5 2)" factorvae --gamma "$(at 1,5,10 10 10)" --discriminator-learning-rate 1e-5 "${run[@]}" \
        -o "$out/$set-factorvae-{gamma}-{seed}.pt" >&2
    # Figure 12: reconstruction error by weight; there are no factors to score by.
    score() { disentool score --metric reconstruction,kl --format jsonl ${device[@]+"${device[@]}"} "$out/$set"-*.pt; }
    records "$out/$set.jsonl" score
    once "$out/$set.pdf" disentool plot compare "$out/$set.jsonl" -o "$out/$set.pdf"
    # Figures 13 to 15 and appendix I: traversals of a seed of each setting.
    for checkpoint in "$out/$set"-*-0.pt; do
        once "${checkpoint%.pt}.png" disentool traverse "$checkpoint" -o "${checkpoint%.pt}.png"
    done
done
