#!/usr/bin/env bash
# Brings everything that building and testing AgentKeys needs, builds, and runs a smoke test.
# The only place that names packages. Safe to run again: what is there already is left alone.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
e2e="$root/tests/e2e"
npm_stamp="$e2e/node_modules/.lock-installed"
pacman_lists=${PACMAN_LISTS:-/var/lib/pacman/sync}

usage() {
    cat <<'TXT'
usage: scripts/setup-dev-env.sh [--check] [--no-build] [--needed] [--with GROUP]...

  --check        only report; exit 1 if something is missing
  --no-build     install, but neither build nor run the smoke test
  --needed       leave out what a single benchmark or end-to-end test asks for
  --with GROUP   also bring real servers for end-to-end tests and benchmarks: tpm, ceph, pages, barbican
  --help         this text

example: scripts/setup-dev-env.sh && scripts/test unit
TXT
}

# group | how its presence is probed | apt | dnf | pacman | brew        (- : not needed there; none: nobody packages it there)
packages() {
    cat <<'TXT'
base | cmd:gcc                  | gcc                   | gcc                    | gcc            | gcc
base | hdr:stdlib.h             | libc6-dev             | glibc-devel            | glibc          | -
base | cmd:clang                | clang                 | clang                  | clang          | llvm
base | cmd:clang-tidy           | clang-tidy            | clang-tools-extra      | clang          | llvm
base | cmd:clang-format         | clang-format          | clang-tools-extra      | clang          | clang-format
base | clang-rt:fuzzer          | libclang-rt-14-dev    | compiler-rt            | compiler-rt    | llvm
base | cmd:cppcheck             | cppcheck              | cppcheck               | cppcheck       | cppcheck
base | cmd:valgrind             | valgrind              | valgrind               | valgrind       | -
base | hdr:valgrind/memcheck.h  | valgrind              | valgrind-devel         | valgrind       | -
base | cmd:shellcheck           | shellcheck            | ShellCheck             | shellcheck     | shellcheck
base | cmd:strace               | strace                | strace                 | strace         | -
base | cmd:python3              | python3               | python3                | python         | python3
base | cmd:meson                | meson                 | meson                  | meson          | meson
base | cmd:ninja                | ninja-build           | ninja-build            | ninja          | ninja
base | cmd:pkg-config           | pkg-config            | pkgconf-pkg-config     | pkgconf        | pkgconf
base | cmd:git                  | git                   | git                    | git            | git
base | pc:libcrypto             | libssl-dev            | openssl-devel          | openssl        | openssl@3
base | pc:libsecp256k1          | libsecp256k1-dev      | libsecp256k1-devel     | libsecp256k1   | secp256k1
base | pc:libmicrohttpd         | libmicrohttpd-dev     | libmicrohttpd-devel    | libmicrohttpd  | libmicrohttpd
base | pc:gnutls                | libgnutls28-dev       | gnutls-devel           | gnutls         | gnutls
base | pc:libcurl               | libcurl4-openssl-dev  | libcurl-devel          | curl           | curl
base | pc:jansson               | libjansson-dev        | jansson-devel          | jansson        | jansson
base | pc:sqlite3               | libsqlite3-dev        | sqlite-devel           | sqlite         | sqlite
base | pc:libutf8proc           | libutf8proc-dev       | utf8proc-devel         | libutf8proc    | utf8proc
base | pc:libseccomp            | libseccomp-dev        | libseccomp-devel       | libseccomp     | -
base | pc:inih                  | libinih-dev           | inih-devel             | libinih        | inih
base | pc:cmocka                | libcmocka-dev         | libcmocka-devel        | cmocka         | cmocka
base | pc:tss2-esys             | libtss2-dev           | tpm2-tss-devel         | tpm2-tss       | -
base | cmd:sqlite3              | sqlite3               | sqlite                 | sqlite         | sqlite
base | cmd:jq                   | jq                    | jq                     | jq             | jq
base | cmd:curl                 | curl                  | curl                   | curl           | curl
base | cmd:openssl              | openssl               | openssl                | openssl        | openssl@3
base | cmd:ps                   | procps                | procps-ng              | procps-ng      | -
base | bundle:/etc/ssl/certs    | ca-certificates       | ca-certificates        | ca-certificates | -
base | cmd:npm                  | npm                   | npm                    | npm            | node
more | cmd:aws                  | awscli                | awscli2                | aws-cli-v2     | awscli
more | cmd:softhsm2-util        | softhsm2              | softhsm                | softhsm        | softhsm
more | cmd:pkcs11-tool          | opensc                | opensc                 | opensc         | opensc
tpm  | cmd:swtpm                | swtpm                 | swtpm                  | swtpm          | swtpm
tpm  | cmd:swtpm_setup          | swtpm-tools           | swtpm-tools            | swtpm          | swtpm
tpm  | cmd:tpm2_startup         | tpm2-tools            | tpm2-tools             | tpm2-tools     | tpm2-tools
ceph | cmd:ceph-mon             | ceph-mon              | ceph-mon               | none           | none
ceph | cmd:ceph-osd             | ceph-osd              | ceph-osd               | none           | none
ceph | cmd:radosgw              | radosgw               | ceph-radosgw           | none           | none
ceph | cmd:ceph                 | ceph-common           | ceph-common            | none           | none
ceph | cmd:aws                  | awscli                | awscli2                | aws-cli-v2     | awscli
pages | cmd:chromium             | chromium              | chromium               | chromium       | none
barbican | cmd:uwsgi         | uwsgi-core            | uwsgi                  | uwsgi          | none
barbican | file:/usr/lib/uwsgi/plugins/python3_plugin.so | uwsgi-plugin-python3 | uwsgi-plugin-python3 | uwsgi-plugin-python | none
barbican | file:/usr/lib/python3/dist-packages/barbican | python3-barbican | none | none | none
TXT
}

