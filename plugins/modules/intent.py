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
  - Finds the deployment the sentence belongs to, and what is stored of that deployment.
  - This action runs on the controller and changes nothing.
options:
  variable:
    description:
      - Name of the variable that holds the sentence.
      - When it is not set, the environment variable of that name in capitals with the prefix
        C(CLUSTERWRIGHT_) is read.
    type: str
    default: intent
  deployment:
    description: Name of the deployment. Empty makes one from the words of the sentence.
    type: str
    default: ""
  deployments_dir:
    description: Folder that holds one folder per deployment.
    type: path
    required: true
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
deployment:
  description: Name of the deployment.
  returned: always
  type: str
  sample: ha-cluster-with-monitoring
directory:
  description: Folder of the deployment.
  returned: always
  type: str
  sample: deployments/ha-cluster-with-monitoring
commands:
  description: The command of each playbook for this deployment, worded as this run was started.
  returned: always
  type: dict
  sample: {"plan": "ansible-playbook clusterwright.proxmox.plan -e deployment=web"}
request:
  description: The request that is stored in the folder, if any.
  returned: always
  type: dict
  sample: {"text": "HA cluster with monitoring"}
snapshot:
  description: The facts that are stored in the folder, if any.
  returned: always
  type: dict
  sample: {"cluster": "home"}
plan:
  description: The plan that is stored in the folder, if any.
  returned: always
  type: dict
  sample: {"deployment": "ha-cluster-with-monitoring"}
"""
