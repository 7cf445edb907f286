# Builds the program when its sources are not those of an earlier build. Sourced by ./holdfast.
#
# A build is target/dist/DIGEST, with the digest of everything it was made from: sources, poms, flags and JDK. It appears
# by a rename, whole or not at all, and is not changed afterwards.

sources() { # sources ACTION...: what find does with each of them
    find pom.xml .mvn tools/jvm.options tools/build.sh tools/peers ./*/pom.xml ./*/src/main "$JAVA_HOME/release" -type f "$@"
}

# To read every source takes longer than many a command does: not while none has another name, size or time than when they were last read.
source_digest() {
    (
        cd "$root"
        seen=$(sources -printf '%p %s %T@ %C@\n' | sha256sum | cut -c 1-16)
        if read -r known digest 2>/dev/null <target/known && [ "$known" = "$seen" ]; then
            echo "$digest"
            return
        fi
        digest=$(sources -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -c 1-16)
        echo "$digest"
        { mkdir -p target && echo "$seen $digest" >target/known.$$ && mv target/known.$$ target/known; } 2>/dev/null || :
    )
}

# Sets $dist.
build() {
    dist=$root/target/dist/$(source_digest)
    [ ! -d "$dist" ] || return 0
    mkdir -p "$root/target/dist" || die 1 "cannot write to $root/target: build it once as the owner of the tree"
    # One build at a time; whoever waited finds it done.
    (
        flock 9
        [ ! -d "$dist" ] || exit 0
        need_maven
        say "building (once)..."
        make_dist >"$root/target/build.log" 2>&1 || build_failed
    ) 9>"$root/target/build.lock" || exit 1
}

make_dist() {
    # What an earlier build was made of may be there.
    rm -rf "$root/bench/target/lib"
    run_maven --quiet --threads 1C package -Dmaven.test.skip=true || return 1
    new=$dist.new
    rm -rf "$new"
    mkdir -p "$new/lib" || return 1
    cp "$root"/bench/target/lib/*.jar "$root"/bench/target/bench-*.jar "$new/lib/" || return 1
    "$JAVA_HOME/bin/java" "$root/house/src/main/java/holdfast/house/RenewClasses.java" "$new/lib" || return 1
    mv "$new" "$dist" || return 1
    make_aot_caches || :
    rm -f "$dist"/new-*.aot
    remove_old_dists
}

# Start-up takes about half the time with classes loaded, linked and profiled ahead (measured: 0.12 s in place of 0.19 s
# for --help). What only asks the daemon has a cache of its own, since the fewer classes it has the sooner it is over; the other one has what
# serves disks, too. A boot gains next to nothing from a training with one: 3 % of its processor time, for 13 MB and another boot a build.
# The JVM checks the class path's names, sizes and times, so this comes after the rename. What is run here makes the manual pages.
make_aot_caches() {
    class_path=$(printf '%s:' "$dist"/lib/*.jar)
    "$JAVA_HOME/bin/java" "@$root/tools/jvm.options" "-XX:AOTCacheOutput=$dist/new-all.aot" \
        -cp "${class_path%:}" holdfast.cli.Main rehearse "$dist/man/man1" --ask-cache "$dist/new-ask.aot" >/dev/null || return 1
    mv "$dist/new-ask.aot" "$dist/ask.aot" && mv "$dist/new-all.aot" "$dist/holdfast.aot"
}

# Keeps the newest three, and those that a running program holds a lock on.
remove_old_dists() {
    for old in $(cd "$root/target/dist" && ls -t | tail -n +4); do
        flock --nonblock "$root/target/dist/$old" rm -rf "$root/target/dist/$old" || :
    done
}

build_failed() {
    say "the build failed; the whole log is $root/target/build.log"
    grep -m 2 -E '^\[ERROR\]' "$root/target/build.log" | cut -c 1-300 >&2 || tail -n 2 "$root/target/build.log" >&2
    exit 1
}