say() { printf 'setup: %s\n' "$*"; }
die() { printf 'setup: %s\n' "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

present() { # PROBE
    case $1 in
    cmd:*) have "${1#cmd:}" ;;
    pc:*) have pkg-config && pkg-config --exists "${1#pc:}" ;;
    file:*) [ -e "${1#file:}" ] ;;
    hdr:*) have gcc && echo "#include <${1#hdr:}>" | gcc -E -o /dev/null - 2>/dev/null ;;
    bundle:*) [ -s "${1#bundle:}/ca-certificates.crt" ] || [ -s "${1#bundle:}/ca-bundle.crt" ] ;; # openssl alone leaves the folder empty
    clang-rt:*) have clang && [ -n "$(find "$(clang -print-resource-dir)/" -name "libclang_rt.${1#clang-rt:}*" -print -quit)" ] ;;
    *) die "unknown probe $1" ;;
    esac
}

manager() {
    local m
    for m in apt-get:apt dnf:dnf pacman:pacman brew:brew; do
        if have "${m%%:*}"; then echo "${m##*:}"; return; fi
    done
    echo none
}

missing_rows() { # GROUP...: rows of the table whose probe fails, but for what is not needed here
    local group probe apt dnf pacman brew m here
    m=$(manager)
    while IFS='|' read -r group probe apt dnf pacman brew; do
        group=${group// /} probe=${probe// /}
        case " $* " in *" $group "*) ;; *) continue ;; esac
        case $m in dnf) here=$dnf ;; pacman) here=$pacman ;; brew) here=$brew ;; *) here=$apt ;; esac
        [ "${here// /}" != - ] || continue
        present "$probe" || echo "$probe $apt $dnf $pacman $brew"
    done < <(packages)
}

package_names() { # MANAGER < rows
    local column
    case $1 in apt) column=2 ;; dnf) column=3 ;; pacman) column=4 ;; brew) column=5 ;; *) column=2 ;; esac
    awk -v c="$column" '$c != "-" && $c != "none" && !seen[$c]++ { printf "%s%s", (n++ ? " " : ""), $c }'
}

install_command() { # MANAGER PACKAGE...
    local m=$1
    shift
    case $m in
    apt) echo "env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $*" ;;
    dnf) echo "dnf install -y --setopt=install_weak_deps=False $*" ;;
    pacman) echo "pacman -S --needed --noconfirm $*" ;;
    brew) echo "brew install $*" ;;
    esac
}

# A fresh machine knows no package at all, nor does apt without its lists; a pacman that knows some is not upgraded in part.
refresh_command() { # MANAGER: prints nothing where there is nothing to fetch
    case $1 in
    apt) echo "apt-get update -qq" ;;
    pacman) [ -n "$(find "$pacman_lists" -name '*.db' -print -quit 2>/dev/null)" ] || echo "pacman -Sy" ;;
    esac
}

# What brew keeps out of the way of the system's own: found here by the probes and by the build.
find_brewed() {
    local prefix name
    [ "$(manager)" = brew ] || return 0
    prefix=$(brew --prefix)
    for name in openssl@3 curl sqlite; do
        PKG_CONFIG_PATH="$prefix/opt/$name/lib/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}"
    done
    PATH="$prefix/opt/llvm/bin:$prefix/opt/openssl@3/bin:$PATH"
    export PATH PKG_CONFIG_PATH
}

as_root() { # MANAGER: prints the prefix, or fails where there is no way to become root
    if [ "$1" = brew ] || [ "$(id -u)" = 0 ]; then return 0; fi
    have sudo || return 1
    if [ -t 0 ]; then echo sudo; else sudo -n true 2>/dev/null && echo "sudo -n"; fi
}

install_packages() { # PACKAGE...
    local m prefix refresh command
    m=$(manager)
    [ "$m" != none ] || die "no apt, dnf, pacman or brew here. Install by hand what Debian calls: $*"
    refresh=$(refresh_command "$m")
    command=$(install_command "$m" "$@")
    prefix=$(as_root "$m") || die "not root, and no sudo without a question. Run as root, then start this again: ${refresh:+$refresh && }$command"
    say "installing with $m: $*"
    # The commands are words of this file only: splitting them is meant.
    # shellcheck disable=SC2086
    {
        if [ -n "$refresh" ]; then $prefix $refresh </dev/null; fi
        $prefix $command </dev/null
    }
}

