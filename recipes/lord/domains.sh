#!/usr/bin/env bash
# Gabbay & Hoshen (2020), unsupervised translation between two domains, which are the classes; each is split into styles by
# clusters of its images, and an image gets a style of the other domain. The paper prints pictures.
#
#     SCALE=paper|short|smoke OUT=folder bash recipes/lord/domains.sh   # rendered: 3D Shapes in two palettes, of four styles
#                                                                       # each; 2D Shapes and their negative, of one style
#     EDGES2SHOES=folder bash recipes/lord/domains.sh
#     DATA=file.h5 CLASS=factor bash recipes/lord/domains.sh            # two domains of your own
#
# One GPU, paper scale, reckoned: 3 runs, a few hours each. Short, rendered: ten minutes a run on one core.
. "$(dirname "$0")/../common.sh"

steps=400
# Train by the domains CLASS of DATA, with STYLES in each, and draw: every column gets the styles of the rows.
translate() { # NAME DATA CLASS STYLES [METRIC]
    local lord=($(at "--preset iclr" "--preset small --steps $steps" "--preset small --steps 4"))
    train "$(seeds 3 1)" lord --data "$2" --class-factor "$3" --styles "$4" "${lord[@]}" -o "$out/$1-{seed}.pt" >&2
    once "$out/$1.png" disentool swap "$out/$1-0.pt" -o "$out/$1.png"
    score() { disentool score --metric "$metrics" --format jsonl "$out/$1"-[0-9].pt; }
    local metrics=reconstruction${5:+,$5}
    records "$out/$1.jsonl" score "$1"
}
# Two rendered sets, or one and its negative, as one with the factor domain: both NAME FIRST.h5 [SECOND.h5]
both() {
    local name=$1
    shift
    once "$out/$name-arrays.h5" python "$(dirname "$0")/domains.py" "$out/$name-arrays.h5" "$@" > /dev/null
    once "$out/$name.h5" disentool prepare array --from "$out/$name-arrays.h5" -o "$out/$name.h5" > /dev/null
}

if [ -n "${DATA:-}" ]; then
    steps=2500
    translate domains "$DATA" "${CLASS:?CLASS=factor names the factor that is the domain}" "$(at 100 10 2)"
elif [ -n "${EDGES2SHOES:-}" ]; then
    steps=2500
    once "$out/edges2shoes.h5" disentool prepare edges2shoes --from "$EDGES2SHOES" --size 64 -o "$out/edges2shoes.h5" > /dev/null
    translate domains "$out/edges2shoes.h5" domain "$(at 100 10 2)"
else
    palette() { # NAME HUES OBJECT: floor and wall of the hues, so that there are four styles
        once "$out/$1.h5" disentool prepare shapes3d --keep floor_hue="$2" --keep wall_hue="$2" --keep object_hue="$3" \
            --keep scale=0,3,7 --keep orientation=0,2,4,6,8,10,12,14 --size 32 -o "$out/$1.h5" > /dev/null
    }
    palette warm 0,2 1
    palette cool 5,7 6
    both palettes "$out/warm.h5" "$out/cool.h5"
    translate palettes "$out/palettes.h5" domain 4
    once "$out/sprites.h5" disentool prepare dsprites --keep scale=5 --keep orientation=0,3 \
        --keep pos_x=1,5,9,13,17,21,25,29 --keep pos_y=1,5,9,13,17,21,25,29 --size 32 -o "$out/sprites.h5" > /dev/null
    both negative "$out/sprites.h5"
    # Each image has its true negative: transfer can be scored. After 400 steps all shapes are still blurred discs.
    steps=2000
    translate negative "$out/negative.h5" domain 1 transfer
fi
