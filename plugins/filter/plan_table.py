# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: plan_table
short_description: Show a plan to a person
version_added: 0.1.0
author:
  - The clusterwright maintainers (@clusterwright)
description:
  - Returns the lines that a person must see before saying yes. What was understood of the
    sentence, the machines with sizes, addresses and cost, cluster, add-ons, findings.
positional: _input
options:
  _input:
    description: A plan, as M(clusterwright.proxmox.llm_size) returns it.
    type: dict
    required: true
  request:
    description: The request that the plan answers.
    type: dict
  reasons:
    description: Whether each number comes with its reason and source, and other plans are told.
    type: bool
    default: true
requirements:
  - pydantic on the controller
"""

EXAMPLES = r"""
- name: Show the plan
  ansible.builtin.debug:
    msg: "{{ sized.plan | clusterwright.proxmox.plan_table(request=sized.request) }}"
"""

RETURN = r"""
_value:
  description: The lines.
  type: list
  elements: str
"""

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils import _contracts
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing import table


def plan_table(
    plan: dict[str, t.Any], request: dict[str, t.Any] | None = None, reasons: bool = True
) -> list[str]:
    """Return the lines of a plan."""
    try:
        read = _contracts.parse(_contracts.Plan, plan)
    except (_contracts.ContractError, RuntimeError) as error:
        raise AnsibleFilterError(str(error)) from None
    return table(read, request or {}, reasons=reasons)


class FilterModule:
    """The filter of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return it by its name."""
        return {"plan_table": plan_table}
