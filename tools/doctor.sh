# ./holdfast doctor: what is missing on this machine, and how to get it. Sourced by ./holdfast; needs no JDK itself.
#
# Exit code 0 if Holdfast can be built and run here; peers are wanted by tests only.

for word in "$@"; do
    case $word in
        -h | --help)
            echo "usage: ./holdfast doctor"
            echo "Says what Holdfast misses on this machine, and how to get it. Exit code 0 if it can be built and run here."
            exit 0
            ;;
        *)
            say "doctor: there is no '$word' here; usage: ./holdfast doctor"
            exit 2
            ;;
    esac
done

result=0

ok() {
    printf 'ok       %s\n' "$*"
}

# missing WHAT HOW: Holdfast does not run without it.
missing() {
    printf 'MISSING  %s\n         %s\n' "$1" "$2"
    result=1
}

# warn WHAT HOW: some of it does not.
warn() {
    printf 'warning  %s\n         %s\n' "$1" "$2"
}

mebibytes_free() { # at the nearest directory that exists
    place=$1
    while [ ! -d "$place" ]; do
        place=$(dirname "$place")
    done
    df -Pm "$place" | awk 'NR == 2 { print $4 }'
}

check_machine() {
    case $(uname -s)-$(uname -m) in
        Linux-x86_64 | Linux-aarch64) ok "$(uname -s) on $(uname -m)" ;;
        *) missing "Linux on x86_64 or aarch64 (this is $(uname -s) on $(uname -m))" "run Holdfast in a Linux machine or container" ;;
    esac
}

check_jdk() {
    if find_jdk; then
        ok "JDK $(jdk_version "$JAVA_HOME") in $JAVA_HOME"
    else
        missing "JDK $JDK_WANTED or newer" "unpack one into /usr/lib/jvm, ~/.jdks or ~/.sdkman/candidates/java, or set JAVA_HOME (Temurin, Debian's openjdk-25-jdk-headless)"
    fi
}

check_maven() {
    if find_maven; then
        ok "Maven: $maven"
    elif command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null; then
        ok "Maven: none, but the first build fetches Debian's into $cache/maven"
    else
        missing "Maven 3.8 or newer" "install it with this system's package manager"
    fi
}

check_mirror() {
    if ! command -v apt-get >/dev/null; then
        warn "apt: not here, and guest images come from the Debian mirror that its configuration names" "run Holdfast on Debian or in a Debian container"
        return
    fi
    mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 2>/dev/null | grep -m 1 '^http') || mirror=
    if [ -z "$mirror" ]; then
        missing "a Debian mirror in apt's configuration" "add one to /etc/apt/sources.list"
        return
    fi
    answer=$(mktemp)
    shown=$(echo "$mirror" | sed 's,//[^/@]*@,//,') # without a password
    if timeout 30 /usr/lib/apt/apt-helper download-file "$mirror/dists/trixie/InRelease" "$answer" >/dev/null 2>&1; then
        ok "Debian mirror: $shown"
    else
        missing "Debian mirror: $shown does not answer" "check the network, or the mirror in apt's configuration"
    fi
    rm -f "$answer"
    if [ -r /usr/share/keyrings/debian-archive-keyring.gpg ]; then
        ok "keys of the Debian archive"
    else
        missing "keys of the Debian archive" "apt-get install debian-archive-keyring"
    fi
}

check_space() {
    for place in "$root" "$cache"; do
        free=$(mebibytes_free "$place")
        if [ "$free" -ge 3072 ]; then
            ok "disk: $free MiB free for $place"
        else
            warn "disk: only $free MiB free for $place" "building and one Debian image take 3 GiB"
        fi
    done
    memory=$(awk '$1 == "MemAvailable:" { print int($2 / 1024) }' /proc/meminfo)
    if [ "$memory" -ge 1024 ]; then
        ok "memory: $memory MiB available"
    else
        warn "memory: only $memory MiB available" "a small guest takes 256 MiB and Java about as much; building takes 1 GiB"
    fi
}

check_peers() {
    packages=$(missing_packages)
    newer=$(missing_peers | awk '$2 ~ /@/ { print $1 }' | paste -s -d ' ')
    if [ -z "$packages$newer" ]; then
        ok "every program that the tests compare with"
    fi
    if [ -n "$packages" ]; then
        warn "programs that tests compare with: $(missing_peers | awk '$2 !~ /@/ { print $1 }' | paste -s -d ' ')" \
            "apt-get install --no-install-recommends $packages"
    fi
    if [ -n "$newer" ]; then
        warn "programs of Debian 13 that tests compare with: $newer" "./holdfast check fetches them with apt, into $cache/peers"
    fi
}

[ $# -eq 0 ] || { echo "usage: ./holdfast doctor" >&2 && exit 2; }
check_machine
check_jdk
check_maven
check_mirror
check_space
check_peers
exit "$result"
