#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Build the collection, install the artifact into an empty path, run its playbook by full name.
set -euo pipefail
cd "$(dirname "$0")/.."
checkout=$PWD
work=$checkout/build/artifact
rm -rf "$work"
mkdir -p "$work/collections" "$work/run"

ansible-galaxy collection build --force --output-path "$work" . >/dev/null
artifact=$(echo "$work"/clusterwright-proxmox-*.tar.gz)
if tar -tzf "$artifact" | grep -E '^(tests|molecule|build|deployments|\.)'; then
    echo "The artifact holds files that belong to the checkout." >&2
    exit 1
fi

python -m lab up --name artifact --machines simulated
trap 'python -m lab down --name artifact' EXIT

# Nothing of the checkout but the lab's inventory is in reach from here on.
cd "$work/run"
printf '[defaults]\ncollections_path = %s\nstdout_callback = clusterwright.proxmox.stages\n' \
    "$work/collections" >ansible.cfg
export ANSIBLE_CONFIG=$PWD/ansible.cfg
unset PYTHONPATH
ansible-galaxy collection install --no-deps --collections-path "$work/collections" "$artifact"
ansible-playbook clusterwright.proxmox.plan -i "$checkout/inventory/lab" \
    -e lab_name=artifact -e deployment=artifact -e intent='dev cluster'
test -s deployments/artifact/plan.json
export PYTHONPATH=$checkout/tests
