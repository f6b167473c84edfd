#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: run
short_description: Record the way of a request in the ledger
version_added: 0.1.0
author:
  - The clusterwright maintainers (@clusterwright)
description:
  - Records runs, their stages, approvals and reserved ids in the ledger, and keeps C(result.json)
    of the deployment equal to it.
  - A run holds its deployment until it ends; a second run is refused meanwhile. The hold of a
    controller process that died is recognised and taken over.
  - This action runs on the controller. In check mode nothing is recorded.
requirements:
  - SQLAlchemy 2 on the controller
options:
  state:
    description:
      - V(started) begins a run and takes the deployment.
      - V(stage) completes the current stage and enters O(stage).
      - V(planned) reserves the ids, names and addresses of O(plan).
      - V(approved) records a decision about a Terraform plan.
      - V(released) gives back what a destroyed deployment held.
      - V(finished) ends the run.
    type: str
    required: true
    choices: [started, stage, planned, approved, released, finished]
  ledger:
    description: Path of an SQLite file, or an SQLAlchemy URL such as that of a PostgreSQL server.
    type: str
    required: true
  directory:
    description: Folder of the deployment, where C(result.json) is kept.
    type: path
  deployment:
    description: Name of the deployment. Required with O(state=started) and O(state=released).
    type: str
  workflow_id:
    description: Id of the run, from O(state=started).
    type: str
  stage:
    description: Name of the stage that begins.
    type: str
  status:
    description:
      - Status of the run in this stage, for instance C(PLANNING), or the final one
        (C(COMPLETED), C(FAILED), C(ROLLED_BACK), C(REFUSED), C(DEFERRED)).
      - With O(state=approved) the decision.
    type: str
  request:
    description: The request of the plan; kept in the folder.
    type: dict
  snapshot:
    description: The facts of the plan; kept in the folder.
    type: dict
  plan:
    description: The plan whose ids are reserved; kept in the folder.
    type: dict
  config:
    description: What the run was asked; recorded.
    type: dict
    default: {}
  outputs:
    description: What the stage that ends has changed; recorded.
    type: dict
    default: {}
  plan_sha256:
    description: sha256 of the saved Terraform plan that was decided about.
    type: str
  reason:
    description: Why it was approved, or why the run ended without success.
    type: str
    default: ""
  user:
    description: Who runs this; the controller's user by default.
    type: str
  takeover:
    description:
      - With O(state=started), the id of a run of another machine that holds the deployment and is
        known to be dead. Runs of this machine are seen to be dead without it.
    type: str
attributes:
  check_mode:
    description: Records nothing.
    support: full
  diff_mode:
    description: Has no difference to show.
    support: none
"""

EXAMPLES = r"""
- name: Begin the run
  clusterwright.proxmox.run:
    state: started
    ledger: deployments/ledger.sqlite
    deployment: demo
    directory: deployments/demo
  register: run

- name: Enter the stage of facts
  clusterwright.proxmox.run:
    state: stage
    ledger: deployments/ledger.sqlite
    workflow_id: "{{ run.workflow_id }}"
    stage: facts
    status: PLANNING
"""

RETURN = r"""
workflow_id:
  description: Id of the run.
  returned: always
  type: str
  sample: 2d0c6e3e-5a51-4d9c-9a55-5d3c3ad8cf0a
resumed_from:
  description: Stage at which the previous run of this deployment ended early.
  returned: when O(state=started)
  type: str
  sample: k3s
reserved:
  description: Ids, names and addresses that other deployments hold.
  returned: when O(state=started)
  type: dict
  sample: {"vmids": [20000], "addresses": ["192.168.0.20"], "names": ["other-server-1"]}
"""
