#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Run molecule scenarios one after another; each makes and removes a lab of its own.
set -euo pipefail
cd "$(dirname "$0")/.."
for scenario in "$@"; do
    base=()
    [[ $scenario == k3s_* ]] && base=(--base-config molecule/k3s_lib/base.yml)
    molecule "${base[@]}" test --scenario-name "$scenario"
done
