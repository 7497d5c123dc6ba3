#!/usr/bin/env bash
# Gabbay & Hoshen (2020), unsupervised translation between two domains, which are the classes; each is split into styles by
# clusters of its images, and an image gets a style of the other domain. The paper prints pictures.
#
#     EDGES2SHOES=folder SCALE=paper|short|smoke OUT=folder bash recipes/lord/domains.sh
#     DATA=file.h5 CLASS=factor bash recipes/lord/domains.sh        # two domains of your own
#
# One GPU, paper scale, reckoned: 3 runs, a few hours each.
. "$(dirname "$0")/../common.sh"

if [ -n "${DATA:-}" ]; then
    data=$DATA class=${CLASS:?CLASS=factor names the factor that is the domain}
elif [ -n "${EDGES2SHOES:-}" ]; then
    data=$out/edges2shoes.h5 class=domain
    once "$data" disentool prepare edges2shoes --from "$EDGES2SHOES" --size 64 -o "$data" > /dev/null
else
    echo "$recipe: EDGES2SHOES=folder, or DATA=file.h5 CLASS=factor, names the domains" >&2
    exit 2
fi
# Styles are clusters within each domain; the picture gives every column the styles of the rows.
lord=($(at "--preset iclr --styles 100" "--preset small --styles 10" "--preset small --styles 2 --steps 4"))
train "$(seeds 3 1)" lord --data "$data" --class-factor "$class" "${lord[@]}" -o "$out/lord-{seed}.pt" >&2
once "$out/domains.png" disentool swap "$out/lord-0.pt" -o "$out/domains.png"
# There are no true pairs to score by: only the reconstruction.
score() { disentool score --metric reconstruction --format jsonl "$out"/lord-*.pt; }
records "$out/scores.jsonl" score
