# The stages of scripts/test. Each adds to the counters passed, failed and skipped; one that cannot even be built adds
# one failure, so that later stages still say what they found.

run_stage() {
    local started=$SECONDS
    case $1 in
        release) run_suite release --label-exclude soak ;;
        asan | tsan | clang) run_suite "$1" --label-regex '^unit$' --label-exclude soak ;;
        soak) run_suite release --label-regex '^soak$' ;;
        memcheck) run_memcheck ;;
        egress) run_egress ;;
        cluster) run_cluster ;;
        lint) run_lint ;;
    esac
    note "$1: $((SECONDS - started)) s"
}

# built PRESET: builds it with its tests; what does not build is one more failure.
built() {
    (configure "$1" -DEC_TESTS=ON && build "$1") && return 0
    note "failed: the $1 build"
    failed=$((failed + 1))
    return 1
}

# run_suite PRESET CTEST-ARGUMENTS…
run_suite() {
    local preset=$1 dir reports counts failing='' again=()
    shift
    dir=$(build_dir "$preset") reports=$(build_dir "$preset")/test-results
    built "$preset" || return 0
    rm -rf "$reports" && mkdir -p "$reports"
    say "Testing ($preset)"
    run_ctest "$preset" "$reports/ctest.junit" "$@" >"$dir/ctest.log" 2>&1 || failing=1
    if [ "$failing$rerun" = 11 ]; then
        say "Testing once more, one at a time, what failed ($preset)"
        run_ctest "$preset" "$reports/ctest.again.junit" --rerun-failed --parallel 1 >"$dir/ctest.again.log" 2>&1 || true
        again=("$reports/ctest.again.junit")
    fi
    if ! counts=$(python3 "$EC_ROOT/scripts/lib/count_tests.py" "$reports" "$reports/ctest.junit" "${again[@]}"); then
        note "failed: ctest left no report in $reports"
        failed=$((failed + 1))
        return 0
    fi
    [ -z "$failing" ] || note "all that they said is in $dir/ctest.log"
    # shellcheck disable=SC2086  # three numbers
    set -- $counts
    note "$preset: $1 passed, $2 failed, $3 skipped"
    passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
}

# run_ctest PRESET REPORT CTEST-ARGUMENTS…; leaks and the first undefined step end a program, so that its entry fails.
run_ctest() {
    local preset=$1 report=$2 dir
    shift 2
    dir=$(build_dir "$preset")
    GTEST_OUTPUT="xml:$dir/test-results/" \
    ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1 \
    UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1 \
    TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1 \
        in_plain_address_space "$preset" ctest --test-dir "$dir" --parallel "$(nproc)" --output-on-failure --no-tests=error \
        --output-junit "$report" "$@" </dev/null
}

# ThreadSanitizer's shadow does not fit under the address randomisation of newer kernels.
in_plain_address_space() {
    local preset=$1
    shift
    if [ "$preset" = tsan ] && setarch -R true 2>/dev/null; then setarch -R "$@"; else "$@"; fi
}

# The host's side of the sandbox under valgrind: what is started from it runs as always. valgrind 3.19 does not know the
# openat2() of applying.
run_memcheck() {
    built release || return 0
    say "Testing the executor under valgrind"
    local dir
    dir=$(build_dir release)
    EC_BIN_DIR="$dir/bin" EC_SOURCE_DIR="$EC_ROOT" check "valgrind" valgrind --trace-children=no --child-silent-after-fork=no \
        --leak-check=full --errors-for-leak-kinds=definite --error-exitcode=9 --quiet "$dir/tests/ec_executor_test" \
        --gtest_filter='SandboxTest.*:SandboxHost.*:SandboxLimits.AnOutputFlood*:SandboxLimits.ASleeper*:SandboxLimits.AMemory*-*Applying*:*TheSandboxDies*'
}

# The suites of models, agents, sessions and reviews where only loopback is; every address that they ask for is looked at.
run_egress() {
    built release || return 0
    say "Testing with loopback only, every connect traced"
    local dir
    dir=$(build_dir release)
    check "zero egress" python3 tests/e2e/zero_egress.py -- ctest --test-dir "$dir" --parallel "$(nproc)" --output-on-failure --no-tests=error \
        --label-exclude soak --timeout 3600 --tests-regex '^(ec_(agent|model|codeindex|session|review|kept|sql|net|vcs).*|models|model_library|session|review|review_service|fakes)$'
}

# The swarm on three nodes of PostgreSQL: network namespaces are root's to make.
run_cluster() {
    built release || return 0
    say "Testing two coordinators on a PostgreSQL cluster under faults"
    check "cluster" as_root env EC_BIN_DIR="$(build_dir release)/bin" /usr/bin/python3 -B tests/cluster/trial.py
}

run_lint() {
    local files=()
    say "Checking format and clang-tidy"
    mapfile -t files < <(cd "$EC_ROOT" && git ls-files 'src/*.cpp' 'src/*.hpp' 'tests/*.cpp' 'tests/*.hpp')
    check "clang-format" clang-format-19 --dry-run --Werror "${files[@]}"
    built clang || return 0
    mapfile -t files < <(compiled_sources "$(build_dir clang)/compile_commands.json")
    check "clang-tidy" tidy_all "${files[@]}"
}

# Our own sources that were really compiled, without the tests.
compiled_sources() {
    python3 -c 'import json, sys; print(*sorted({e["file"] for e in json.load(open(sys.argv[1]))}), sep="\n")' "$1" |
        grep "^$EC_ROOT/src/" | grep -v /tests/
}
tidy_all() { printf '%s\0' "$@" | xargs -0 -n 4 -P "$(nproc)" clang-tidy-19 -p "$(build_dir clang)" --quiet --warnings-as-errors='*'; }

# check NAME COMMAND…: one more test that passes when the command does.
check() {
    local name=$1 log
    shift
    log=$(mktemp)
    if (cd "$EC_ROOT" && "$@") >"$log" 2>&1; then
        passed=$((passed + 1))
    else
        grep -vE '^[0-9]+ warnings? generated' "$log" | head -n 200 >&2
        note "failed: $name"
        failed=$((failed + 1))
    fi
    rm -f "$log"
}
