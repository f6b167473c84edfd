# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) The clusterwright maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lookup of pinned versions."""

from __future__ import annotations

DOCUMENTATION = r"""
name: pin
author:
  - The clusterwright maintainers (@clusterwright)
version_added: 0.1.0
short_description: Pinned versions of what this collection installs
description:
  - Returns what this collection pins, so that no playbook or role repeats a version.
  - The pins are the YAML files in C(plugins/plugin_utils/_pins) of the collection.
options:
  _terms:
    description: Paths of pins, their parts joined by dots, for example V(k3s.default).
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Show the k3s release that is installed by default
  ansible.builtin.debug:
    msg: "{{ lookup('clusterwright.proxmox.pin', 'k3s.default') }}"
"""

RETURN = r"""
_list:
  description: The pinned value of each path, a string or the mapping below it.
  type: list
  elements: raw
"""

import typing as t

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._pins import PinError, pin


class LookupModule(LookupBase):
    """Answer each term with what is pinned under it."""

    def run(self, terms: list[str], variables: t.Any = None, **kwargs: t.Any) -> list[t.Any]:
        """Return the pins named by ``terms``."""
        self.set_options(var_options=variables, direct=kwargs)
        try:
            return [pin(term) for term in terms]
        except PinError as error:
            raise AnsibleLookupError(str(error)) from error