lock_hash() { cat "$e2e"/node/package*.json "$e2e"/package*.json | openssl dgst -sha256 -r | cut -d' ' -f1; }
npm_current() { have openssl && [ -f "$npm_stamp" ] && [ "$(cat "$npm_stamp")" = "$(lock_hash)" ]; }

npm_failed() { # WHAT
    die "$1. What npm lacks, it says here: (cd tests/e2e && npm ping); a proxy with an authority of its own: npm config set cafile FILE"
}

# Node.js first and by itself: some of the clients refuse the one that npm brings along.
install_npm() {
    local node bin="$e2e/node_modules/.bin"
    say "installing Node.js 24 and the test clients from npm, as the lock files of tests/e2e pin them"
    (cd "$e2e/node" && npm ci --no-progress --loglevel=error </dev/null) || npm_failed "npm did not bring Node.js 24"
    node=$(find "$e2e/node/node_modules" -path '*/bin/node' -type f 2>/dev/null | head -1)
    # To npm it is optional: a registry that it did not reach is no error to it.
    case $(uname -s)-$(uname -m) in
    Linux-x86_64 | Linux-aarch64) [ -n "$node" ] || npm_failed "npm did not bring Node.js 24" ;;
    esac
    (cd "$e2e" && NODE_NO_WARNINGS=1 PATH="${node:+${node%/node}:}$PATH" npm ci --no-progress --loglevel=error </dev/null) ||
        npm_failed "npm did not bring the test clients"
    mkdir -p "$bin"
    if [ -n "$node" ]; then ln -sf "../../node/node_modules/${node#"$e2e/node/node_modules/"}" "$bin/node"; fi
    lock_hash >"$npm_stamp"
}

report() { # GROUP...: what is missing, by name; 1 if anything is
    local rows name bad=0
    rows=$(missing_rows "$@")
    if [ -n "$rows" ]; then
        bad=1
        while read -r probe rest; do
            name=$(echo "$probe $rest" | package_names "$(manager)")
            say "missing: ${probe#*:} (${name:-not packaged for $(manager)})"
        done <<<"$rows"
    fi
    npm_current || { bad=1; say "missing: the npm packages of tests/e2e, or they differ from its lock"; }
    if [ $bad = 0 ]; then say "nothing is missing"; fi
    return $bad
}

install_all() { # GROUP...
    local rows names did=0
    rows=$(missing_rows "$@")
    names=$(package_names "$(manager)" <<<"$rows")
    if [ -n "$names" ]; then
        # shellcheck disable=SC2086
        install_packages $names
        did=1
    fi
    if ! npm_current; then install_npm; did=1; fi
    rows=$(missing_rows "$@" | awk '{ print $1 }')
    if [ -n "$rows" ]; then die "not found, and nothing more to install here: ${rows//$'\n'/ }"; fi
    if [ $did = 0 ]; then say "nothing to install"; else say "installed"; fi
}

build() {
    if [ ! -f "$root/build/build.ninja" ]; then
        rm -rf "$root/build"
        local log
        log=$(meson setup "$root/build" "$root" 2>&1) || die "meson setup failed:"$'\n'"$log"
    fi
    say "building in build/"
    ninja -C "$root/build" --quiet
}

smoke_test() {
    local log tests cli
    tests=$(meson test -C "$root/build" --no-rebuild --list --suite unit 2>/dev/null | sed "s/.* \/ //" | head -3)
    # shellcheck disable=SC2086
    if [ -n "$tests" ]; then
        log=$(meson test -C "$root/build" --no-rebuild $tests 2>&1) || die "the smoke test failed:"$'\n'"$log"
        say "smoke test: unit tests ${tests//$'\n'/, } pass"
    fi
    cli=$(find "$root/build/src" -name agentkeys -type f -perm -u+x | head -1)
    if [ -n "$cli" ]; then say "smoke test: $("$cli" version | head -1)"; fi
    say "Node.js $(PATH="$e2e/node_modules/.bin:$PATH" node --version)"
}

main() {
    local check=0 do_build=1 groups="base more"
    while [ $# -gt 0 ]; do
        case $1 in
        --check) check=1 ;;
        --no-build) do_build=0 ;;
        --needed) groups=${groups/ more/} ;;
        --with)
            shift
            case ${1:-} in tpm | ceph | pages | barbican) groups="$groups $1" ;; *) die "--with knows the groups tpm, ceph, pages and barbican, not '${1:-}'" ;; esac
            ;;
        --help | -h) usage; exit 0 ;;
        *) usage >&2; die "unknown option $1" ;;
        esac
        shift
    done
    find_brewed
    # shellcheck disable=SC2086
    if [ $check = 1 ]; then report $groups; exit; fi
    # shellcheck disable=SC2086
    install_all $groups
    if [ $do_build = 1 ]; then
        build
        smoke_test
        say "ready. Next: scripts/test unit"
    fi
}

main "$@"
