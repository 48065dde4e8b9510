# Builds the libunwind that libqmon.so and qmon carry: static, position independent, hidden. Debian's libunwind.a is not
# position independent, so it is built from the distribution's source package, the one that belongs to libunwind-dev.
# Sourced by scripts/setup. Needs no root.
# shellcheck shell=bash
# shellcheck disable=SC2154,SC2164  # root, cache and set -e are common.sh's

# libunwind_source: has it in the cache. Each thread's cache of frames begins with 512 entries, not 16,384, which would cost its first
# walk 100 us and 256 KiB; it grows by itself.
libunwind_source() {
    local work
    if [[ ! -d $cache/libunwind-source ]]; then
        work=$(mktemp -d "$cache/libunwind.XXXXXX")
        # shellcheck disable=SC2064  # the path is meant as it is now
        trap "rm -rf '$work'" EXIT
        fetch_libunwind "$work"
        mv "$work/source" "$cache/libunwind-source"
        rm -rf "$work"
        trap - EXIT
    fi
    sed -i 's/^#define HASH_MIN_BITS .*/#define HASH_MIN_BITS 9/' "$cache"/libunwind-source/src/{x86_64,aarch64}/Gtrace.c
}

# build_libunwind TARGET PREFIX: TARGET is x86_64 or aarch64. In a subshell, so that several can be built at once.
build_libunwind() (
    target=$1 prefix=$2
    [[ -e $prefix/lib/libunwind-ptrace.a && -e $prefix/small-caches ]] && exit 0
    say "building a static libunwind for $target in $prefix (once, about half a minute)"
    work=$(mktemp -d "$cache/libunwind.XXXXXX")
    # shellcheck disable=SC2064  # the path is meant as it is now
    trap "rm -rf '$work'" EXIT
    quietly "building libunwind" compile_libunwind "$cache/libunwind-source" "$target" "$work" || exit 1
    rm -rf "$prefix"
    mv "$work/prefix" "$prefix"
)

# The source package is fetched with apt, which checks the archive's signature, but with lists and sources of our own: the
# machine's are not touched, and it need not be root's.
fetch_libunwind() {
    local work=$1 version
    mkdir -p "$work"/apt/{state/lists/partial,cache/archives/partial,sources}
    source_entries "$work/apt/sources"
    cat >"$work/apt/conf" <<END
Dir::State "$work/apt/state";
Dir::State::status "/var/lib/dpkg/status";
Dir::Cache "$work/apt/cache";
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$work/apt/sources";
APT::Sandbox::User "$(id -un)";
Acquire::Retries "3";
Acquire::Languages "none";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
END
    quietly "fetching the list of source packages" apt-get -c "$work/apt/conf" -q update || true
    version=$(dpkg-query -W -f '${source:Version}' libunwind-dev)
    (
        cd "$work"
        apt-get -c "$work/apt/conf" -q source --download-only "libunwind=$version" </dev/null >log 2>&1 ||
            apt-get -c "$work/apt/conf" -q source --download-only libunwind </dev/null >>log 2>&1 ||
            {
                cat log >&2
                die "the source package of libunwind could not be fetched. The sources that were tried are those of" \
                    "/etc/apt, as deb-src; is the archive reachable, and does it carry sources?"
            }
        # apt has checked it against the signed lists.
        quietly "unpacking libunwind" dpkg-source --no-check -x ./*.dsc source
    )
}

# source_entries DIRECTORY: every enabled "deb" entry of the machine, as "deb-src".
source_entries() {
    local directory=$1 file
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
        [[ -r $file ]] || continue
        sed -nE 's/^[[:space:]]*deb([[:space:]])/deb-src\1/p' "$file" | grep -v 'cdrom:' >>"$directory/one-line.list" || true
    done
    for file in /etc/apt/sources.list.d/*.sources; do
        [[ -r $file ]] || continue
        # Stanzas are paragraphs; a comment may stand anywhere.
        { grep -v '^#' "$file" || true; } | awk -v RS= -v ORS='\n\n' '
            /(^|\n)Types:[^\n]*deb([ \t\n]|$)/ && !/(^|\n)Enabled:[ \t]*no/ {
                sub(/Types:[^\n]*/, "Types: deb-src")
                print
            }' >>"$directory/deb822.sources"
    done
    [[ -s $directory/one-line.list || -s $directory/deb822.sources ]] ||
        die "no package sources are configured in /etc/apt: the source package of libunwind cannot be fetched"
}

# Initial-exec TLS and no .debug_frame support, because neither __tls_get_addr nor malloc may be called from a signal
# handler; no assertions, because a host does not die of ours; no stack protector, because the thread may have no TLS yet.
compile_libunwind() {
    local source=$1 target=$2 work=$3 compiler=gcc cflags
    local -a host=()
    cflags="-O2 -g -fPIC -fvisibility=hidden -ftls-model=initial-exec -fno-stack-protector -DNDEBUG"
    cflags+=" -ffunction-sections -fdata-sections"
    cflags+=" -ffile-prefix-map=$source=libunwind -ffile-prefix-map=$work=libunwind"
    if [[ $target != "$(uname -m)" ]]; then
        compiler=$target-linux-gnu-gcc
        host=(--host="$target-linux-gnu")
    fi
    if [[ $target == aarch64 ]]; then
        cflags+=" -mno-outline-atomics" # as the agent itself
    fi
    mkdir -p "$work"/{build,prefix/lib,prefix/include} &&
        touch "$work/prefix/small-caches" &&
        cd "$work/build" &&
        "$source/configure" -q "${host[@]}" CC="$compiler" CFLAGS="$cflags" --disable-shared --enable-static --with-pic \
            --disable-dependency-tracking --disable-cxx-exceptions --disable-coredump --disable-setjmp \
            --disable-documentation --disable-tests --disable-minidebuginfo --disable-zlibdebuginfo \
            --disable-debug-frame &&
        make -s -j"$(jobs)" -C src libunwind.la "libunwind-$target.la" libunwind-ptrace.la &&
        cp src/.libs/*.a "$work/prefix/lib/" &&
        cp "$source/include/libunwind-ptrace.h" include/libunwind.h include/libunwind-common.h "$source/include/libunwind-dynamic.h" \
            "$source/include/libunwind-$target.h" "$work/prefix/include/" &&
        cd "$root"
}
