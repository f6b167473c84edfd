#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: k3s_write
short_description: Writes a host's files of k3s
version_added: 0.1.0
author:
  - The clusterwright maintainers (@clusterwright)
description:
  - Renders the named files as the planner did and writes them with
    M(clusterwright.proxmox.host_files). Neither the token nor any other secret is in a variable or
    a result.
options:
  paths:
    description: Files to write.
    type: list
    elements: path
    required: true
attributes:
  check_mode:
    description: Says what would change.
    support: full
  diff_mode:
    description: Shows what changes, without credentials.
    support: full
"""

EXAMPLES = r"""
- name: Writes a host's files of k3s
  clusterwright.proxmox.k3s_write:
    paths: [/etc/rancher/k3s/config.yaml]
"""

RETURN = r"""
paths:
  description: Files that changed.
  type: list
  elements: str
  returned: always
"""
