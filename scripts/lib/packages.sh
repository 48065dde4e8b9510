# The Debian packages of scripts/packages: which are missing, and their installation. Sourced by scripts/setup.
# shellcheck shell=bash
# shellcheck disable=SC2154,SC2164  # root, cache and set -e are common.sh's

# missing_packages GROUP: prints the packages that are needed and not there, one a line.
missing_packages() {
    local group=$1 architecture wanted_group packages only candidate found
    declare -A installed=()

    architecture=$(dpkg --print-architecture)
    while read -r candidate found; do
        [[ $found == installed ]] && installed[$candidate]=1
    done < <(dpkg-query -W -f '${Package} ${db:Status-Status}\n')

    while read -r wanted_group packages only; do
        [[ $wanted_group == build || $wanted_group == "$group" ]] || continue
        [[ -z $only || $only == "$architecture" ]] || continue
        found=
        for candidate in ${packages//|/ }; do
            [[ -n ${installed[$candidate]-} ]] && found=1
        done
        [[ -n $found ]] || echo "${packages%%|*}"
    done < <(sed 's/#.*//' "$root/scripts/packages")
}

install_missing() {
    local -a missing
    mapfile -t missing < <(missing_packages "$1")
    ((${#missing[@]})) || return 0
    if ((EUID)); then
        say "these packages are missing: ${missing[*]}"
        say "install them as root (with sudo, su, or by whoever runs this machine), then call this again:"
        say "    apt-get update && apt-get install --no-install-recommends ${missing[*]}"
        exit 1
    fi
    say "installing ${#missing[@]} packages: ${missing[*]}"
    without_starting_services apt_install "${missing[@]}"
}

apt_get() {
    DEBIAN_FRONTEND=noninteractive quietly apt-get apt-get -y -q -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "$@"
}

# The machine's package lists may be absent, as on most images, or older than the archive.
apt_install() {
    local -a install=(install --no-install-recommends -o Dpkg::Options::=--force-confold)
    if ! apt-get -s "${install[@]}" "$@" >/dev/null 2>&1; then
        apt_get update || true
    elif apt_get "${install[@]}" "$@" 2>/dev/null; then
        return 0
    else
        apt_get update || true
    fi
    apt_get "${install[@]}" "$@" || die "could not install the packages; see above"
}

# without_starting_services COMMAND...: Debian starts the services that it installs. Nobody asked for a redis or nginx that
# runs: a policy that forbids it is put in place for as long as the command takes, unless the machine has one of its own,
# and services that were not there before are left disabled. A service that was running stays as it is.
without_starting_services() {
    local policy=/usr/sbin/policy-rc.d ours='' status=0 before service
    before=$(ls /etc/init.d 2>/dev/null || true)
    if [[ ! -e $policy ]]; then
        ours=1
        # shellcheck disable=SC2064  # the path is meant as it is now
        trap "rm -f '$policy'" EXIT
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
    fi
    "$@" || status=$?
    if [[ -n $ours ]]; then
        rm -f "$policy"
        trap - EXIT
    fi
    for service in redis-server nginx stunnel4; do
        if [[ -e /etc/init.d/$service ]] && ! grep -qx "$service" <<<"$before"; then
            update-rc.d "$service" disable >/dev/null 2>&1 || true
        fi
    done
    return $status
}
