#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: intent
short_description: Take the person's sentence as plain text
version_added: 0.1.0
author:
  - The clusterwright maintainers (@clusterwright)
description:
  - Reads a variable without templating it. A sentence from a survey or the command line is data;
    templating it would run what stands between double braces.
  - Finds the deployment the sentence belongs to, and what is recorded of that deployment.
  - The same sentence continues its own deployment. Another one without a name makes a new
    deployment with a short name made from what it asks for, with a number where that is taken. It
    is never a change of another deployment.
  - This action runs on the controller. It changes nothing but the ledger, which holds the name.
options:
  variable:
    description:
      - Name of the variable that holds the sentence.
      - When it is not set, the file that the variable of that name with the suffix C(_file) names
        is read, else the environment variable of that name in capitals with the prefix
        C(CLUSTERWRIGHT_). In these an apostrophe, quotes and braces need no care.
      - The variable C(request) may hold a request as data instead, as a mapping or as text of it.
      - The variable C(answer) holds the answer to the question that is open, or a list of all
        answers from the first question on.
    type: str
    default: intent
  deployment:
    description: Name of the deployment. Empty finds or makes the one of the sentence.
    type: str
    default: ""
  deployments_dir:
    description: Folder that holds one folder per deployment.
    type: path
    required: true
  ledger:
    description:
      - Ledger that holds the names of all deployments. Without it only the folder is looked at.
    type: str
  proposal:
    description: Beginning of the id of the proposal to go on from; the newest one by default.
    type: str
    default: ""
  run:
    description:
      - Beginning of the id of a run that changed what is applied. Without O(deployment) it names
        the deployment.
    type: str
    default: ""
  reading:
    description:
      - V(strict) asks what words that were not understood mean, V(accept) sets them aside. Empty
        keeps what was said before.
    type: str
    choices: ["", strict, accept]
    default: ""
  insist:
    description: Whether a documented minimum gives way. Empty keeps what was said before.
    type: str
    default: ""
  prompt:
    description: Ask at the terminal, where there is one, when nothing was said.
    type: bool
    default: false
attributes:
  check_mode:
    description: Can run in check mode and does the same.
    support: full
  diff_mode:
    description: Has no difference to show.
    support: none
"""

EXAMPLES = r"""
- name: Take the sentence
  clusterwright.proxmox.intent:
    deployments_dir: deployments
  register: intent
"""

RETURN = r"""
text:
  description: The sentence, never a template.
  returned: always
  type: str
  sample: HA cluster with monitoring
sentence:
  description: The sentence to read, cleaned; that of the open question where none was said.
  returned: always
  type: str
  sample: HA cluster with monitoring
form:
  description: The request as data to read instead of a sentence, if any.
  returned: always
  type: dict
  sample: {"things": [{"type": "cluster", "id": "t1"}]}
answers:
  description: All answers to the questions about it, in order.
  returned: always
  type: list
  elements: str
  sample: ["8 GB RAM"]
reading:
  description: V(strict) or V(accept).
  returned: always
  type: str
  sample: strict
insist:
  description: Whether a documented minimum gives way.
  returned: always
  type: bool
  sample: false
refines:
  description: Whether a change of sizes was said as well, with C(refine).
  returned: always
  type: bool
  sample: false
deployment:
  description: Name of the deployment.
  returned: always
  type: str
  sample: ha-cluster
directory:
  description: Folder of the deployment.
  returned: always
  type: str
  sample: deployments/ha-cluster
commands:
  description: The command of each playbook for this deployment, worded as this run was started.
  returned: always
  type: dict
  sample: {"plan": "ansible-playbook clusterwright.proxmox.plan -e deployment=web"}
request:
  description: The request of the proposal in hand, if any.
  returned: always
  type: dict
  sample: {"text": "HA cluster with monitoring"}
snapshot:
  description: The facts of the proposal in hand, if any.
  returned: always
  type: dict
  sample: {"cluster": "home"}
plan:
  description:
    - The plan of the proposal in hand, if any. That is the newest proposal since the last apply,
      or what is applied when there is none or the sentence is another one.
  returned: always
  type: dict
  sample: {"deployment": "ha-cluster"}
proposal:
  description: Id of the proposal in hand, if any.
  returned: always
  type: str
  sample: 4f1d4b0ce1a2
applied:
  description: The applied record, if any, with C(request), C(plan), C(snapshot), C(at) and C(by).
  returned: always
  type: dict
  sample: {"id": "4f1d4b0ce1a2", "plan": {"deployment": "ha-cluster"}}
new:
  description: Whether the sentence makes a new deployment.
  returned: always
  type: bool
  sample: true
msg:
  description: Which deployment this is, in one sentence.
  returned: always
  type: str
  sample: New deployment ha-cluster in deployments/ha-cluster.
"""
