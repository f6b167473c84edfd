#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: doctor
short_description: Compare what credentials can do on Proxmox VE with what they should
version_added: 0.1.0
author:
  - The clusterwright maintainers (@clusterwright)
description:
  - Reads the privileges of the facts, which are those of the credential that read them, and says
    what is missing and what is too much, and whether it ends within the next 30 days.
  - A V(reader) looks at everything and changes nothing. A V(writer) looks as well, and writes in
    the pool of the site profile, on its storages and bridge, and clones its template.
  - Returns the commands that make both, with an end date, and the same as data for
    M(clusterwright.proxmox.credentials). This action runs on the controller and changes nothing.
options:
  credential:
    description: What the credential is for; without it, nothing is compared.
    type: str
    choices: [reader, writer]
  site:
    description: Site profile.
    type: dict
    required: true
  snapshot:
    description: Facts that the credential read, of M(clusterwright.proxmox.proxmox_facts).
    type: dict
    required: true
  guests:
    description: VMIDs of guests that are to be taken over with the credential.
    type: list
    elements: int
    default: []
  days:
    description: How many days the credentials hold that the commands make.
    type: int
    default: 365
attributes:
  check_mode:
    description: Can run in check mode and does the same.
    support: full
  diff_mode:
    description: Has no difference to show.
    support: none
"""

EXAMPLES = r"""
- name: Read the cluster
  clusterwright.proxmox.proxmox_facts:
  register: facts

- name: What may this token do, and what should it?
  clusterwright.proxmox.doctor:
    credential: writer
    site: "{{ site }}"
    snapshot: "{{ facts.ansible_facts.proxmox }}"
"""

RETURN = r"""
missing:
  description: What it should be able to do and is not, one sentence for each path.
  returned: success
  type: list
  elements: str
  sample: ["It lacks VM.Clone on /vms/9000."]
excess:
  description: What it could do to guests, hosts and users of others, one sentence for each path.
  returned: success
  type: list
  elements: str
  sample: ["On / it could stop any guest."]
along:
  description: What comes with a right that the site profile asks for, one sentence for each.
  returned: success
  type: list
  elements: str
ending:
  description: That the credential ends within the next 30 days.
  returned: success
  type: list
  elements: str
guests:
  description: What it lacks to take O(guests) over, and the command for it, one sentence for each.
  returned: success
  type: list
  elements: str
wanted:
  description: Both credentials as they should be, with pool and roles.
  returned: success
  type: dict
  sample: {pool: clusterwright, roles: {}, accounts: []}
commands:
  description: Commands that make both credentials, for root on any node of the cluster.
  returned: success
  type: list
  elements: str
  sample: [pveum pool add clusterwright]
"""
