#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A fresh environment from the lock file, and in it the collection's unit tests and the quick start, on the
# Pythons of other Debian suites, where the lock file has the newest ansible-core. Terraform and its provider
# are those of this machine.
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

python -m lab prepare --machines simulated
provider=$(python -c 'from lab.tools import ensure; print(ensure(["provider"]).provider.parent)')

failed=()
for suite in "${suites[@]}"; do
    root=$work/$suite
    make_root "$suite" "$root" git,libatomic1,openssh-client,openssl,python3-venv
    mkdir -p "$root/src/build/collections/ansible_collections/clusterwright"
    git archive HEAD | tar -x -C "$root/src"
    ln -s /src "$root/src/build/collections/ansible_collections/clusterwright/proxmox"
    cp "$(command -v terraform || command -v tofu)" "$root/usr/local/bin/"
    # Its mirror is named by its whole path.
    mkdir -p "$root$(dirname "$provider")"
    cp -a "$provider" "$root$(dirname "$provider")/"
    # shellcheck disable=SC2016 # expanded inside
    if ! inside "$root" root '
        cd /src
        python3 -m venv /venv
        export PATH=/venv/bin:$PATH
        pip install --quiet --no-deps --require-hashes -r requirements-dev.txt
        echo "== $(python --version), $(ansible --version | head -1)"
        export ANSIBLE_CONFIG=/src/ansible.cfg PYTHONPATH=/src/tests
        python -m pytest tests/unit --ignore=tests/unit/lab -n 2 -p no:cacheprovider
        XDG_CACHE_HOME='"${XDG_CACHE_HOME:-$HOME/.cache}"' python -m pytest tests/integration/quickstart -p no:cacheprovider
    '; then failed+=("$suite"); fi
    rm -rf --one-file-system "$root"
done
((${#failed[@]} == 0)) || { echo "Failed on: ${failed[*]}." >&2; exit 1; }
