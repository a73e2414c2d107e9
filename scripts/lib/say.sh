# Messages to the person at the terminal, all on stderr. Sourced by the scripts beside it.

say() { printf '%s==>%s %s\n' "${EC_BOLD-}" "${EC_PLAIN-}" "$*" >&2; }
note() { printf '    %s\n' "$*" >&2; }
# die STATUS MESSAGE [REMEDY]
die() {
    printf 'error: %s\n' "$2" >&2
    [ -z "${3-}" ] || printf '       %s\n' "$3" >&2
    exit "$1"
}

if [ -t 2 ] && [ -z "${NO_COLOR-}" ] && [ "${TERM-dumb}" != dumb ]; then
    EC_BOLD=$'\033[1m' EC_PLAIN=$'\033[0m'
fi
