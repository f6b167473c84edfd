#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The oldest releases that requirements.txt and meta/runtime.yml allow, in an environment of their own: a size
# from the artifact, and the unit tests of what speaks with these libraries.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
work=$PWD/build/lower-bounds
rm -rf "$work"
mkdir -p "$work/empty"

python -m venv "$work/venv"
sed -n 's/^requires_ansible: ">=\(.*\)"/ansible-core==\1/p' meta/runtime.yml >"$work/requirements.txt"
sed 's/>=/==/' requirements.txt >>"$work/requirements.txt"
# What the tests themselves need, as locked.
grep -E '^(pytest|pytest-xdist|hypothesis|fakepve|cryptography|jsonschema)==' requirements-dev.txt |
    sed 's/ .*//' >>"$work/requirements.txt"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check -r "$work/requirements.txt"
export PATH=$work/venv/bin:$PATH
unset CLUSTERWRIGHT_INTENT

ansible-galaxy collection build --force --output-path "$work" . >/dev/null
(
    cd "$work/empty"
    unset ANSIBLE_CONFIG PYTHONPATH
    export ANSIBLE_COLLECTIONS_PATH=$work/collections
    ansible-galaxy collection install --no-deps --collections-path "$work/collections" "$work"/*.tar.gz
    ansible-playbook -i localhost, clusterwright.proxmox.size -e intent='HA cluster with monitoring'
)
python -m pytest -p no:cacheprovider -n 2 \
    tests/unit/plugins/action \
    tests/unit/plugins/module_utils/_pve \
    tests/unit/plugins/plugin_utils/_ledger \
    tests/unit/plugins/plugin_utils/_model \
    tests/unit/plugins/plugin_utils/_policy
