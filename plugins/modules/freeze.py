#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: freeze
short_description: Stop every write until it is lifted
version_added: 0.1.0
author:
  - The clusterwright maintainers (@clusterwright)
description:
  - While a freeze holds, no playbook of the collection begins a stage that writes, for the whole
    site or for one environment. Who froze it and why is told to everybody who tries.
  - It is kept in the ledger and, for whoever names another one, in a file beside the deployments.
  - This action runs on the controller.
requirements:
  - SQLAlchemy 2 on the controller
options:
  state:
    description: V(frozen) stops, V(lifted) ends all freezes of O(scope), V(shown) only tells.
    type: str
    choices: [frozen, lifted, shown]
    default: shown
  scope:
    description: The whole site, or one environment.
    type: str
    choices: [site, production, staging, development, test]
    default: site
  reason:
    description: Why. Required with O(state=frozen).
    type: str
    default: ""
  ledger:
    description: Path of an SQLite file, or an SQLAlchemy URL.
    type: str
    required: true
  deployments_dir:
    description: Folder with one folder for each deployment.
    type: path
    required: true
attributes:
  check_mode:
    description: Tells whether it would change something.
    support: full
  diff_mode:
    description: Has no difference to show.
    support: none
"""

EXAMPLES = r"""
- name: Stop everything over the holidays
  clusterwright.proxmox.freeze:
    state: frozen
    reason: Nobody is here until Monday
    ledger: deployments/ledger.sqlite
    deployments_dir: deployments
"""

RETURN = r"""
freezes:
  description: The freezes that hold.
  returned: always
  type: list
  elements: dict
  sample: [{"scope": "site", "by": "ada", "reason": "Nobody is here until Monday"}]
table:
  description: The same as a table.
  returned: always
  type: str
  sample: frozen  by  at (UTC)  why
"""
