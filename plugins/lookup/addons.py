# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) The clusterwright maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lookup of add-ons of the catalogue with all that follows from them."""

from __future__ import annotations

DOCUMENTATION = r"""
name: addons
author:
  - The clusterwright maintainers (@clusterwright)
version_added: 0.1.0
short_description: Add-ons of the catalogue with all that follows from them
description:
  - Returns what a list of names comes to on a cluster, with what is needed completed, in the order
    of installation.
  - The catalogue is the folder C(plugins/plugin_utils/_catalogue/entries) of the collection, one
    file for each add-on, and those of O(catalogue_dirs).
requirements:
  - pydantic
  - PyYAML
options:
  _terms:
    description: Names of add-ons, or one list of names; a text may be JSON or parted by commas.
    type: list
    elements: str
    required: true
  given:
    description:
      - What is known of the cluster, with C(deployment), C(servers) and C(agents) (numbers),
        C(kubernetes_version), C(cni), C(pod_cidr), C(service_cidr), C(api_host), C(api_port),
        C(load_balancer_range), C(server_addresses), C(node_addresses), C(disabled_components),
        C(excluded), C(settings) and C(values) (both by add-on).
    type: dict
    default: {}
  secrets:
    description: Secret settings by add-on; without them charts can be rendered, not installed.
    type: dict
    default: {}
  catalogue_dirs:
    description: Folders with add-ons of one's own.
    type: list
    elements: path
    default: []
seealso:
  - module: clusterwright.proxmox.helm_release_plan
"""

EXAMPLES = r"""
- name: Show what monitoring and Rancher come to
  ansible.builtin.debug:
    msg: >-
      {{ lookup('clusterwright.proxmox.addons', ['prometheus', 'headlamp'], given={'servers': 3}) }}
"""

RETURN = r"""
_raw:
  description:
    - One mapping with C(releases) (each with C(name), C(release), C(namespace), C(chart),
      C(values), C(objects), C(checks), C(removal) and more), C(named) (names of those asked for, as
      the catalogue has them), C(about) (what documents tell of each, with neither values nor
      settings), C(secret_settings) (each with C(addon), C(setting), and how it is had), C(checks)
      (each with C(addon)), C(refusals),
      C(questions) and C(warnings) (texts), C(disabled_components), C(server_config) and
      C(agent_config) for k3s, C(packages) (by os family), C(services) and C(modules) for the hosts.
  type: list
  elements: dict
"""

import contextlib
import json
import typing as t

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils import _catalogue, _contracts

#: What documents tell of an add-on; neither values nor settings.
ABOUT = ("name", "title", "namespace", "chart", "why", "notes", "checks")
FAMILIES = ("debian", "redhat", "suse")


def _names(term: t.Any) -> list[str]:
    """Return the names of a list, or of a text that is one: JSON, or parted by commas."""
    if not isinstance(term, str):
        return [name for item in term for name in _names(str(item))]
    if term.lstrip().startswith("["):
        with contextlib.suppress(ValueError):
            return _names(json.loads(term))
    return [name.strip() for name in term.split(",") if name.strip()]


class LookupModule(LookupBase):
    """Thin face of ``plugin_utils._catalogue``."""

    def run(
        self, terms: list[t.Any], variables: dict[str, t.Any] | None = None, **kwargs: t.Any
    ) -> list[dict[str, t.Any]]:
        """Return what the names come to."""
        self.set_options(var_options=variables, direct=kwargs)
        names = [name for term in terms for name in _names(term)]
        secrets = self.get_option("secrets")
        try:
            catalogue = _catalogue.load_catalogue(tuple(self.get_option("catalogue_dirs")))
            given = _contracts.parse(_catalogue.Given, self.get_option("given"))
            found = _catalogue.resolve(names, given, catalogue=catalogue)
        except (_contracts.ContractError, RuntimeError) as error:
            raise AnsibleLookupError(str(error)) from None
        releases = [
            _catalogue.release_of(chosen, found, secrets.get(chosen.name))
            for chosen in found.entries
        ]
        entries = map(catalogue.find, names)
        return [
            {
                "releases": releases,
                "named": sorted({entry.name for entry in entries if entry is not None}),
                "about": [{key: release[key] for key in ABOUT} for release in releases],
                "secret_settings": [
                    {"addon": release["name"], "setting": setting, **how}
                    for release in releases
                    for setting, how in release["secret_settings"].items()
                ],
                "checks": [
                    {"addon": release["name"], **check}
                    for release in releases
                    for check in release["checks"]
                ],
                "refusals": [finding.message for finding in found.refusals],
                "questions": [question.text for question in found.questions],
                "warnings": [f.message for f in found.findings if f.severity == "warning"],
                "disabled_components": list(found.disabled_components),
                "server_config": found.server_config,
                "agent_config": found.agent_config,
                "packages": {family: list(found.packages(family)) for family in FAMILIES},
                "services": list(found.services),
                "modules": list(found.modules),
            }
        ]
