# The stages of scripts/test and their results. Sourced by it.
# shellcheck shell=bash
# shellcheck disable=SC2154  # log is set by scripts/test

passed=0 failed=0 skipped=0

# report VERDICT NAME SECONDS [REMARK]
report() { printf '%-6s %-16s %4d s  %s\n' "$1" "$2" "$3" "${4-}"; }

count_failed() {
    local name=$1 seconds=$2 output=$3
    failed=$((failed + 1))
    report FAILED "$name" "$seconds" "the end of $output:"
    tail -n 60 "$output" | sed 's/^/    /'
}

# stage NAME COMMAND...: one check.
stage() {
    local name=$1 start=$SECONDS
    shift
    if "$@" </dev/null >"$log/$name" 2>&1; then
        passed=$((passed + 1))
        report ok "$name" $((SECONDS - start))
    else
        count_failed "$name" $((SECONDS - start)) "$log/$name"
    fi
}

# failed_rows LOG: "PROGRAM SUITE/TEST" of each of Criterion's tests that failed there. PROGRAM is what ctest says runs, or $2.
failed_rows() {
    awk -v program="${2-}" '
        / Test +#[0-9]+: / { program = $0; sub(/.*: /, "", program); sub(/ .*/, "", program) }
        /^\[FAIL\] / { row = $2; sub(/:$/, "", row); sub(/::/, "/", row); if (!seen[program, row]++) print program, row }' "$1"
}

# passes_again TREE LOG [PROGRAM]: runs each test that failed in LOG once more, by itself, because some compare times and races on a
# machine that others may load. Prints the names of those that pass; their output goes to LOG.again.
passes_again() {
    local tree=$1 output=$2 program row
    : >"$output.again"
    while read -r program row; do
        if "$tree/$program" --filter "$row" </dev/null >>"$output.again" 2>&1; then
            echo "$row"
        fi
    done < <(failed_rows "$output" "${3-}")
}

# all_pass_again TREE LOG PROGRAM: PROGRAM has failed; was it by tests that pass when they are run once more, and nothing else?
all_pass_again() {
    local count again
    count=$(failed_rows "$2" "$3" | wc -l)
    again=$(passes_again "$@" | wc -l)
    grep -q '^\[====\] Synthesis: ' "$2" && ((count > 0 && again == count))
}

