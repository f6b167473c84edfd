#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: records
short_description: Look at what is proposed, applied and seen of a deployment
version_added: 0.1.0
author:
  - The clusterwright maintainers (@clusterwright)
description:
  - A deployment has three records. Every plan that was made is a proposal. What the last apply used
    is applied. What carries the deployment's tags on the cluster is seen.
  - This action runs on the controller. It changes nothing but with O(state=removed).
options:
  state:
    description:
      - V(proposals) lists the proposals.
      - V(difference) compares any two records, O(a) and O(b).
      - V(seen) shows the three records beside each other, each difference in one sentence.
      - V(everything) finds guests with our tags that no deployment in O(directory) knows.
      - V(undone) returns the plan that takes a run back, and says what cannot be taken back.
      - V(removed) removes the folder.
    type: str
    required: true
    choices: [proposals, difference, seen, everything, undone, removed]
  directory:
    description: Folder of the deployment; for O(state=everything), of all of them.
    type: path
    required: true
  deployment:
    description: Name of the deployment, for every state but V(everything).
    type: str
    default: ""
  snapshot:
    description: Facts of the cluster; without them nothing is seen.
    type: dict
  run:
    description: For O(state=undone), the beginning of the id of a run that changed what is applied.
    type: str
    default: ""
  backups:
    description:
      - For O(state=undone), RV(clusterwright.proxmox.backups_info#module:backups). The newest one
        of a machine that is gone is named.
    type: list
    elements: dict
    default: []
  a:
    description:
      - V(applied), V(newest), V(seen) or the beginning of a proposal's id.
    type: str
    default: applied
  b:
    description: The other side, in the same words.
    type: str
    default: newest
attributes:
  check_mode:
    description: Removes nothing.
    support: full
  diff_mode:
    description: Has no difference to show.
    support: none
"""

EXAMPLES = r"""
- name: What would the newest proposal change?
  clusterwright.proxmox.records:
    state: difference
    directory: deployments/demo
    deployment: demo
    a: applied
    b: newest
"""

RETURN = r"""
proposals:
  description: Id, time, author, run and base of each proposal, newest first.
  returned: when O(state=proposals)
  type: list
  elements: dict
  sample: [{"id": "4f1d4b0ce1a2", "by": "ada"}]
rows:
  description: Machine, field and both values of each difference.
  returned: when O(state=difference)
  type: list
  elements: dict
  sample: [{"machine": "web", "field": "memory_mib", "a": "2048", "b": "4096"}]
differences:
  description: What differs between the applied record and the cluster, one sentence each.
  returned: when O(state=seen)
  type: list
  elements: str
  sample: ["web (VMID 20000) has 4096 MiB, the record says 2048 MiB."]
plan:
  description: The plan of now with the values of before the run; null when nothing is left.
  returned: when O(state=undone)
  type: dict
  sample: {"deployment": "demo", "machines": []}
removed:
  description: Machines that the run made and that would go.
  returned: when O(state=undone)
  type: list
  elements: str
  sample: [demo-web-2]
gone:
  description: Machines that the run deleted; they do not come back.
  returned: when O(state=undone)
  type: list
  elements: dict
  sample: [{"name": "demo-db-1", "vmid": 20002}]
everything:
  description: Whether no machine would stay.
  returned: when O(state=undone)
  type: bool
  sample: false
lost:
  description:
    - Guests with the deployment's tags that neither a record nor its state knows. For
      O(state=everything), such guests by the deployment that their tags name.
  returned: when O(state=seen) or O(state=everything)
  type: raw
  sample: ["web (VMID 20000 on pve1)"]
emptied:
  description: Whether its machines were all destroyed or let go, and nothing was applied since.
  returned: when O(state=seen)
  type: bool
  sample: false
state_lost:
  description: Whether machines are applied and the file with their Terraform state is gone.
  returned: when O(state=seen)
  type: bool
  sample: false
table:
  description: The same for people.
  returned: when O(state) is not V(removed)
  type: str
  sample: machine  field  applied  newest
"""
