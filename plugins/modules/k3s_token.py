#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: k3s_token
short_description: Has a k3s cluster's token on the controller
version_added: 0.1.0
author:
  - The clusterwright maintainers (@clusterwright)
description:
  - Keeps the token of a running server on the controller (O(read_back=true)), or makes a new one
    for a new cluster. A token that is there is never replaced, and none is in a result.
options:
  read_back:
    description: Read it from the server this runs on instead of making one.
    type: bool
    default: false
  replace:
    description: Read it although there is one, after the server was given a new one.
    type: bool
    default: false
attributes:
  check_mode:
    description: Makes no file.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
"""

EXAMPLES = r"""
- name: Has a k3s cluster's token on the controller
  clusterwright.proxmox.k3s_token: {}
"""

RETURN = r"""
{}
"""
