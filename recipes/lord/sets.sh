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
        --split "$([ -n "${unseen:-}" ] && echo classes:4 || echo rows:0.2)" -o "$out/coil.h5" >&2
    sets+=(coil)
fi
if [ -z "${unseen:-}" ] || [ ${#sets[@]} = 0 ]; then
    # 1,920 images, a whole grid, so that every pair has its true image. Class: shape and hue of the object.
    once "$out/shapes.h5" disentool prepare shapes3d --keep floor_hue=0,2,5,7 --keep wall_hue=1,6 --keep object_hue=0,2,4,6,8 \
        --keep scale=0,3,7 --keep shape=0-3 --keep orientation=0,5,9,14 --size 32 \
        --split "$([ -n "${unseen:-}" ] && echo shape+object_hue:4 || echo rows:0.2)" -o "$out/shapes.h5" >&2
    sets+=(shapes)
fi

class_of() {
    case $1 in
        shapes) echo shape+object_hue ;;
        coil) echo object ;;
        cars3d) echo model ;;
        celeba) echo identity ;;
        kth) echo person ;;
        smallnorb) echo class ;;
    esac
}
# Steps at short scale: to a plateau, or to a quarter of an hour of one core.
lord_steps() { [ "$1" = shapes ] && echo 1200 || echo 2500; }
mlvae_steps() { [ "$1" = shapes ] && echo 3000 || echo 6000; }
drnet_steps() { [ "$1" = shapes ] && echo 2500 || echo 2000; }
drnet_width() { [ "$1" = shapes ] && echo 16 || echo 32; }
