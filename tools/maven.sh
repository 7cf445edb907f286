# Gets Debian's Maven into the user's cache, for machines that have none: no root, nothing installed, and no download
# program but apt, which knows this machine's mirror and checks what it fetches. Sourced by build.sh and check.sh.

no_maven() {
    die 1 "no Maven here, which the first build needs, and $*: apt-get install --no-install-recommends maven"
}

# Sets $maven.
fetch_maven() {
    command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || no_maven "this is not Debian"
    say "fetching Maven with apt (once, 12 MB)..."
    mkdir -p "$cache" || die 1 "cannot write to $cache"
    work=$(mktemp -d "$cache/maven.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    if ! fetch_maven_packages >"$work/log" 2>&1; then
        tail -n 3 "$work/log" >&2
        no_maven "apt cannot fetch it"
    fi
    for package in "$work"/*.deb; do
        dpkg-deb --extract "$package" "$work/root"
    done
    # Debian links its configuration by absolute paths, which lead out of here.
    find "$work/root" -type l -lname '/*' | while read -r link; do
        ln -sfn "$cache/maven$(readlink "$link")" "$link"
    done
    mkdir "$work/root/bin"
    ln -s ../usr/share/maven/bin/mvn "$work/root/bin/mvn"
    rm -rf "$cache/maven"
    mv "$work/root" "$cache/maven"
    maven=$cache/maven/bin/mvn
}

# Maven and the libraries it depends on, as apt knows them; without the Java that Debian would bring, since we have one.
fetch_maven_packages() (
    cd "$work" || exit 1
    packages=$(maven_packages)
    if [ -z "$packages" ]; then
        # This user's apt has no package lists (a fresh container): read them into a directory of our own.
        mkdir -p state/lists/partial archives/partial
        set -- -o Dir::State::lists="$work/state/lists" -o Dir::Cache="$work"
        apt-get "$@" update || exit 1
        packages=$(maven_packages "$@")
    fi
    [ -n "$packages" ] || exit 1
    # shellcheck disable=SC2086 # a list of words
    apt-get "$@" download $packages
)

maven_packages() {
    apt-cache "$@" depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces \
        --no-enhances maven 2>/dev/null | grep -E '^(maven|lib[a-z0-9.+-]*-java)$' | sort -u
}
