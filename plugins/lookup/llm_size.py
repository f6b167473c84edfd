# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Size sentences inside an expression; see DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
name: llm_size
author:
  - The clusterwright maintainers (@clusterwright)
short_description: Plans of sentences, sized by rules
version_added: 0.1.0
description:
  - Returns one plan for each sentence, as M(clusterwright.proxmox.llm_size) does with
    O(clusterwright.proxmox.llm_size#module:provider=none). A plan that is not ready is returned
    with its status.
requirements:
  - pydantic
  - PyYAML
options:
  _terms:
    description: What is wanted, in plain words.
    type: list
    elements: str
    required: true
  site:
    description: The site profile with storages, network, template and keys.
    type: dict
    required: true
  snapshot:
    description: Facts of the Proxmox VE cluster. Without them the plans are not verified.
    type: dict
    default: {}
  deployment:
    description: Name of the deployment. By default one is made from each request.
    type: str
seealso:
  - module: clusterwright.proxmox.llm_size
"""

EXAMPLES = r"""
- name: Show what a sentence would need
  ansible.builtin.debug:
    msg: "{{ lookup('clusterwright.proxmox.llm_size', 'HA cluster', site=site).summary }}"
"""

RETURN = r"""
_raw:
  description: One plan for each sentence.
  type: list
  elements: dict
"""

import typing as t

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils import _contracts, _sizing
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._knowledge import (
    KnowledgeError,
)


class LookupModule(LookupBase):
    """Thin face of ``plugin_utils._sizing``."""

    def run(
        self, terms: list[str], variables: dict[str, t.Any] | None = None, **kwargs: t.Any
    ) -> list[dict[str, t.Any]]:
        """Return the plans."""
        self.set_options(var_options=variables, direct=kwargs)
        options = {name: self.get_option(name) for name in ("site", "snapshot", "deployment")}
        try:
            plans = [_sizing.size_data(intent=term, **options)[1] for term in terms]
        except (_contracts.ContractError, KnowledgeError, RuntimeError) as error:
            raise AnsibleLookupError(str(error)) from None
        return [_contracts.to_data(plan) for plan in plans]
