#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Run molecule scenarios one after another; each makes and removes a lab of its own.
set -euo pipefail
cd "$(dirname "$0")/.."
for scenario in "$@"; do
    molecule test --scenario-name "$scenario"
done
