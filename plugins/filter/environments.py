# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: environments
short_description: Tell which environments plans touch
version_added: 0.1.0
author:
  - The clusterwright maintainers (@clusterwright)
description:
  - Returns the environment of each plan and those that the tags of its machines say (C(env-NAME)),
    each once. All of them have to allow what is done.
positional: _input
options:
  _input:
    description: Plans, as M(clusterwright.proxmox.llm_size) returns them.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Show whose rules hold
  ansible.builtin.debug:
    msg: "{{ [sized.plan] | clusterwright.proxmox.environments }}"
"""

RETURN = r"""
_value:
  description: Names of environments.
  type: list
  elements: str
"""

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.module_utils._environments import touched


class FilterModule:
    """The filter of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return it by its name."""
        return {"environments": touched}
