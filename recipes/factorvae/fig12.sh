#!/usr/bin/env bash
# Kim & Mnih (2018), figures 12 to 15 and appendix I: 3D Chairs, 3D Faces and CelebA, which have no factors to score by: the
# reconstruction error over beta and gamma, and traversals. FactorVAE reconstructs better than beta-VAE.
#
#     CHAIRS=folder FACES=file CELEBA=folder DATA=file.h5 SCALE=paper|short|smoke OUT=folder bash recipes/factorvae/fig12.sh
#
# The data sets whose published files are named are used, and DATA, which is any other; at least one. One GPU,
# paper scale, reckoned: for each 40 runs of 1,000,000 steps, two hours a run.
. "$(dirname "$0")/../common.sh"

# Published files as data sets of 64x64.
sets=()
[ -n "${CHAIRS:-}" ] && sets+=(chairs) && once "$out/chairs.h5" disentool prepare chairs --from "$CHAIRS" -o "$out/chairs.h5"
[ -n "${FACES:-}" ] && sets+=(faces) && once "$out/faces.h5" disentool prepare faces --from "$FACES" -o "$out/faces.h5"
[ -n "${CELEBA:-}" ] && sets+=(celeba) && once "$out/celeba.h5" disentool prepare celeba --from "$CELEBA" -o "$out/celeba.h5"
[ -n "${DATA:-}" ] && sets+=(own)
[ ${#sets[@]} -gt 0 ] || { echo "$recipe: name a data set: CHAIRS=folder, FACES=file, CELEBA=folder or DATA=file.h5" >&2; exit 2; }
file_of() { [ "$1" = own ] && echo "$DATA" || echo "$out/$1.h5"; }

for set in "${sets[@]}"; do
    # The sweeps of figure 12, with the discriminator's smaller steps of these data; short runs have the quick steps of both.
    run=(--data "$(file_of "$set")" --steps "$(at 1000000 3000 10)" --hidden-units 256)
    quick=($(at "" "--preset quick" ""))
    smaller=($(at "--discriminator-learning-rate 1e-5" "" "--discriminator-learning-rate 1e-5"))
    train "$(seeds 5 3)" betavae --beta "$(at 1,2,4,8,16 1,4 4)" "${run[@]}" ${quick[@]+"${quick[@]}"} \
        -o "$out/$set-betavae-{beta}-{seed}.pt" >&2
    train "$(seeds 5 3)" factorvae --gamma "$(at 1,5,10 10 10)" "${run[@]}" ${quick[@]+"${quick[@]}"} \
        ${smaller[@]+"${smaller[@]}"} -o "$out/$set-factorvae-{gamma}-{seed}.pt" >&2
    # Figure 12: reconstruction error by weight; there are no factors to score by.
    score() { disentool score --metric reconstruction,kl --format jsonl ${device[@]+"${device[@]}"} "$out/$set"-*.pt; }
    records "$out/$set.jsonl" score
    once "$out/$set.pdf" disentool plot compare "$out/$set.jsonl" -o "$out/$set.pdf"
    # Figures 13 to 15 and appendix I: traversals of a seed of each setting.
    for checkpoint in "$out/$set"-*-0.pt; do
        once "${checkpoint%.pt}.png" disentool traverse "$checkpoint" -o "${checkpoint%.pt}.png"
    done
done
