#!/usr/bin/env bash
# usage: tests/bench/grouping/measure.sh BUILD [LINES]
#
# How well do fingerprints group? Builds the programs beside this script with gcc and clang at -O0, -O2 and -O3, with debug
# information and with symbol tables only, runs each of their bugs under the agent of the build tree BUILD, and prints how
# many bugs keep one fingerprint over all builds, how many pairs of builds agree, and which different bugs share one.
# LINES, a file, gets what was measured: "program bug build fingerprint title" a line, with tabs.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "${1:?usage: measure.sh BUILD [LINES]}" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
lines=${2:-$work/lines}
: >"$lines"
lines=$(readlink -f "$lines")
export QMON_LIFECYCLE=off
ulimit -c 0
till=(order refund thread average assertion receipt overflow walk-3 walk-30 cancel pay abort)
cart=(at number name sort visit virtual pure parse-int parse-double function thread)

# Each bug gets a state directory of its own: what is in it is of this run.
run() {
    local directory=$1 program=$2 bug
    shift 2
    for bug in "$@"; do
        export QMON_STATE_DIR=$work/state
        rm -rf "$QMON_STATE_DIR"
        (
            cd "$work"
            timeout 20 "$build/qmon" run -- "$directory/$program" "$bug" || true # it ends as the program does
        ) &>/dev/null
        printf '%s\t%s\t%s\t' "$program" "$bug" "${directory##*/}" >>"$lines"
        "$build/qmon" list --json --count 1 |
            sed -E 's/.*"title":"(([^"\\]|\\.)*)".*"fingerprint":"([0-9a-f]*)".*/\3\t\1/' >>"$lines"
    done
}

for debug in -g -g0; do
    for compilers in "gcc g++" "clang clang++"; do
        for level in -O0 -O2 -O3; do
            read -r c cxx <<<"$compilers"
            directory=$work/$c$level$debug
            mkdir "$directory"
            "$c" $level $debug -pthread -o "$directory/till" "$here/till.c"
            "$cxx" $level $debug -pthread -o "$directory/cart" "$here/cart.cc"
            run "$directory" till "${till[@]}"
            run "$directory" cart "${cart[@]}"
        done
    done
done

# till's "thread" and "walk-30" are "order" and "walk-3" on another thread and at another depth.
judge() {
    awk -F '\t' -v OFS='\t' -v wanted="$1" '
        $3 !~ wanted "$" { next }
        { bug = $1 " " $2; sub(/^till thread$/, "till order", bug); sub(/walk-30$/, "walk-3", bug) }
        { runs[bug]++; prints[bug, $4]++; if (prints[bug, $4] == 1) { groups[bug]++; bugs[$4] = bugs[$4] "," bug } }
        END {
            for (bug in runs) { all++; whole += groups[bug] == 1; pairs += runs[bug] * (runs[bug] - 1) / 2 }
            for (key in prints) agree += prints[key] * (prints[key] - 1) / 2
            for (print_ in bugs) if (split(bugs[print_], shared, ",") > 2) { merged++; list = list "  shared:" bugs[print_] "\n" }
            for (bug in runs) if (groups[bug] > 1) list = list "  " groups[bug] " groups: " bug "\n"
            printf "%d of %d bugs in one group, %.1f %% of pairs of builds agree, %d groups hold several bugs\n%s",
                whole, all, 100 * agree / pairs, merged, list
        }' "$lines"
}
echo "with debug information: $(judge -g)"
echo "with symbol tables only: $(judge -g0)"
