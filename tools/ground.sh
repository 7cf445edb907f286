# What every part of ./holdfast stands on: messages, the JDK, Maven. Sourced by ./holdfast, which sets $root.

JDK_WANTED=25
cache=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/holdfast
# Peers that were fetched for the tests.
PATH=$PATH:$cache/peers/bin

say() {
    echo "holdfast: $*" >&2
}

die() { # die CODE MESSAGE...
    code=$1
    shift
    say "$@"
    exit "$code"
}

# jdk_version DIRECTORY: prints its feature version if there is a JDK in it (not only a run-time environment).
jdk_version() {
    [ -r "$1/release" ] && [ -x "$1/bin/javac" ] || return 1
    while IFS='=' read -r key value; do
        if [ "$key" = JAVA_VERSION ]; then
            value=${value#\"}
            echo "${value%%[!0-9]*}"
            return 0
        fi
    done <"$1/release"
    return 1
}

# The places JDKs are put in, the user's own choice first. HOLDFAST_JDKS, directories between colons, replaces them all.
jdk_places() {
    if [ -n "${HOLDFAST_JDKS+set}" ]; then
        echo "$HOLDFAST_JDKS" | tr : '\n'
        return
    fi
    [ -z "${JAVA_HOME-}" ] || echo "$JAVA_HOME"
    if javac=$(command -v javac); then
        dirname "$(dirname "$(readlink -f "$javac")")"
    fi
    for place in /usr/lib/jvm/* "${HOME-}"/.sdkman/candidates/java/* "${HOME-}"/.jdks/* /opt/*jdk* /opt/*/*jdk*; do
        [ ! -d "$place" ] || echo "$place"
    done
}

# Sets and exports JAVA_HOME.
find_jdk() {
    places=$(jdk_places)
    while read -r place; do
        version=$(jdk_version "$place") || continue
        if [ "$version" -ge "$JDK_WANTED" ]; then
            export JAVA_HOME="$place"
            return 0
        fi
    done <<EOF
$places
EOF
    return 1
}

# Sets $maven: the machine's own, or the one fetched earlier.
find_maven() {
    maven=$(command -v mvn) && return 0
    maven=$cache/maven/bin/mvn
    [ -x "$maven" ]
}

# The same, or fetches it, or ends with what to do.
need_maven() {
    find_maven && return 0
    . "$root/tools/maven.sh"
    fetch_maven
}

need_jdk() {
    find_jdk || die 69 "no JDK $JDK_WANTED or newer here: looked at \$JAVA_HOME, PATH, /usr/lib/jvm, ~/.sdkman and ~/.jdks"
}

# The peers of tools/peers that are not here, a line each: name, Debian package, what for.
missing_peers() {
    while read -r peer package what; do
        case $peer in
            '' | '#'*) continue ;;
            /*) [ -r "$peer" ] ;;
            *) PATH=$PATH:/usr/sbin:/sbin command -v "$peer" >/dev/null ;;
        esac || echo "$peer $package $what"
    done <"$root/tools/peers"
}

# The Debian packages of those peers, on one line; without those that only Debian 13 has (PACKAGE@trixie, see trixie.sh).
missing_packages() {
    missing_peers | awk '$2 !~ /@/ { print $2 }' | sort -u | paste -s -d ' '
}

# run_maven ARGUMENTS...: with a JVM that is quiet about what Maven's own libraries do, and does without HotSpot's second compiler: a build is
# over before that pays (measured: two thirds of the processor time).
run_maven() {
    (
        cd "$root"
        MAVEN_OPTS="-XX:+UseSerialGC -XX:TieredStopAtLevel=1 --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow ${MAVEN_OPTS-}" \
            "$maven" --batch-mode --no-transfer-progress "$@"
    )
}
