#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: approval
short_description: Decide whether a saved Terraform plan may be applied
version_added: 0.1.0
author:
  - The clusterwright maintainers (@clusterwright)
description:
  - Applies the rules of approval to a saved plan. The decision is bound to the sha256 of the plan.
  - Deletes and replacements need the consent of a person for each machine by name.
  - C(auto) only covers plans that create and nothing else, in environments that the site profile
    lists.
  - This action runs on the controller and changes nothing.
  - All gates of the moment are asked, and every reason against it is told.
options:
  moment:
    description: Whether a plan is applied, a whole deployment goes, or machines are let go.
    type: str
    choices: [approval, destruction, release]
    default: approval
  deployment:
    description: Name of the deployment, for its requests and the command that the reason names.
    type: str
    default: ""
  plan_sha256:
    description: sha256 of the saved plan file.
    type: str
    default: ""
  counts:
    description: Number of machines to C(create), C(update), C(replace) and C(delete).
    type: dict
    default: {}
  destructive:
    description: Names of the machines that would be deleted or replaced.
    type: list
    elements: str
    default: []
  taken_over:
    description: Those of them that were taken over and not made by the collection.
    type: list
    elements: str
    default: []
  tags:
    description: Tags of the machines, by name.
    type: dict
    default: {}
  command:
    description: What applies the plan later, without its sha256; the playbook apply by default.
    type: str
    default: ""
  ledger:
    description: Ledger with freezes and with requests to delete.
    type: str
  directory:
    description: Folder of the deployment, which knows who asked.
    type: path
  proposal:
    description: Beginning of the id of the proposal that is decided about; the newest by default.
    type: str
    default: ""
  approve:
    description: Empty, V(auto), or the sha256 of the plan that the person saw.
    type: str
    default: ""
  consent:
    description: Names of the machines whose deletion or replacement is wanted.
    type: list
    elements: str
    default: []
  environments:
    description:
      - Environments that the plan touches, those of machines that it changes or takes away among
        them. Each of them has to allow it.
    type: list
    elements: str
    required: true
  rules:
    description:
      - C(environments) of the site profile, by name.
      - C(auto_approve) allows V(auto). C(approvers) are users who may approve, in the place of
        O(approvers).
      - With C(four_eyes) the one who asked cannot approve, and deletions need a request with an end
        of life (M(clusterwright.proxmox.run) with C(state=retired)) that somebody else made.
    type: dict
    default: {}
  approvers:
    description:
      - Users who may approve. Others may plan, and be approved for by O(approve=auto).
      - Empty lets everybody approve who may run the playbook.
    type: list
    elements: str
    default: []
  answer:
    description:
      - What a person answered at the prompt. V(yes) approves; V(defer) or nothing leaves the plan
        to be approved later; anything else rejects it.
    type: str
attributes:
  check_mode:
    description: Can run in check mode and does the same.
    support: full
  diff_mode:
    description: Has no difference to show.
    support: none
"""

EXAMPLES = r"""
- name: Decide about the plan
  clusterwright.proxmox.approval:
    plan_sha256: "{{ planned.plan_sha256 }}"
    counts: "{{ planned.summary.counts }}"
    approve: "{{ approve | default('') }}"
    environments: [production]
"""

RETURN = r"""
status:
  description:
    - C(nothing), C(approved), C(ask), C(deferred) or C(refused); the last two fail the task.
  returned: always
  type: str
  sample: approved
reason:
  description: Every reason, in sentences.
  returned: always
  type: str
  sample: The sha256 of this plan was given.
reasons:
  description: Each reason with the gate that gave it.
  returned: always
  type: list
  elements: dict
  sample: [{"gate": "approval", "text": "The sha256 of this plan was given."}]
asked:
  description: The gates that were asked.
  returned: always
  type: list
  elements: str
  sample: [freeze, consent, approvers]
user:
  description: Who decided.
  returned: always
  type: str
  sample: ada
"""
