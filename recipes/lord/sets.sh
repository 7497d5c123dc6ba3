# Sourced after common.sh by the recipes of this folder: the data sets at hand, as files in $out, and their classes.

# The names of those whose folders are given, and the file of each: of_folder NAME FOLDER OPTION of prepare...
sets=()
of_folder() {
    local name=$1 folder=$2
    shift 2
    [ -n "$folder" ] || return 0
    once "$out/$name.h5" disentool prepare "$name" --from "$folder" "$@" -o "$out/$name.h5" >&2
    sets+=("$name")
}
of_folder cars3d "${CARS3D:-}" --size 64 --split published
of_folder smallnorb "${SMALLNORB:-}" --size 64 --class-protocol pose --split published
of_folder celeba "${CELEBA:-}" --crop 128 --size 64 --split published
of_folder kth "${KTH:-}" --size 64 --split rows:0.1
if [ -n "${COIL20:-}" ]; then
    find -L "$COIL20" -name '*.png' | sort -V | sed -E "s#(.*/)?([^/]*)/([^/]*)\.png#\2/\3.png,\2,\3#" \
        | (echo file,object,view; cat) > "$out/coil.csv"
    once "$out/coil.h5" disentool prepare folder --from "$COIL20" --csv "$out/coil.csv" --size 32 \
        --split "$([ -n "${unseen:-}" ] && echo object:4 || echo rows:0.2)" -o "$out/coil.h5" >&2
    sets+=(coil)
fi
if [ -n "${FOLDER:-}" ]; then # a folder for each class
    once "$out/folder.h5" disentool prepare folder --from "$FOLDER" --size 64 \
        --split "$([ -n "${unseen:-}" ] && echo classes:0.2 || echo rows:0.1)" -o "$out/folder.h5" >&2
    sets+=(folder)
fi
if [ -z "${unseen:-}" ] || [ ${#sets[@]} = 0 ]; then
    # 1,920 images, a whole grid, so that every pair has its true image. Class: shape and hue of the object.
    once "$out/shapes.h5" disentool prepare shapes3d --keep floor_hue=0,2,5,7 --keep wall_hue=1,6 --keep object_hue=0,2,4,6,8 \
        --keep scale=0,3,7 --keep shape=0-3 --keep orientation=0,5,9,14 --size 32 \
        --split "$([ -n "${unseen:-}" ] && echo shape+object_hue:4 || echo rows:0.2)" -o "$out/shapes.h5" >&2
    sets+=(shapes)
    # The same of 2D Shapes: 24 classes, which are shape, scale and orientation, at 64 places each.
    once "$out/sprites.h5" disentool prepare dsprites --keep scale=3,5 --keep orientation=0,3,6,9 \
        --keep pos_x=1,5,9,13,17,21,25,29 --keep pos_y=1,5,9,13,17,21,25,29 --size 32 \
        --split "$([ -n "${unseen:-}" ] && echo shape+scale+orientation:4 || echo rows:0.2)" -o "$out/sprites.h5" >&2
    sets+=(sprites)
fi

class_of() {
    case $1 in
        shapes) echo shape+object_hue ;;
        sprites) echo shape+scale+orientation ;;
        folder) echo class ;;
        coil) echo object ;;
        cars3d) echo model ;;
        celeba) echo identity ;;
        kth) echo person ;;
        smallnorb) echo class ;;
    esac
}
# Steps at short scale. Every method sees each image as often: a step takes 16 images of LORD, 64 of ML-VAE, and 96 of DrNet
# (24 groups of four).
rendered() { [ "$1" = shapes ] || [ "$1" = sprites ]; }
lord_steps() { rendered "$1" && echo 1200 || echo 2500; }
mlvae_steps() { echo $(($(lord_steps "$1") * 16 / 64)); }
drnet_steps() { echo $(($(lord_steps "$1") * 16 / 96)); }
drnet_width() { rendered "$1" && echo 16 || echo 32; }
