#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A fresh environment from the lock file, and the collection's unit tests in it, on the Pythons of other
# Debian suites (those of the lab need Go and Terraform as well).
# It needs root, the network and some minutes a suite.
#   tests/pythons.sh [SUITE…]    default: trixie sid
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=tests/rootfs.sh
source tests/rootfs.sh

suites=("$@")
((${#suites[@]})) || suites=(trixie sid)
work=$(mktemp -d --tmpdir clusterwright-pythons.XXXXXX)
trap 'rm -rf --one-file-system "$work"' EXIT

failed=()
for suite in "${suites[@]}"; do
    root=$work/$suite
    make_root "$suite" "$root" git,libatomic1,openssh-client,openssl,python3-venv
    mkdir -p "$root/src/build/collections/ansible_collections/clusterwright"
    git archive HEAD | tar -x -C "$root/src"
    ln -s /src "$root/src/build/collections/ansible_collections/clusterwright/proxmox"
    # shellcheck disable=SC2016 # expanded inside
    if ! inside "$root" root '
        cd /src
        python3 -m venv /venv
        export PATH=/venv/bin:$PATH
        pip install --quiet --no-deps --require-hashes -r requirements-dev.txt
        echo "== $(python --version), $(ansible --version | head -1)"
        export ANSIBLE_CONFIG=/src/ansible.cfg PYTHONPATH=/src/tests
        python -m pytest tests/unit --ignore=tests/unit/lab -n 2 -p no:cacheprovider
    '; then failed+=("$suite"); fi
    rm -rf --one-file-system "$root"
done
((${#failed[@]} == 0)) || { echo "Failed on: ${failed[*]}." >&2; exit 1; }
