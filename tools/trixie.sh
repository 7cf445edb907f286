# Fetches the peers of tools/peers that only Debian 13 has new enough, with all they need down to the C library, into the user's
# cache: no root, nothing installed, and no download program but apt, which knows this machine's mirror and checks what it
# fetches. Each gets a wrapper in $cache/peers/bin under its name in the list: PROGRAM-13. Sourced by check.sh.

trixie_peers() { # those that are missing: name, package
    missing_peers | awk '$2 ~ /@trixie$/ { sub(/@trixie$/, "", $2); print $1, $2 }'
}

fetch_trixie_peers() {
    [ -n "$(trixie_peers)" ] || return 0
    if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
        say "some tests need programs of Debian 13, and this is not Debian"
        return 0
    fi
    say "fetching what the tests compare with and only Debian 13 has (once, 15 MB)..."
    mkdir -p "$cache/peers" || return 0
    work=$(mktemp -d "$cache/peers/trixie.XXXXXX")
    if unpack_trixie >"$root/target/trixie.log" 2>&1; then
        rm -rf "$cache/peers/trixie" "$cache/peers/bin"
        mv "$work/root" "$cache/peers/trixie"
        mv "$work/bin" "$cache/peers/bin"
    else
        say "apt cannot fetch them; see $root/target/trixie.log"
    fi
    rm -rf "$work"
}

# apt with a state of its own, in which nothing is installed and Debian 13 is all there is.
trixie_apt() {
    apt-get -o Dir::State="$work" -o Dir::State::status="$work/status" -o Dir::Cache="$work" -o Dir::Etc::sourcelist=/dev/null \
        -o Dir::Etc::sourceparts="$work/sources" -o Dir::Etc::preferencesparts=/dev/null -o Acquire::Languages=none \
        -o APT::Sandbox::User= -o APT::Install-Recommends=false "$@"
}

unpack_trixie() (
    set -e
    site=${HOLDFAST_MIRROR:-$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep -m 1 '^http')}
    mkdir -p "$work/lists/partial" "$work/archives/partial" "$work/sources" "$work/root" "$work/bin"
    : >"$work/status"
    printf 'Types: deb\nURIs: %s\nSuites: trixie\nComponents: main\nSigned-By: %s\n' \
        "$site" /usr/share/keyrings/debian-archive-keyring.gpg >"$work/sources/trixie.sources"
    trixie_apt update
    # shellcheck disable=SC2046 # a list of words
    trixie_apt install --yes --download-only $(awk '$2 ~ /@trixie$/ { sub(/@trixie$/, "", $2); print $2 }' "$root/tools/peers" | sort -u)
    for package in "$work"/archives/*.deb; do
        dpkg-deb --extract "$package" "$work/root"
    done
    for name in $(awk '$2 ~ /@trixie$/ { print $1 }' "$root/tools/peers"); do
        wrap_trixie "$name"
    done
)

# Its own dynamic linker starts it, since this machine's C library may be too old.
wrap_trixie() {
    linker=$(cd "$work/root" && find usr/lib usr/lib64 -maxdepth 2 -name 'ld-linux-*.so.*' | head -n 1)
    libraries=$(cd "$work/root" && find usr/lib -maxdepth 1 -type d -name '*-linux-gnu')
    [ -n "$linker" ] && [ -n "$libraries" ] && [ -x "$work/root/usr/bin/${1%-13}" ]
    cat >"$work/bin/$1" <<EOF
#!/bin/sh
r='$cache/peers/trixie'
exec "\$r/$linker" --library-path "\$r/$libraries" "\$r/usr/bin/${1%-13}" "\$@"
EOF
    chmod +x "$work/bin/$1"
}
