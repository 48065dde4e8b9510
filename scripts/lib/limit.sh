# Keeps a test that forks without end from taking the machine along. Sourced by scripts/test.
# shellcheck shell=bash

limited_cgroup=
limited_parent=

# limit_processes MAXIMUM: puts this shell and all it starts into a cgroup with a pids limit; where it may not, an ordinary
# user gets a limit on processes instead. Says which.
limit_processes() {
    local maximum=$1 parent running
    for parent in $(candidate_cgroups); do
        if mkdir "$parent/qmon-test.$$" 2>/dev/null; then
            limited_cgroup=$parent/qmon-test.$$
            limited_parent=$parent
            if { echo "$maximum" >"$limited_cgroup/pids.max" && echo $$ >"$limited_cgroup/cgroup.procs"; } 2>/dev/null; then
                say "processes are limited to $maximum by the cgroup $limited_cgroup"
                return 0
            fi
            rmdir "$limited_cgroup" 2>/dev/null || true
            limited_cgroup=
        fi
    done
    if ((EUID)); then
        running=$(ps -L --no-headers -U $EUID 2>/dev/null | wc -l) # the limit counts threads
        if ulimit -u $((running + maximum)) 2>/dev/null; then
            say "processes are limited to $maximum more than the $running there are (ulimit -u)"
            return 0
        fi
    fi
    say "processes are not limited: no cgroup to write to"
}

# Version 1 has a hierarchy for pids; in version 2 a cgroup may have limited children if it says so in subtree_control.
candidate_cgroups() {
    local path
    path=$(sed -nE 's/^[0-9]+:([^:]*,)?pids(,[^:]*)?:(.*)/\3/p' /proc/self/cgroup)
    if [[ -n $path ]]; then
        echo "/sys/fs/cgroup/pids${path%/}"
        return
    fi
    path=/sys/fs/cgroup$(sed -n 's/^0:://p' /proc/self/cgroup)
    path=${path%/}
    while [[ $path == /sys/fs/cgroup* ]]; do
        if grep -qw pids "$path/cgroup.subtree_control" 2>/dev/null; then
            echo "$path"
            return
        fi
        path=${path%/*}
    done
}

# unlimit_processes: leaves the cgroup, ends what the tests left running in it, and removes it. Prints what was left.
unlimit_processes() {
    local pid
    [[ -n $limited_cgroup ]] || return 0
    echo $$ >"$limited_parent/cgroup.procs" 2>/dev/null || true
    for _ in {1..50}; do # what is about to end by itself is not left over
        read -r pid <"$limited_cgroup/cgroup.procs" || break
        sleep 0.1
    done
    while read -r pid; do
        echo "left running: $pid $(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline")"
        kill -KILL "$pid" 2>/dev/null || true
    done <"$limited_cgroup/cgroup.procs"
    for _ in {1..10}; do
        rmdir "$limited_cgroup" 2>/dev/null && break
        sleep 0.1
    done
    limited_cgroup=
}
