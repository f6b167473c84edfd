#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A fresh environment from the lock file, and the collection's unit tests in it, on the Pythons of other
# Debian suites (those of the lab need Go and Terraform as well).
# Not part of `make test`: it needs root, the network and some minutes a suite.
#   tests/pythons.sh [SUITE…]    default: trixie sid
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if [[ $EUID -ne 0 ]] || ! command -v mmdebstrap >/dev/null; then
    echo "This makes root filesystems: run it as root on Debian, with mmdebstrap installed." >&2
    exit 1
fi
suites=("$@")
((${#suites[@]})) || suites=(trixie sid)
work=$(mktemp -d --tmpdir clusterwright-pythons.XXXXXX)
trap 'rm -rf --one-file-system "$work"' EXIT

# Runs in a mount namespace of its own, so that nothing stays mounted; $1 is the root.
inside() {
    # shellcheck disable=SC2016 # expanded by the inner shell
    unshare --mount --pid --fork --kill-child bash -euo pipefail -c '
        mount -t proc proc "$1/proc"
        mount -t tmpfs tmpfs "$1/dev/shm"
        exec chroot "$1" /usr/bin/env -i PATH=/venv/bin:/usr/sbin:/usr/bin HOME=/root LANG=C.UTF-8 \
            ${HTTPS_PROXY:+HTTPS_PROXY="$HTTPS_PROXY"} ${PIP_INDEX_URL:+PIP_INDEX_URL="$PIP_INDEX_URL"} \
            PIP_CERT=/etc/ssl/certs/ca-certificates.crt PIP_DISABLE_PIP_VERSION_CHECK=1 bash -euo pipefail -c "$2"
    ' bash "$@"
}

# A mirror may lag behind; whether that is allowed is decided by the apt of this machine.
valid_until=$(apt-config dump --format '%f "%v"' Acquire::Check-Valid-Until)
failed=()
for suite in "${suites[@]}"; do
    root=$work/$suite
    mmdebstrap --mode=root --variant=minbase --quiet --aptopt='Acquire::Languages "none"' ${valid_until:+--aptopt="$valid_until"} \
        --include=ca-certificates,git,libatomic1,openssh-client,openssl,python3-venv "$suite" "$root"
    cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/" # with what this machine trusts
    mkdir -p "$root/src/build/collections/ansible_collections/clusterwright"
    git archive HEAD | tar -x -C "$root/src"
    ln -s /src "$root/src/build/collections/ansible_collections/clusterwright/proxmox"
    # shellcheck disable=SC2016 # expanded inside
    if ! inside "$root" '
        cd /src
        python3 -m venv /venv
        pip install --quiet --no-deps --require-hashes -r requirements-dev.txt
        echo "== $(python --version), $(ansible --version | head -1)"
        export ANSIBLE_CONFIG=/src/ansible.cfg PYTHONPATH=/src/tests
        python -m pytest tests/unit --ignore=tests/unit/lab -n 2 -p no:cacheprovider
    '; then failed+=("$suite"); fi
    rm -rf --one-file-system "$root"
done
((${#failed[@]} == 0)) || { echo "Failed on: ${failed[*]}." >&2; exit 1; }
