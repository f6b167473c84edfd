#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: k3s_kubeconfig
short_description: Leaves a kubeconfig of a k3s cluster on the controller
version_added: 0.1.0
author:
  - The clusterwright maintainers (@clusterwright)
description:
  - Takes the administrator's kubeconfig of the server this runs on, after the API has accepted it,
    and puts it under the cluster's name into the file on the controller (mode 0600). Other contexts
    in that file, and which one is current, stay as they are.
options:
  state:
    description:
      - V(absent) takes the cluster out of the file; the file goes when it holds no other.
    type: str
    choices: [present, absent]
    default: present
attributes:
  check_mode:
    description: Changes nothing.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
"""

EXAMPLES = r"""
- name: Leaves a kubeconfig of a k3s cluster on the controller
  clusterwright.proxmox.k3s_kubeconfig: {}

- name: Takes the cluster out of it
  clusterwright.proxmox.k3s_kubeconfig:
    state: absent
"""

RETURN = r"""
{}
"""
