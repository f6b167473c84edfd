#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: report
short_description: Write the report of a run
version_added: 0.1.0
author:
  - The clusterwright maintainers (@clusterwright)
description:
  - Writes a self-contained HTML page about a deployment, from the files in its folder, and returns
    the table that closes a run.
  - Keeps the result of a verification beside it, as C(verification.json).
  - This action runs on the controller.
options:
  directory:
    description: Folder of the deployment, with C(plan.json) and C(request.json).
    type: path
    required: true
  applied:
    description: Report on what is applied, where there is such a record.
    type: bool
    default: false
  terraform:
    description: Number of machines that were created, updated, replaced and deleted.
    type: dict
    default: {}
  verified:
    description: What M(clusterwright.proxmox.k8s_checks) returned; empty without verification.
    type: dict
    default: {}
  files:
    description: Further files to mention, by label.
    type: dict
    default: {}
  stand_ins:
    description: What in this run stands in for the real thing, in words for the reader.
    type: list
    elements: str
    default: []
  simulated_reason:
    description: Why machines are simulated; empty when they are real.
    type: str
    default: ""
  previous_plan:
    description: An earlier plan; what differs from it is shown field by field.
    type: dict
  snapshot:
    description:
      - Facts of the cluster, for the picture of its nodes before and after the plan.
      - Default is what M(clusterwright.proxmox.proxmox_facts) has gathered on this host, else
        C(snapshot.json) of the folder.
    type: dict
  machines:
    description:
      - Whether the table begins with the machines and add-ons; V(false) where the run has just
        shown them.
    type: bool
    default: true
attributes:
  check_mode:
    description: Writes nothing and returns the table.
    support: full
  diff_mode:
    description: Has no difference to show.
    support: none
"""

EXAMPLES = r"""
- name: Write the report
  clusterwright.proxmox.report:
    directory: deployments/demo
"""

RETURN = r"""
table:
  description: The closing table as text.
  returned: always
  type: str
  sample: "machine  node  vCPU"
report:
  description: Path of the page.
  returned: always
  type: str
  sample: deployments/demo/report.html
difference:
  description: A line for each field that differs from O(previous_plan).
  returned: always
  type: list
  elements: str
  sample: ["~ demo-agent-1 memory: 8192 MiB -> 4096 MiB"]
"""
