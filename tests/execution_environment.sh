#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A fresh Debian with exactly what the artifact names for an execution environment (as ansible-builder reads
# it), the artifact, ansible-core and Terraform: an ordinary user sizes and plans there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=tests/rootfs.sh
source tests/rootfs.sh

checkout=$PWD
lab=environment
work=$checkout/build/$lab
rm -rf --one-file-system "$work"
mkdir -p "$work/artifacts" "$work/collections"

# Galaxy serves what galaxy.yml depends on; here it comes from the package `ansible`.
ansible-galaxy collection build --output-path "$work/artifacts" . >/dev/null
python tests/galaxy_artifact.py kubernetes.core "$work/artifacts"
for artifact in "$work"/artifacts/*; do
    tar -xzf "$artifact" --one-top-level="$work/collections/ansible_collections/$(
        basename "$artifact" | sed -E 's#^([a-z]+)-([a-z]+)-.*#\1/\2#'
    )"
done
ansible-builder introspect --write-pip "$work/requirements.txt" --write-bindep "$work/bindep.txt" "$work/collections"
mapfile -t packages < <(bindep --list_all newline --file "$work/bindep.txt")
core=$(python -c 'import ansible.release; print(ansible.release.__version__)')

python -m lab up --name $lab --machines simulated
root=$work/root
trap 'rm -rf --one-file-system "$root"; python -m lab down --name "$lab"' EXIT
make_root bookworm "$root" "$(IFS=,; echo python3-venv "${packages[*]}" | tr ' ' ,)"
chroot "$root" useradd --create-home runner
home=$root/home/runner

# Terraform and its provider, as extensions/execution_environment/ brings them.
cp "$(command -v terraform || command -v tofu)" "$root/usr/local/bin/"
config=$(python -c 'import json, sys; print(json.load(open(sys.argv[1]))["terraform_cli_config"])' "build/lab/$lab/lab.json")
cp -r "$(dirname "$config")/mirror" "$root/opt/mirror"

# The place: the lab's inventory and what it points to, in the user's own hands.
mkdir -p "$home/place/inventory" "$home/place/build/lab/$lab"
cp -r inventory/lab "$home/place/inventory/"
cp "build/lab/$lab"/{lab.json,ca.pem,token,id_ed25519} "$home/place/build/lab/$lab/"
sed "s#$(dirname "$config")#/opt#" "$config" >"$root/opt/terraform.rc"
sed -i "s#$checkout/#/home/runner/place/#g; s#$config#/opt/terraform.rc#" "$home/place/build/lab/$lab/lab.json"
cp -r "$work/artifacts" "$work/requirements.txt" "$home/"
chroot "$root" chown -R runner:runner /home/runner

inside "$root" runner "
    python3 -m venv venv
    export PATH=\$HOME/venv/bin:\$PATH
    pip install --quiet ansible-core==$core -r requirements.txt
    ansible-galaxy collection install --offline artifacts/*
    mkdir empty && cd empty
    ansible-playbook -i localhost, clusterwright.proxmox.size -e intent='PostgreSQL for 100 users'
    cd ../place
    ansible-playbook clusterwright.proxmox.plan -i inventory/lab -e lab_name=$lab -e deployment=$lab \
        -e intent='HA cluster with monitoring'
    test -s deployments/$lab/terraform/plan.tfplan
"
