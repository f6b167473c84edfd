#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: k3s_facts
short_description: Looks at one host of a k3s cluster
version_added: 0.1.0
author:
  - The clusterwright maintainers (@clusterwright)
description:
  - Runs M(clusterwright.proxmox.k3s_host_info) with what the planner of the role
    P(clusterwright.proxmox.k3s#role) needs, taken from the role's typed options.
  - Waits until the host answers. One that does not in time is no failure, because a cluster is
    worked on with a host that is gone; the planner says what that means.
options:
  timeout_seconds:
    description: How long to wait until the host answers.
    type: int
    default: 300
attributes:
  check_mode:
    description: Runs in check mode as otherwise, because it changes nothing.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
"""

EXAMPLES = r"""
- name: Looks at one host of a k3s cluster
  clusterwright.proxmox.k3s_facts:
    timeout_seconds: 60
"""

RETURN = r"""
ansible_facts:
  description: >-
    C(__k3s_facts), the result of M(clusterwright.proxmox.k3s_host_info); empty for a host that does
    not answer.
  type: dict
  returned: always
"""
