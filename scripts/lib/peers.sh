# The programs of tests/bench/peers: each is built where its library is there. Sourced by scripts/bench.
# shellcheck shell=bash
# shellcheck disable=SC2154  # root is common.sh's

# build_peer NAME COMPILER SOURCE [LIBRARY...]
build_peer() {
    local name=$1 compiler=$2 source=$root/tests/bench/peers/$3 program=$root/build/bench/peer-$1
    shift 3
    [[ -e $program && $program -nt $source && $program -nt $root/tests/bench/peers/peer.h ]] && return
    rm -f "$program"
    "$compiler" -O2 -fomit-frame-pointer "$source" -o "$program" "$@" 2>/dev/null || say "$name is not here, and is left out"
}

build_peers() {
    build_peer glog g++ glog.cc -lglog
    build_peer boost g++ boost.cc -ldl
    build_peer libbacktrace gcc libbacktrace.c -lbacktrace
}
