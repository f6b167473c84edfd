#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: audit
short_description: Verify that no row of the ledger was touched
version_added: 0.1.0
author:
  - The clusterwright maintainers (@clusterwright)
description:
  - Verifies the chain of the ledger and every row it speaks of, and fails with each row that was
    changed, removed, added or cut off, the first one first.
  - Pinned heads that are not in the chain any more are found by every audit until somebody says
    with O(acknowledge) that this is known. From then on each audit names it, and holds.
  - With E(CLUSTERWRIGHT_LEDGER_KEY) the hashes of the chain are HMACs with that key. Without one,
    who can write the ledger can also write that something was acknowledged.
  - This action runs on the controller.
requirements:
  - SQLAlchemy 2 on the controller
options:
  ledger:
    description: Path of an SQLite file, or an SQLAlchemy URL.
    type: str
    required: true
  pin:
    description:
      - Where heads of the chain are kept elsewhere, one JSON object a line. It is a file, or an
        address that begins with V(https://). The heads that are read there must be in the chain;
        when all holds, this head is added.
      - A server that answers 404, 405 or 501 to a GET has no heads to compare with, or only takes
        them. No redirection is followed.
    type: str
  pin_method:
    description: V(POST) sends the newest head alone, V(PUT) replaces what is there by all heads.
    type: str
    choices: [POST, PUT]
    default: POST
  pin_token_file:
    description:
      - File with the bearer token of that server. Without it E(CLUSTERWRIGHT_PIN_TOKEN) has the
        token, if there is one. It is only sent over TLS, or to this machine.
    type: path
  pin_ca_path:
    description: File with the certificate that the server's is checked with; else the system's.
    type: path
  export:
    description: File to write the chain and all its rows to, as JSON.
    type: path
  acknowledge:
    description:
      - Hash of the newest head that is missing, as an audit names it, or its first twelve letters
        or more. It and those pinned before it are lost, and that is known.
      - A row that was changed, removed or added cannot be acknowledged.
    type: str
  reason:
    description: How the rows were lost. Required with O(acknowledge).
    type: str
    default: ""
attributes:
  check_mode:
    description: Verifies and writes nothing.
    support: full
  diff_mode:
    description: Has no difference to show.
    support: none
"""

EXAMPLES = r"""
- name: Verify the ledger and pin its head on another disk
  clusterwright.proxmox.audit:
    ledger: deployments/ledger.sqlite
    pin: /mnt/worm/clusterwright.heads

- name: Pin the head on a server that keeps what it is sent
  clusterwright.proxmox.audit:
    ledger: deployments/ledger.sqlite
    pin: https://pins.example.org/clusterwright
    pin_token_file: /run/secrets/pin

- name: Say that the former ledger is gone
  clusterwright.proxmox.audit:
    ledger: deployments/ledger.sqlite
    acknowledge: 4f1d4b0ce1a2
    reason: The disk of the controller broke, and there was no copy
"""

RETURN = r"""
entries:
  description: Number of entries of the chain.
  returned: always
  type: int
  sample: 128
head:
  description: Hash of the last entry that holds.
  returned: always
  type: str
  sample: 4f1d4b0ce1a2d6a2a8a0f7b1c0a4d9f3e2b1c0d9e8f7a6b5c4d3e2f1a0b9c8d7
problems:
  description: One sentence for each row that was touched, the first one first.
  returned: always
  type: list
  elements: str
  sample: []
acknowledged:
  description: One sentence for each cut that somebody acknowledged.
  returned: always
  type: list
  elements: str
  sample: []
"""
