#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: documents
short_description: Write the documents of a deployment
version_added: 0.1.0
author:
  - The clusterwright maintainers (@clusterwright)
description:
  - Writes C(README.md), C(ARCHITECTURE.md) with a drawing, C(RUNBOOK.md), C(TROUBLESHOOTING.md),
    C(DECISIONS.md), C(inventory.yml) and all of them as one page, C(index.html), into the folder
    C(docs) of a deployment, mode 0600.
  - Everything is from what is applied, request, plan and facts, so that a second run changes
    nothing. Only files whose text changed are written.
  - This action runs on the controller.
options:
  directory:
    description: Folder of the deployment, with C(applied.json) or C(plan.json).
    type: path
    required: true
  commands:
    description: A command line for each playbook that the pages name, by its name.
    type: dict
    required: true
  addons:
    description:
      - The add-ons, each with C(name), C(title), C(namespace), C(chart), C(why), C(notes) and
        C(checks), as P(clusterwright.proxmox.addons#lookup) returns them as C(about).
    type: list
    elements: dict
    default: []
  kubeconfig:
    description: Kubeconfig on the controller; empty when there is no cluster.
    type: str
    default: ""
  stand_ins:
    description: What stands in for the real thing, in words for the reader.
    type: list
    elements: str
    default: []
  simulated_reason:
    description: Why machines are simulated; empty when they are real.
    type: str
    default: ""
  gitops:
    description:
      - Also write O(releases) as Argo CD applications or Flux manifests, into C(gitops) of that
        folder, for a repository that the engine reads.
      - Values and objects that hold a secret are left out and named in C(secrets-needed.yaml).
      - Files of releases that are not among O(releases) any more are removed; others in that
        folder stay.
    type: str
    choices: ["", argocd, flux]
    default: ""
  releases:
    description: C(releases) of the lookup P(clusterwright.proxmox.addons#lookup), for O(gitops).
    type: list
    elements: dict
    default: []
attributes:
  check_mode:
    description: Says what would be written.
    support: full
  diff_mode:
    description: Shows what changes in each file.
    support: full
"""

EXAMPLES = r"""
- name: Write the documents
  clusterwright.proxmox.documents:
    directory: deployments/demo
    commands: "{{ pipeline_said.commands }}"
"""

RETURN = r"""
folder:
  description: Folder of the documents.
  returned: success
  type: str
  sample: deployments/demo/docs
page:
  description: All of them as one page.
  returned: success
  type: str
  sample: deployments/demo/docs/index.html
written:
  description: Files whose text changed.
  returned: success
  type: list
  elements: str
  sample: [README.md, index.html]
"""
