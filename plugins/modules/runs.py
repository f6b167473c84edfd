#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: runs
short_description: Show runs and deployments of the ledger
version_added: 0.1.0
author:
  - The clusterwright maintainers (@clusterwright)
description:
  - Lists all deployments with their last run, or the runs of one deployment stage by stage.
  - A run whose controller process died without an end is told as interrupted.
  - This action runs on the controller and changes nothing but O(metrics_file).
requirements:
  - SQLAlchemy 2 on the controller
options:
  ledger:
    description: Path of an SQLite file, or an SQLAlchemy URL.
    type: str
    required: true
  deployment:
    description: Name of one deployment.
    type: str
  required:
    description: Fail when the ledger has no run of O(deployment).
    type: bool
    default: true
  limit:
    description: How many runs of the deployment are shown, newest first.
    type: int
    default: 10
  metrics_file:
    description:
      - File that is written with what the ledger knows of runs, as metrics for Prometheus.
      - Everybody may read it. Its folder is the one that the textfile collector of a node exporter
        on the controller reads.
      - It is fresh as of this task and never counted as a change.
    type: path
attributes:
  check_mode:
    description: Can run in check mode and does the same, but for O(metrics_file).
    support: full
  diff_mode:
    description: Has no difference to show.
    support: none
"""

EXAMPLES = r"""
- name: Show all deployments
  clusterwright.proxmox.runs:
    ledger: deployments/ledger.sqlite

- name: Tell Prometheus of the runs
  clusterwright.proxmox.runs:
    ledger: deployments/ledger.sqlite
    metrics_file: /var/lib/prometheus/node-exporter/clusterwright.prom
"""

RETURN = r"""
runs:
  description: Runs of O(deployment) with their stages.
  returned: always
  type: list
  elements: dict
  sample: [{"deployment": "demo", "status": "COMPLETED", "stages": []}]
deployments:
  description: All deployments with their last run and their machines, without O(deployment).
  returned: always
  type: list
  elements: dict
  sample: [{"deployment": "demo", "status": "COMPLETED", "machines": ["demo-server-1"]}]
next:
  description: Commands that a person may want to run next.
  returned: always
  type: list
  elements: str
  sample: ["The runs of one of them: ansible-playbook clusterwright.proxmox.status"]
table:
  description: The same as a table.
  returned: always
  type: str
  sample: deployment  environment  last run
"""
