#!/usr/bin/env bash
# Kim & Mnih (2018), section 4: the correlation of the two metrics over trained models. Published: Pearson 0.404, Kendall 0.310,
# Spearman 0.444, p = 0.000.
#
#     RUNS=folder SCALE=paper|short|smoke OUT=folder bash recipes/factorvae/correlation.sh
#
# RUNS is the folder of fig4.sh, whose last checkpoints are scored, in minutes; without it, such runs are made, in the time
# that fig4.sh takes.
. "$(dirname "$0")/../common.sh"

if [ -z "${RUNS:-}" ]; then
    RUNS=$out/runs
    DATA=${DATA:-} SCALE=$scale OUT=$RUNS bash "$(dirname "$0")/fig4.sh" > /dev/null
fi
last() { ls "$RUNS"/{betavae,factorvae}-*.pt | grep -E '/[a-z]+-[^-/]+-[0-9]+\.pt$'; } # not the snapshots
# Both metrics of every model, then their correlation, with an interval; and all models as points.
score() { last | disentool score --metric factor,higgins --format jsonl ${device[@]+"${device[@]}"} -; }
records "$out/scores.jsonl" score
correlate() { disentool correlate "$out/scores.jsonl" --metrics factor,higgins --format jsonl; }
records "$out/correlation.jsonl" correlate
once "$out/correlation.pdf" disentool plot correlation "$out/scores.jsonl" -o "$out/correlation.pdf"
