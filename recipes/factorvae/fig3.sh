#!/usr/bin/env bash
# Kim & Mnih (2018), figures 2 and 3: Higgins et al.'s metric gives 100 % to a representation in which only all but one of
# the factors are disentangled, since a factor that no code follows is what is left over; the factor metric does not.
#
#     SCALE=paper|short|smoke OUT=folder bash recipes/factorvae/fig3.sh
#
# Seconds on a CPU: the codes are made, nothing is trained.
. "$(dirname "$0")/../common.sh"

# Codes of a perfect model that leaves one factor out.
once "$out/codes.npz" python "$(dirname "$0")/codes.py" "$out/codes.npz" > /dev/null
# The failing metric beside the proposed one.
score() { disentool score --metric factor,higgins --codes mean --factors factors "$out/codes.npz" --format jsonl; }
records "$out/scores.jsonl" score
