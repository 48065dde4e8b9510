# Shared by the scripts of this directory; sourced, never run.
# shellcheck shell=bash

set -euo pipefail

root=$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd)
# shellcheck disable=SC2034  # used by those who source this
cache=$root/.cache

say() { printf 'qmon: %s\n' "$*" >&2; }

die() {
    say "$@"
    exit 1
}

# usage TEXT ARGUMENT...: prints TEXT and leaves if the first argument asks for help.
usage() {
    local text=$1 argument=${2-}
    if [[ $argument == -h || $argument == --help ]]; then
        printf '%s\n' "$text"
        exit 0
    fi
}

jobs() { nproc 2>/dev/null || echo 2; }

# quietly WHAT COMMAND...: runs a command with its output kept aside, to be shown only if it fails.
quietly() {
    local what=$1 log status=0
    shift
    log=$(mktemp)
    "$@" </dev/null >"$log" 2>&1 || status=$?
    if ((status)); then
        cat "$log" >&2
        say "$what failed (status $status): $*"
    fi
    rm -f "$log"
    return $status
}
