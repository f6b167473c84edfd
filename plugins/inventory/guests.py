# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible inventory of the guests on a Proxmox VE cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
name: guests
short_description: Machines of a Proxmox VE cluster as inventory
version_added: 0.1.0
author:
  - The clusterwright maintainers (@clusterwright)
description:
  - Lists the machines of this collection's deployments, those with the tag V(clusterwright), or
    with O(all_guests=true) every guest that the credentials may see. Templates are no hosts.
  - "Groups: C(role_ROLE), C(cluster_DEPLOYMENT) and C(env_ENVIRONMENT) out of the tags
    V(role-ROLE), V(cw-DEPLOYMENT) and V(env-ENVIRONMENT), C(tag_TAG) for every other tag, and
    C(node_NODE), C(pool_POOL), C(type_TYPE) and C(status_STATUS)."
  - The name of its file must end in C(guests.yml) or C(guests.yaml).
  - One request reads all guests. With O(addresses=true) one or two more follow for each listed
    guest, several at once.
  - Host variables are those of a guest in the result of M(clusterwright.proxmox.proxmox_facts),
    each with the prefix C(proxmox_), and C(ansible_host) with the first address.
options:
  plugin:
    description: Must be V(clusterwright.proxmox.guests).
    type: str
    required: true
    choices: [clusterwright.proxmox.guests]
  api_host:
    description:
      - Host name or address of any node of the cluster, with an optional C(:port), or its URL.
    type: str
    env:
      - name: PROXMOX_HOST
      - name: PROXMOX_URL
  all_guests:
    description: List guests that this collection did not make, too.
    type: bool
    default: false
  addresses:
    description: Read the addresses of the listed guests; without them there is no C(ansible_host).
    type: bool
    default: true
extends_documentation_fragment:
  - clusterwright.proxmox.api.plugin
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
"""

EXAMPLES = r"""
# proxmox.guests.yml: connection from PROXMOX_HOST, PROXMOX_TOKEN_ID and PROXMOX_TOKEN_SECRET
plugin: clusterwright.proxmox.guests

---
# the running guests of everyone, grouped by memory, cached for ten minutes
plugin: clusterwright.proxmox.guests
api_host: pve1.example.com
api_token_id: automation@pve!inventory
api_token_secret: "{{ lookup('ansible.builtin.env', 'INVENTORY_TOKEN_SECRET') }}"
ca_path: files/pve-root-ca.pem
all_guests: true
groups:
  large: proxmox_memory_mib >= 16384
compose:
  ansible_user: "'debian' if proxmox_type == 'qemu' else 'root'"
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: ~/.cache/inventory
cache_timeout: 600
"""

import typing as t

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable

from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.answers import (
    Item,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.client import (
    Connection,
    connect,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.collect import (
    collect_guests,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.errors import PveError
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.guest_facts import (
    OWNER_TAG,
    tags,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.options import INSECURE
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.truth import truth

GROUP_OF_TAG = {"role-": "role", "cw-": "cluster", "env-": "env"}
CONNECTION_OPTIONS = (
    "api_host",
    "api_port",
    "api_user",
    "api_password",
    "api_token_id",
    "api_token_secret",
    "validate_certs",
    "ca_path",
    "timeout_seconds",
)

Guest = dict[str, t.Any]


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """The inventory plugin."""

    NAME = "clusterwright.proxmox.guests"

    def verify_file(self, path: str) -> bool:
        """Accept ``….guests.yml`` and ``….guests.yaml``."""
        return super().verify_file(path) and path.endswith(("guests.yml", "guests.yaml"))

    def parse(self, inventory: t.Any, loader: t.Any, path: str, cache: bool = True) -> None:
        """Fill the inventory from the cache or from the cluster."""
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        key = self.get_cache_key(path)
        use_cache = self.get_option("cache") and cache
        found: list[Guest] | None = self._cache.get(key) if use_cache else None
        if found is None:
            found = self._read()
            if self.get_option("cache"):
                self._cache[key] = found
        names = [guest["name"] for guest in found]
        for guest in found:
            unique = guest["name"] and names.count(guest["name"]) == 1
            self._add(
                guest["name"] if unique else f"{guest['name'] or 'guest'}-{guest['vmid']}", guest
            )

    def _read(self) -> list[Guest]:
        options = {name: self._text_option(name) for name in CONNECTION_OPTIONS}
        if not options["validate_certs"]:
            self.display.warning(INSECURE)
        try:
            client = connect(Connection.from_options(options))
            try:
                found, missing = collect_guests(
                    client,
                    self._wanted,
                    addresses=self.get_option("addresses"),
                    workers=max(int(self.get_option("workers")), 1),
                )
            finally:
                client.close()
        except PveError as error:
            raise AnsibleParserError(str(error)) from None
        for item in missing:
            if item["severity"] == "info":
                self.display.vv(f"{item['field']}: {item['message']}")
            else:
                self.display.warning(f"{item['field']}: {item['message']}")
        return found

    def _text_option(self, name: str) -> t.Any:
        """Return an option; texts of the inventory file may be templates (a secret's look-up)."""
        value = self.get_option(name)
        return self.templar.template(value) if isinstance(value, str) else value

    def _wanted(self, item: Item) -> bool:
        if truth(item.get("template")):
            return False
        return self.get_option("all_guests") or OWNER_TAG in tags(item.get("tags"))

    def _add(self, name: str, guest: Guest) -> None:
        self.inventory.add_host(name)
        variables = {f"proxmox_{key}": value for key, value in guest.items()}
        if guest["addresses"]:
            variables["ansible_host"] = guest["addresses"][0]
        for key, value in variables.items():
            self.inventory.set_variable(name, key, value)
        for group in groups_of(guest):
            self.inventory.add_child(
                self.inventory.add_group(self._sanitize_group_name(group)), name
            )
        strict = self.get_option("strict")
        self._set_composite_vars(self.get_option("compose"), variables, name, strict=strict)
        self._add_host_to_composed_groups(self.get_option("groups"), variables, name, strict=strict)
        self._add_host_to_keyed_groups(
            self.get_option("keyed_groups"), variables, name, strict=strict
        )


def groups_of(guest: Guest) -> list[str]:
    """Return the names of a guest's groups before they are made safe."""
    result = []
    for tag in guest["tags"]:
        prefix = next((prefix for prefix in GROUP_OF_TAG if tag.startswith(prefix)), None)
        result.append(f"{GROUP_OF_TAG[prefix]}_{tag[len(prefix) :]}" if prefix else f"tag_{tag}")
    result += [f"node_{guest['node']}", f"type_{guest['type']}", f"status_{guest['status']}"]
    if guest["pool"]:
        result.append(f"pool_{guest['pool']}")
    return result
