#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: role_options
short_description: Reads the options of a role once, typed by its argument_specs
version_added: 0.1.0
author:
  - The clusterwright maintainers (@clusterwright)
description:
  - Variables of the command line and of AWX surveys arrive as text. This reads the options of a
    role of this collection, converts each to the type that the role's argument_specs give, and
    sets the fact C(__ROLE), a dictionary by option name without the role's prefix.
  - What cannot be converted is a sentence in the fact C(__ROLE_problems); the task itself does not
    fail, so that it may run with C(no_log).
  - This action runs on the controller and changes nothing.
options:
  role:
    description: Name of the role.
    type: str
    required: true
  entry:
    description: Entry point whose options are read.
    type: str
    default: main
  strict:
    description: Tell of variables with the role's prefix that nearly are an option.
    type: bool
    default: false
  other_names:
    description: Names that other projects use, each with the option to use instead.
    type: dict
    default: {}
attributes:
  check_mode:
    description: Runs in check mode as otherwise.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
"""

EXAMPLES = r"""
- name: Read the options
  clusterwright.proxmox.role_options:
    role: k3s
  no_log: true
"""

RETURN = r"""
ansible_facts:
  description: C(__ROLE) and C(__ROLE_problems).
  type: dict
  returned: always
"""
