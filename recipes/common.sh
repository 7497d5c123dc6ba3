# Sourced by every recipe: what they share. A recipe sets nothing before it.
#
#   SCALE=paper|short|smoke   the paper's seeds and steps; a few thousand steps of three seeds; a few dozen of one
#   OUT=folder                where everything goes (default: the recipe's name and the scale)
#   DATA=file|name            another data set than the recipe's (a .h5 file, or a name that is rendered)
#   DEVICE=cpu|cuda|mps       where to compute (default: what there is)
#   JOBS=n                    processes that train at once (default: 1)
#
# Started again, a recipe goes on where it stopped and repeats nothing that is done; a failing step ends it by name.
set -Eeuo pipefail
recipe=$(basename "$0" .sh)
trap 'echo "$recipe: line $LINENO failed: $BASH_COMMAND" >&2' ERR

scale=${SCALE:-paper}
case $scale in paper | short | smoke) ;; *) echo "SCALE=$scale: expected paper, short or smoke" >&2; exit 2 ;; esac
out=${OUT:-$recipe-$scale}
mkdir -p "$out"
device=(${DEVICE:+--device "$DEVICE"})

# What differs by scale: at PAPER SHORT SMOKE
at() { case $scale in paper) echo "$1" ;; short) echo "$2" ;; smoke) echo "$3" ;; esac; }

# How many seeds: seeds PAPER SHORT; one at smoke scale.
seeds() { at "$1" "$2" 1; }

# Train with seeds 0, 1, ... and print the checkpoints as they are complete: train SEEDS METHOD OPTION...
# One command trains them all side by side; with JOBS that many commands at once, each of one run.
train() {
    local count=$1
    shift
    if [ "${JOBS:-1}" = 1 ]; then
        disentool train "$@" --seeds 0-$((count - 1)) --resume ${device[@]+"${device[@]}"}
        return
    fi
    seq 0 $((count - 1)) | xargs -P "${JOBS:-1}" -I{} disentool train "$@" --seed {} --resume ${device[@]+"${device[@]}"}
}

# Run a command that writes the file $1, unless it is there, and print that file: once FILE COMMAND...
once() {
    local file=$1
    shift
    [ -e "$file" ] || "$@" >&2
    echo "$file"
}

# The JSON lines of a command as the file $1, whole or not at all: records FILE COMMAND... (paths of checkpoints: stdin)
records() {
    local file=$1
    shift
    if [ ! -e "$file" ]; then
        "$@" > "$file.part"
        mv "$file.part" "$file"
    fi
    echo "$file"
}

# A data set of NAME, of $2 images at short scale and $3 at smoke: images NAME SHORT SMOKE [OPTION of prepare...]
images() {
    local name=$1 short=$2 smoke=$3 subset
    shift 3
    if [ -n "${DATA:-}" ]; then echo "$DATA"; return; fi
    subset=$(at 0 "$short" "$smoke")
    if [ "$subset" = 0 ] && [ $# = 0 ]; then echo "$name"; return; fi
    once "$out/$name.h5" disentool prepare "$name" $([ "$subset" = 0 ] || echo --subset "$subset") "$@" -o "$out/$name.h5"
}
