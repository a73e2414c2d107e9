# Pinned npm sources, configuring and building. Every step looks first whether it is already done.

# Parser sources come from npm by exact version and integrity (third_party/package-lock.json).
ensure_npm_sources() { ensure_npm third_party "pinned parser sources"; }

# The clients that others wrote, which the tests drive our programs with, and a Node that they run on.
ensure_npm_clients() { ensure_npm tests/clients "protocol clients for the tests (about 400 MB unpacked)"; }

# What the VS Code extension is checked, bundled and packed with; the extension itself depends on nothing.
ensure_npm_editor() { ensure_npm editors/vscode "the tools of the VS Code extension (about 190 MB unpacked)"; }

# ensure_npm FOLDER WHAT: what the folder's lock file names, once per state of it. No package's script runs.
ensure_npm() {
    local dir=$EC_ROOT/$1
    # npm writes node_modules/.package-lock.json last, so it stands for a complete install of that lock file.
    if [ -f "$dir/node_modules/.package-lock.json" ] &&
        [ ! "$dir/package-lock.json" -nt "$dir/node_modules/.package-lock.json" ]; then
        return 0
    fi
    say "Fetching $2 with npm"
    (cd "$dir" && npm ci --ignore-scripts --legacy-peer-deps --no-audit --no-fund --no-update-notifier --loglevel=error >/dev/null) ||
        die 3 "npm could not fetch what $1 asks for" "look at the message above; is the network there?"
    touch "$dir/node_modules/.package-lock.json"
}

# configure PRESET [-DNAME=VALUE…]: once per build directory; later changes are noticed by the build itself.
configure() {
    local preset=$1 dir
    shift
    dir=$(build_dir "$preset")
    if [ -f "$dir/build.ninja" ] && cache_agrees "$dir/CMakeCache.txt" "$@"; then return 0; fi
    say "Configuring ($preset)"
    mkdir -p "$dir"
    (cd "$EC_ROOT" && cmake --preset "$preset" "$@" >"$dir/configure.log" 2>&1) || {
        tail -n 40 "$dir/configure.log" >&2
        die 3 "cmake could not configure preset $preset" "the whole log is $dir/configure.log"
    }
}

build_dir() { if [ "$1" = release ]; then echo "$EC_ROOT/build"; else echo "$EC_ROOT/build/$1"; fi; }

# cache_agrees CACHE -DNAME=VALUE…: whether every setting already has that value.
cache_agrees() {
    local cache=$1 setting name
    shift
    for setting in "$@"; do
        name=${setting#-D}
        grep -qE "^${name%%=*}:[A-Z]+=${name#*=}$" "$cache" 2>/dev/null || return 1
    done
}

# build PRESET [TARGET…]: quiet when there is nothing to do, the compiler's words when it fails.
build() {
    local preset=$1 dir log targets=()
    shift
    dir=$(build_dir "$preset") log=$(build_dir "$preset")/build.log
    [ $# -eq 0 ] || targets=(--target "$@")
    if ! ninja_has_work "$dir" "$@"; then return 0; fi
    say "Building ($preset${*:+: $*})"
    if [ -t 2 ]; then
        (cd "$EC_ROOT" && NINJA_STATUS='    [%f/%t] ' cmake --build "$dir" "${targets[@]}" >&2) ||
            die 1 "the build failed"
    else
        (cd "$EC_ROOT" && cmake --build "$dir" "${targets[@]}" >"$log" 2>&1) || {
            grep -vE '^\[[0-9]+/[0-9]+\] ' "$log" | tail -n 60 >&2
            die 1 "the build failed" "the whole log is $log"
        }
    fi
}
ninja_has_work() {
    local dir=$1
    shift
    ! ninja -C "$dir" -n "$@" 2>/dev/null | grep -q 'no work to do'
}
