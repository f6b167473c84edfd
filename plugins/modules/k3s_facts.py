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
options: {}
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
  clusterwright.proxmox.k3s_facts: {}
"""

RETURN = r"""
ansible_facts:
  description: C(__k3s_facts), the result of M(clusterwright.proxmox.k3s_host_info).
  type: dict
  returned: always
"""
