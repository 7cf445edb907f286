# ./holdfast check [--long] [MODULE...]: builds and runs all tests, or those of the modules named. Sourced by ./holdfast.

help() {
    echo "usage: ./holdfast check [--long] [MODULE...]"
    echo "Builds Holdfast and runs all tests, or those of these modules."
    echo "  --long   also the tests that take minutes to hours"
}

usage() {
    help >&2
    exit 2
}

long=
modules=
tests=
for word in "$@"; do
    case $word in
        --long) long=-Dlong ;;
        -h | --help)
            help
            exit 0
            ;;
        -*) usage ;;
        *)
            [ -f "$root/$word/pom.xml" ] || { say "check: no module '$word' here" && usage; }
            modules=${modules:+$modules,}$word
            tests=${tests:+$tests,}holdfast/$word/*Test
            ;;
    esac
done

# Peers come from Debian packages: installed where we may, named in one command where we may not.
install_peers() {
    packages=$(missing_packages)
    [ -n "$packages" ] || return 0
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        say "some tests need programs that are not here: apt-get install --no-install-recommends $packages"
        return 0
    fi
    say "installing what the tests compare with: $packages"
    # shellcheck disable=SC2086 # a list of words
    if ! apt_get_install $packages >"$root/target/apt.log" 2>&1; then
        say "apt-get could not install all of them; see $root/target/apt.log"
    fi
}

apt_get_install() {
    export DEBIAN_FRONTEND=noninteractive
    apt-get install -y --no-install-recommends "$@" && return 0
    apt-get update && apt-get install -y --no-install-recommends "$@"
}

# Runs Maven, shows how it goes on and keeps all it said in target/check.log; returns its exit code.
run_tests() {
    set -- verify --fail-at-end -Dmaven.test.failure.ignore=true ${program:+"$program"} $long
    [ -z "$modules" ] || set -- "$@" --projects "$modules" --also-make "-Dtest=$tests"
    {
        code=0
        run_maven "$@" 2>&1 || code=$?
        echo "$code" >"$root/target/check.code"
    } | tee "$root/target/check.log" | sed --unbuffered -n -E \
        -e '/^\[ERROR\] +(\tat |-> \[Help|To see the full|Re-run|For more inf|\[Help)/d' \
        -e '/^\[ERROR\] +[^ ]/p' -e '/Building .*\[/p' -e '/Tests run:.* in /p' -e 's/^INFO: (campaign: )/\1/p'
    return "$(cat "$root/target/check.code")"
}

need_jdk
need_maven
mkdir -p "$root/target"
install_peers
. "$root/tools/trixie.sh"
fetch_trixie_peers
rm -rf "$root"/*/target/surefire-reports "$root"/*/target/system-reports

# cli's tests start the program hundreds of times: built, with its AOT caches, it is there sooner.
program=
case ,$modules, in
    ,, | *,cli,*)
        . "$root/tools/build.sh"
        build
        program=-Dholdfast.command=$root/holdfast
        ;;
esac

# Tests run module by module; they are compiled before, with all cores. Whatever does not compile is told below.
[ -n "$modules" ] || run_maven --quiet --threads 1C package -DskipTests >"$root/target/compile.log" 2>&1 || :

broken=
run_tests || broken=--broken
# From source, so that there is a report also where the build broke.
"$JAVA_HOME/bin/java" -XX:TieredStopAtLevel=1 -XX:+UseSerialGC "$root/house/src/main/java/holdfast/house/Report.java" "$root" ${long:+--long} $broken || exit 1
