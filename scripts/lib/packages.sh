# Installs what is missing from the system's package manager, and touches nothing when nothing is missing.
#
# Works on Debian 12, Debian 13 and Ubuntu 24.04. Tools are looked for by command, so a newer one that came from
# elsewhere is kept; libraries are looked for by package. apt never removes anything on our behalf (--no-remove).

# command (and least version, where one matters) = package that brings it
EC_BUILD_TOOLS=(g++:12=g++ cmake:3.25=cmake ninja=ninja-build ccache=ccache pkg-config=pkgconf git=git python3=python3)
EC_BUILD_LIBRARIES=(ca-certificates libfmt-dev libxxhash-dev libpugixml-dev libseccomp-dev libcli11-dev libgit2-dev
    libcurl4-openssl-dev libsodium-dev libsqlite3-dev libtomlplusplus-dev libpq-dev libssl-dev)
# The sample project of the quickstart runs under Debian's own Python.
EC_SAMPLE_LIBRARIES=(python3-pytest)
EC_TEST_TOOLS=(make=make ip=iproute2 strace=strace openssl=openssl)
# Of postgresql only the programs are used: each test that needs a server starts one of its own.
EC_TEST_LIBRARIES=(libgtest-dev libgmock-dev librapidcheck-dev python3-pytest postgresql)
EC_FULL_TOOLS=(clang++-19=clang-19 clang-format-19=clang-format-19 clang-tidy-19=clang-tidy-19)
EC_MEMCHECK_TOOLS=(valgrind=valgrind)
EC_CLUSTER_TOOLS=(patroni=patroni etcd=etcd-server iptables=iptables ip=iproute2)
EC_CLUSTER_LIBRARIES=(postgresql python3-cryptography)
EC_FULL_LIBRARIES=(libclang-rt-19-dev libbenchmark-dev)

EC_BOOST_LEAST=1.81
EC_NODE_LEAST=18

may_be_root() { [ "$(id -u)" = 0 ] || command -v sudo >/dev/null; }
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    else
        may_be_root || die 3 "this needs root, and sudo is not here" "as root, run: $*"
        sudo "$@"
    fi
}

# version_of COMMAND: the first dotted number of its --version, empty when the command is absent.
version_of() {
    command -v "$1" >/dev/null 2>&1 || return 0
    case $1 in
        g++) g++ -dumpfullversion 2>/dev/null ;;
        *) "$1" --version 2>/dev/null | grep -oE '[0-9]+(\.[0-9]+)+' | head -n 1 ;;
    esac
}

# at_least HAVE WANT: compares dotted versions.
at_least() { [ -n "$1" ] && [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

package_installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# The newest libboost-jsonX.Y-dev at or above the least version, among those given on stdin.
newest_boost_json() {
    sed -nE 's/^libboost-json([0-9]+\.[0-9]+)-dev.*/\1/p' | sort -V | while read -r version; do
        at_least "$version" "$EC_BOOST_LEAST" && echo "libboost-json$version-dev"
    done | tail -n 1
}
boost_on_offer() { apt-cache pkgnames libboost-json | newest_boost_json; }
installed_boost_json() {
    dpkg-query -W -f '${binary:Package} ${db:Status-Status}\n' 'libboost-json*-dev' 2>/dev/null |
        sed -n 's/ installed$//p' | newest_boost_json
}

# missing_packages TOOL-ENTRIES… -- LIBRARIES…: prints the packages to install, "boost" standing for the versioned name.
missing_packages() {
    local entry tool least package
    while [ $# -gt 0 ] && [ "$1" != -- ]; do
        entry=$1 package=${1#*=} tool=${1%%=*} least=
        case $tool in *:*) least=${tool#*:} tool=${tool%%:*} ;; esac
        if ! command -v "$tool" >/dev/null 2>&1; then
            echo "$package"
        elif [ -n "$least" ] && ! at_least "$(version_of "$tool")" "$least"; then
            die 3 "$tool is older than $least, which this project needs" "install a newer $package ($entry)"
        fi
        shift
    done
    [ $# -eq 0 ] || shift
    for package in "$@"; do package_installed "$package" || echo "$package"; done
    [ -n "$(installed_boost_json)" ] || echo boost
}

# Node runs JavaScript test suites and npm brings the pinned parser sources. A Node of the user's own is left alone.
missing_node() {
    if ! command -v node >/dev/null 2>&1; then
        echo nodejs
    elif ! at_least "$(version_of node)" "$EC_NODE_LEAST"; then
        die 3 "node is older than $EC_NODE_LEAST, which this project needs" "install a newer Node.js and try again"
    fi
    command -v npm >/dev/null 2>&1 || echo npm
}

# install_packages NAME…: "boost" is resolved after the package lists are fresh.
install_packages() {
    [ $# -gt 0 ] || return 0
    command -v apt-get >/dev/null ||
        die 3 "this script installs with apt-get (Debian, Ubuntu), which is not here" "install by hand: $*"
    local names=() name boost log
    if ! may_be_root; then
        names=("${@/#boost/$(boost_on_offer)}")
        die 3 "packages are missing, and installing them needs root; sudo is not here" \
            "as root, run: apt-get install --no-install-recommends ${names[*]}"
    fi
    log=$(mktemp)
    say "Installing with apt (a minute or two on a bare machine): $*"
    # A source of the user's own may be broken; whether ours are fresh enough shows when installing.
    apt_get update >"$log" 2>&1 || note "apt-get update had trouble: $(grep -m 1 -E '^[EW]:' "$log")"
    for name in "$@"; do
        if [ "$name" = boost ]; then
            boost=$(boost_on_offer)
            [ -n "$boost" ] || die 3 "no libboost-json*-dev of at least $EC_BOOST_LEAST is on offer" "use Debian 12, Debian 13 or Ubuntu 24.04"
            names+=("$boost")
        else
            names+=("$name")
        fi
    done
    if ! apt_get -y --no-install-recommends --no-remove install "${names[@]}" >"$log" 2>&1; then
        tail -n 30 "$log" >&2
        die 3 "apt-get could not install: ${names[*]}" "look at the message above and run the script again"
    fi
    rm -f "$log"
}

# Waits for another package manager, retries a flaky mirror, asks nothing.
apt_get() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 \
        -o Dpkg::Use-Pty=0 "$@" </dev/null
}

# ensure_packages build|sample|test|memcheck|cluster|full…: one apt run for all of them, none at all when everything is there.
ensure_packages() {
    local tools=() libraries=() want missing
    for want in "$@"; do
        case $want in
            build) tools+=("${EC_BUILD_TOOLS[@]}") libraries+=("${EC_BUILD_LIBRARIES[@]}") ;;
            sample) libraries+=("${EC_SAMPLE_LIBRARIES[@]}") ;;
            test) tools+=("${EC_TEST_TOOLS[@]}") libraries+=("${EC_TEST_LIBRARIES[@]}") ;;
            memcheck) tools+=("${EC_MEMCHECK_TOOLS[@]}") ;;
            cluster) tools+=("${EC_CLUSTER_TOOLS[@]}") libraries+=("${EC_CLUSTER_LIBRARIES[@]}") ;;
            full) tools+=("${EC_FULL_TOOLS[@]}") libraries+=("${EC_FULL_LIBRARIES[@]}") ;;
        esac
    done
    missing=$(missing_packages "${tools[@]}" -- "${libraries[@]}"; missing_node) || exit $?
    # shellcheck disable=SC2046  # package names hold no spaces
    install_packages $(printf '%s\n' "$missing" | sort -u)
}