# criterion_stage NAME TREE: the tests of a build tree. Each of Criterion's counts; so does each other one of ctest's. What passed only
# when it was run again is said.
criterion_stage() {
    local name=$1 tree=$2 start=$SECONDS status=0 died=0 program tests_passed tests_failed tests_skipped unmended
    local -a again=()
    rm -f "$tree"/*.xml
    ctest --test-dir "$tree" --output-on-failure </dev/null >"$log/$name" 2>&1 || status=$?
    read -r tests_passed tests_failed tests_skipped < <(
        {
            cat "$tree"/*.xml 2>/dev/null
            grep -E '^ *[0-9]+/[0-9]+ Test +#[0-9]+: ' "$log/$name"
        } | awk '
            /<testcase / && /status="PASSED"/ { passed++ }
            /<testcase / && /status="(FAILED|ERRORED)"/ { failed++ }
            /<testcase / && /status="SKIPPED"/ { skipped++ }
            / Test +#/ && !/: qmon-/ { if (/ Passed /) passed++; else failed++ }
            END { print passed + 0, failed + 0, skipped + 0 }'
    )
    # A test program that died before it could tell, or that is not there, is not made good by another run.
    while read -r program; do
        [[ -s $tree/$program.xml ]] || died=$((died + 1))
    done < <(sed -nE 's/^ *[0-9]+\/[0-9]+ Test +#[0-9]+: (qmon-[a-z]+) .*\*\*\*.*/\1/p' "$log/$name")
    ((status == 0 || tests_failed + died)) || died=1
    ((tests_passed + tests_failed + died)) || died=1
    ((tests_failed == 0)) || mapfile -t again < <(passes_again "$tree" "$log/$name")
    passed=$((passed + tests_passed + ${#again[@]}))
    skipped=$((skipped + tests_skipped))
    unmended=$((died + (tests_failed > ${#again[@]} ? tests_failed - ${#again[@]} : 0)))
    if ((unmended)); then
        count_failed "$name" $((SECONDS - start)) "$log/$name"
        failed=$((failed + unmended - 1))
        return 0
    fi
    report ok "$name" $((SECONDS - start)) "$((tests_passed + ${#again[@]})) passed, $tests_skipped skipped"
    ((${#again[@]} == 0)) || printf '       passed only when it was run again: %s\n' "${again[@]}"
}

# unit_tests TREE: the unit tests alone, for AddressSanitizer. A test that leaks passes with Criterion, so the leaks are read
# from the output; those that Criterion allocates itself are its own.
unit_tests() {
    local tree=$1 program output status=0
    output=$(mktemp)
    for program in qmon-unit qmon-capture; do
        [[ -x $tree/$program ]] || continue
        ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1 LSAN_OPTIONS=exitcode=0 \
            "$tree/$program" --jobs 4 >"$output" 2>&1 || all_pass_again "$tree" "$output" "$program" || status=1
        cat "$output"
        cat "$output.again" 2>/dev/null
        awk '/leak of .* allocated from:/ { leak = $0 }
             /^ *#1 / && leak { if (!/libcriterion/) { print "not freed:", leak, $0; found++ } leak = "" }
             END { exit found > 0 }' "$output" || status=1
    done
    rm -f "$output" "$output.again"
    return $status
}

# race_programs TREE: for ThreadSanitizer, which Criterion does not run under. It wants the address space as it knows it.
race_programs() {
    local tree=$1 program found=0
    for program in "$tree"/race/*; do
        [[ -x $program ]] || continue
        echo "$program"
        TSAN_OPTIONS=halt_on_error=1 setarch -R "$program" || return 1
        found=$((found + 1))
    done
    echo "$found programs"
}

# under_valgrind TREE: what AddressSanitizer does not see, reads of what nobody has written: in the parsers of outside input, by
# the corpora, and in what counts and decides, by its tests.
under_valgrind() {
    local tree=$1 program tests output status=0
    local -a check=(valgrind --quiet --error-exitcode=99 --trace-children=yes)
    for program in "$tree"/fuzz/fuzz_*; do
        echo "$program"
        "${check[@]}" "$program" "tests/fuzz/corpus/${program##*/fuzz_}" || status=1
    done
    for tests in 'kit/a_tracker*' 'window/*' 'memory_cache/*'; do
        output=$("${check[@]}" "$tree/qmon-unit" --filter "$tests" 2>&1) || status=1
        echo "$output"
        [[ $output =~ Synthesis:\ Tested:\ [1-9] ]] || status=1 # a filter that matches nothing passes, too
    done
    return $status
}

# installation: what cmake --install leaves works, also after it was moved.
installation() {
    local place version
    place=$(mktemp -d)
    cmake --install build --prefix "$place/first" &&
        mv "$place/first" "$place/moved" &&
        [[ -e $place/moved/lib/libqmon.so && -x $place/moved/bin/qmon && -e $place/moved/include/qmon/qmon.h ]] &&
        version=$(PKG_CONFIG_PATH=$place/moved/lib/pkgconfig pkg-config --modversion qmon) &&
        "$place/moved/bin/qmon" --version | grep -qF "$version" &&
        installed_agent_reports "$place/moved" &&
        installed_kit_links "$place/moved"
    local status=$?
    rm -rf "$place" || sleep 1 && rm -rf "$place" # a receiver may still have been at work in it
    return $status
}

# installed_kit_links PREFIX: the examples of the kit build against what is installed, shared and static, and run.
installed_kit_links() {
    local prefix=$1 status=0 flags
    local -x PKG_CONFIG_PATH=$prefix/lib/pkgconfig
    read -ra flags < <(pkg-config --cflags --libs qmon-kit) &&
        gcc -std=c17 -o "$prefix/simple" tests/examples/kit_simple.c "${flags[@]}" "-Wl,-rpath,$prefix/lib" &&
        read -ra flags < <(pkg-config --cflags --libs --static qmon-kit) &&
        g++ -o "$prefix/parts" tests/examples/kit_parts.cc "${flags[@]/#-lqmon-kit/-l:libqmon-kit.a}" || return 1
    for example in simple parts; do
        env -i HOME="$prefix" QMON_STATE_DIR="$prefix/kit" QMON_EVENTS_FILE="$prefix/$example-events" \
            "$prefix/$example" && grep -q '"kind":"error"' "$prefix/$example-events" || status=1
    done
    return $status
}

# installed_agent_reports PREFIX: a crash under the moved agent reaches the moved receiver, and the events file.
installed_agent_reports() {
    local prefix=$1 status=0
    env -i PATH="$PATH" HOME="$prefix" QMON_STATE_DIR="$prefix/state" QMON_EVENTS_FILE="$prefix/events" \
        LD_PRELOAD="$prefix/lib/libqmon.so" bash -c 'kill -SEGV $$' || status=$?
    for _ in {1..100}; do
        grep -qs '"kind":"crash"' "$prefix/events" && break
        sleep 0.1
    done
    echo "status $status, events:"
    cat "$prefix/events"
    ((status == 139)) && grep -q '"kind":"crash"' "$prefix/events"
}

# fuzz_targets DIRECTORY SECONDS: each target so long, two at a time, from its corpus; what they find is kept in the log.
fuzz_targets() {
    local directory=$1 seconds=$2 target status=0 running=0
    local -a found=()
    for target in "$directory"/fuzz_*; do
        [[ -x $target ]] || continue
        found+=("$target")
        fuzz_one "$target" "$seconds" &
        if ((++running == 2)); then
            wait -n || status=1
            running=$((running - 1))
        fi
    done
    while ((running--)); do
        wait -n || status=1
    done
    echo "${#found[@]} fuzz targets"
    return $status
}

fuzz_one() {
    local target=$1 seconds=$2 name corpus
    name=${target##*/fuzz_}
    corpus=$(mktemp -d)
    local -a seeds=("$corpus")
    [[ ! -d tests/fuzz/corpus/$name ]] || seeds+=("tests/fuzz/corpus/$name")
    local status=0
    "$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -artifact_prefix="$log/$name-" "${seeds[@]}" \
        >"$log/fuzz-$name" 2>&1 || status=$?
    tail -n $((status ? 40 : 1)) "$log/fuzz-$name" | sed "s/^/$name: /"
    rm -rf "$corpus"
    return $status
}
