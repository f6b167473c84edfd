# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# For scripts that try something in a fresh Debian: source it after `set -euo pipefail`.

if [[ $EUID -ne 0 ]] || ! command -v mmdebstrap >/dev/null; then
    echo "This makes root filesystems: run it as root on Debian, with mmdebstrap installed." >&2
    exit 1
fi

# make_root SUITE FOLDER PACKAGE,…: a small Debian that trusts what this machine trusts.
make_root() {
    local valid_until
    # A mirror may lag behind; whether that is allowed is decided by the apt of this machine.
    valid_until=$(apt-config dump --format '%f "%v"' Acquire::Check-Valid-Until)
    mmdebstrap --mode=root --variant=minbase --quiet --aptopt='Acquire::Languages "none"' \
        ${valid_until:+--aptopt="$valid_until"} --include="ca-certificates,$3" "$1" "$2"
    cp /etc/ssl/certs/ca-certificates.crt "$2/etc/ssl/certs/"
    cp --dereference /etc/resolv.conf /etc/hosts "$2/etc/"
}

# inside FOLDER USER SCRIPT: run it there as that user, with nothing of this environment but the settings of
# pip; in name spaces of its own, so that nothing stays mounted and nothing keeps running.
inside() {
    local settings=()
    mapfile -t settings < <(env | grep -E '^(HTTPS?_PROXY|https?_proxy|NO_PROXY|PIP_INDEX_URL|PIP_DEFAULT_TIMEOUT)=')
    # shellcheck disable=SC2016 # expanded by the inner shell
    unshare --mount --pid --fork --kill-child bash -euo pipefail -c '
        root=$1 user=$2 script=$3
        shift 3
        mount -t proc proc "$root/proc"
        mount -t tmpfs tmpfs "$root/dev/shm"
        home=$(awk -F: -v user="$user" "\$1 == user {print \$6}" "$root/etc/passwd")
        exec chroot --userspec="$user" "$root" /usr/bin/env -i PATH=/usr/local/bin:/usr/sbin:/usr/bin \
            HOME="$home" LANG=C.UTF-8 PIP_CERT=/etc/ssl/certs/ca-certificates.crt \
            PIP_DISABLE_PIP_VERSION_CHECK=1 "$@" bash -euo pipefail -c "cd; $script"
    ' bash "$@" "${settings[@]}"
}
