#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Build the collection, install the artifact into an empty path, run its playbook by full name.
set -euo pipefail
cd "$(dirname "$0")/.."
checkout=$PWD
work=$checkout/build/artifact
rm -rf "$work"
mkdir -p "$work/collections" "$work/run" "$work/home"

ansible-galaxy collection build --force --output-path "$work" . >/dev/null
artifact=$(echo "$work"/clusterwright-proxmox-*.tar.gz)
if tar -tzf "$artifact" | grep -E '^(tests|molecule|build|deployments|inventory/lab|requirements-dev|ansible\.cfg|\.)'; then
    echo "The artifact holds files that belong to the checkout." >&2
    exit 1
fi
# Nothing of the checkout's settings is in reach from here on.
cd "$work/run"
unset ANSIBLE_CONFIG CLUSTERWRIGHT_INTENT
export ANSIBLE_COLLECTIONS_PATH=$work/collections
ansible-galaxy collection install --no-deps --collections-path "$work/collections" "$artifact"

# Sizes before anything is set up: an empty folder, no inventory, no configuration, no Proxmox VE.
size() {
    env --unset=PYTHONPATH --unset=XDG_STATE_HOME HOME="$work/home" CLUSTERWRIGHT_INTENT="the team's PostgreSQL for 100 users" \
        ansible-playbook clusterwright.proxmox.size -e deployment="$1" "${@:2}" |& tee "$work/$1.log"
    test -s "$work/home/.local/state/clusterwright/$1/plan.json"
    test -z "$(ls -A)" # it does not depend on the current folder
    # The sizes and their reasons are there with Ansible's own callback.
    grep -E 'postgresql-1 .* 4 +8 GiB' "$work/$1.log" >/dev/null
    grep 'Why postgresql' "$work/$1.log" >/dev/null
}
size bare
size listed -i localhost,
if grep WARNING "$work/listed.log"; then
    echo "Sizing warns of what is no fault of the person who asked." >&2
    exit 1
fi

# Whoever plans before naming a Proxmox VE is told so, in one sentence.
plan() {
    if env --unset=PYTHONPATH HOME="$work/home" CLUSTERWRIGHT_INTENT="dev cluster" \
        ansible-playbook -i localhost, clusterwright.proxmox.plan "$@" |& tee "$work/plan.log"; then
        echo "A plan was made without a Proxmox VE." >&2
        exit 1
    fi
}
plan
grep 'No Proxmox VE host is given' "$work/plan.log" >/dev/null
plan -e facts_required=false
grep 'sized without facts of a Proxmox VE' "$work/plan.log" >/dev/null

python -m lab up --name artifact --machines simulated
trap 'python -m lab down --name artifact' EXIT

env --unset=PYTHONPATH ANSIBLE_STDOUT_CALLBACK=clusterwright.proxmox.stages \
    ansible-playbook clusterwright.proxmox.plan -i "$checkout/inventory/lab" \
    -e lab_name=artifact -e deployments_dir=deployments -e deployment=artifact -e intent='dev cluster'
test -s deployments/artifact/plan.json
