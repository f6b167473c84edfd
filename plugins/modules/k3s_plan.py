#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: k3s_plan
short_description: Plans what happens to a k3s cluster
version_added: 0.1.0
author:
  - The clusterwright maintainers (@clusterwright)
description:
  - Turns options and facts of all hosts into ordered steps, each with host, reason and how it is
    taken back. Decides everything; the task files of the role P(clusterwright.proxmox.k3s#role)
    carry the steps out.
  - Fails with all problems at once and before anything was changed.
  - This action runs on the controller and changes nothing.
options:
  goal:
    description: What is planned; V(validate) only checks the options.
    type: str
    choices:
      - validate
      - cluster
      - remove
      - replace
      - upgrade
      - rollback
      - snapshot
      - restore
      - rotate
      - reset
    required: true
  approve:
    description: V(auto), or the sha256 of the plan that was seen; only for goals that need it.
    type: str
    default: auto
attributes:
  check_mode:
    description: Runs in check mode as otherwise; a plan needs no approval there.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
"""

EXAMPLES = r"""
- name: Plans what happens to a k3s cluster
  clusterwright.proxmox.k3s_plan:
    goal: cluster
"""

RETURN = r"""
steps:
  description: The steps in words.
  type: list
  elements: str
  returned: success
receipts:
  description:
    - What is about to be written, for M(clusterwright.proxmox.run), one of a kind for each host.
  type: list
  elements: dict
  returned: success
stages:
  description: The steps as they are carried out, those of several hosts at the same time.
  type: list
  elements: dict
  returned: success
sha256:
  description: Digest of the plan, which an approval names.
  type: str
  returned: success
notes:
  description: What a person should know besides.
  type: list
  elements: str
  returned: success
problems:
  description: Why nothing can be planned.
  type: list
  elements: str
  returned: failure
"""
