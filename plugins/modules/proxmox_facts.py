#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: the facts of a Proxmox VE cluster in few calls."""

from __future__ import annotations

DOCUMENTATION = r"""
module: proxmox_facts
short_description: Facts of a Proxmox VE cluster in few calls
version_added: 0.1.0
author:
  - The clusterwright maintainers (@clusterwright)
description:
  - Reads nodes, storages, guests, bridges and vnets, pools, templates, ISOs, backup jobs, PCI
    mappings, high availability and the own privileges of a whole cluster into one typed object.
  - Without addresses it sends at most C(5 + 4 * nodes) requests, however many guests there are,
    and repeats a failed one at most twice. Offline nodes are not asked.
  - What could not be read, and why, is in RV(ansible_facts.proxmox.missing), one entry per item.
    An unreadable part does not fail the module; wrong credentials or no cluster at all do.
  - Proxmox VE 8 and 9 give the same result. Nothing is ever changed.
  - With O(reader) and O(writer) the reader reads everything, and the writer is asked for its
    privileges and its end only.
  - A token needs C(Sys.Audit) on C(/), C(VM.Audit) on C(/vms), C(Datastore.Audit) on C(/storage)
    and C(SDN.Audit) on C(/sdn) for complete facts; for addresses also C(VM.GuestAgent.Audit) on
    C(/vms) (C(VM.Monitor) on Proxmox VE 8).
options:
  depth:
    description:
      - V(basic) reads the cluster without looking into single guests.
      - V(addresses) also reads the configuration of each guest and asks the guest agent of running
        machines and Proxmox VE about running containers, for IP and MAC addresses, exact disk
        sizes and the start-at-boot flag. It also adds CPU models and lists every storage, and says
        when the credentials end.
    type: str
    choices: [basic, addresses]
    default: basic
  required:
    description:
      - With V(false) a cluster that is not configured or not reachable is a warning and
        RV(ansible_facts.proxmox) is empty, for planning only.
      - Wrong credentials and an untrusted certificate still fail.
    type: bool
    default: true
extends_documentation_fragment:
  - clusterwright.proxmox.api
attributes:
  check_mode:
    description: Can run in check mode and return the same result without changing anything.
    support: full
  diff_mode:
    description: Shows what changed; nothing ever does.
    support: N/A
  facts:
    description: Returns facts that stay for the rest of the play.
    support: full
  platform:
    description: Where it can run.
    support: full
    platforms: posix
seealso:
  - plugin: clusterwright.proxmox.guests
    plugin_type: inventory
"""

EXAMPLES = r"""
- name: Read the cluster with an API token
  clusterwright.proxmox.proxmox_facts:
    api_host: pve1.example.com
    api_token_id: automation@pve!plan
    api_token_secret: "{{ proxmox_token_secret }}"
    ca_path: files/pve-root-ca.pem

- name: Read it with all addresses in use, connection from the environment
  clusterwright.proxmox.proxmox_facts:
    depth: addresses

- name: Plan even where no cluster can be reached
  clusterwright.proxmox.proxmox_facts:
    required: false

- name: Show the free memory of each node
  ansible.builtin.debug:
    msg: "{{ item.name }}: {{ item.memory_mib - item.memory_used_mib }} MiB"
  loop: "{{ ansible_facts.proxmox.nodes }}"
  loop_control:
    label: "{{ item.name }}"
"""

RETURN = r"""
msg:
  description: Why there are no facts.
  returned: when O(required=false) and there are none
  type: str
  sample: >-
    No Proxmox VE host is given: set api_host or the environment variable PROXMOX_HOST.
    Planning goes on without facts of a cluster.
ansible_facts:
  description: The facts, added to the host.
  returned: always
  type: dict
  contains:
    proxmox:
      description:
        - The cluster at one moment. Memory is in MiB, disk in GiB, CPU load a fraction of 0 to 1.
        - Empty when O(required=false) and the cluster could not be reached.
      returned: always
      type: dict
      contains:
        schema_version:
          description: Version of this shape.
          returned: when the cluster was read
          type: int
          sample: 1
        source:
          description: Where and when the facts came from, and at what cost.
          returned: when the cluster was read
          type: dict
          sample:
            endpoint: https://pve1.example.com:8006
            collected_at: "2026-11-21T10:00:00Z"
            seconds: 0.31
            calls: 22
            depth: basic
            verified: true
        cluster:
          description: Name of the cluster, null for a single node outside any cluster.
          returned: when the cluster was read
          type: str
          sample: lab
        quorate:
          description: Whether the cluster has quorum.
          returned: when the cluster was read
          type: bool
          sample: true
        version:
          description: Version of Proxmox VE.
          returned: when the cluster was read
          type: dict
          sample: {version: 9.1.8, release: "9.1", major: 9}
        nodes:
          description:
            - The nodes with their load and what is promised to their guests, running or not
              (templates do not count). Offline nodes carry only their names and promises.
          returned: when the cluster was read
          type: list
          elements: dict
          sample:
            - name: pve1
              online: true
              cpus: 32
              cpu_load: 0.21
              memory_mib: 257000
              memory_used_mib: 121034
              uptime_seconds: 8463000
              cpu_model: AMD EPYC 7343
              sockets: 1
              address: 192.0.2.11
              committed_cpus: 44
              committed_memory_mib: 180224
              committed_disk_gib: 2210.0
              maintenance: false
        storages:
          description: The storages as each node sees them; shared ones repeat on each node.
          returned: when the cluster was read
          type: list
          elements: dict
          sample:
            - storage: local-lvm
              node: pve1
              type: lvmthin
              content: [images, rootdir]
              shared: false
              enabled: true
              active: true
              total_gib: 1700.0
              used_gib: 610.5
              available_gib: 1089.5
        guests:
          description:
            - All guests that the credentials may see, templates included.
            - C(disk_gib) is the boot disk with O(depth=basic) and all disks with
              O(depth=addresses).
          returned: when the cluster was read
          type: list
          elements: dict
          sample:
            - vmid: 101
              name: web-1
              type: qemu
              node: pve1
              status: running
              template: false
              cpus: 2
              cpu_load: 0.09
              memory_mib: 4096
              memory_used_mib: 2048
              disk_gib: 32.0
              tags: [clusterwright, cw-web, env-production, role-vm]
              pool: prod
              lock: null
              ha: started
              on_boot: true
              addresses: [192.0.2.101]
              address_source: agent
              mac_addresses: ["BC:24:11:00:00:01"]
        bridges:
          description: Bridges of each node, and applied SDN vnets (without node).
          returned: when the cluster was read
          type: list
          elements: dict
          sample:
            - name: vmbr0
              type: bridge
              node: pve1
              cidr: 192.0.2.11/24
              vlan_aware: true
              zone: null
              tag: null
        pools:
          description: Names of the resource pools.
          returned: when the cluster was read
          type: list
          elements: str
          sample: [dev, prod]
        volumes:
          description: ISOs, container templates and importable disk images.
          returned: when the cluster was read
          type: list
          elements: dict
          sample:
            - volume_id: local:import/debian-13.qcow2
              storage: local
              node: pve1
              content: import
              size_gib: 0.4
        pci_mappings:
          description: PCI resource mappings and the nodes that have them.
          returned: when the cluster was read
          type: list
          elements: dict
          sample:
            - {id: gpu1, nodes: [pve1], description: null}
        backup_jobs:
          description: Scheduled backup jobs.
          returned: when the cluster was read
          type: list
          elements: dict
          sample:
            - id: nightly
              enabled: true
              schedule: "02:30"
              storage: backup
              mode: snapshot
              selection: all
        ha:
          description:
            - What high availability manages, and its groups (8) or rules (9) with their comments.
          returned: when the cluster was read
          type: dict
          sample:
            manager_status: pve1 (active, Sat Nov 21 09:02:23 2026)
            resources: ["vm:101"]
            groups: []
            rules: [web-apart]
            comments: {web-apart: Deployment web}
        privileges:
          description:
            - Privileges by path, of O(writer) where it is given, else the own ones. A path that is
              not listed has those of its nearest listed parent.
          returned: when the cluster was read
          type: dict
          sample:
            "/": [Sys.Audit, VM.Audit]
        credentials:
          description: Credentials that end some day, with V(depth=addresses), and when.
          returned: when the cluster was read
          type: list
          elements: dict
          sample:
            - {identity: "clusterwright-writer@pve!provision", ends: "2027-11-30T00:00:00Z"}
        next_vmid:
          description: A free id, null when it cannot be known.
          returned: when the cluster was read
          type: int
          sample: 105
        missing:
          description: What could not be read, or only in part, and why.
          returned: when the cluster was read
          type: list
          elements: dict
          sample:
            - id: facts.node-offline
              severity: warning
              field: nodes.pve3
              message: "Node pve3 is offline: it was not asked, and its guests may lack numbers."
              source: ""
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve import access
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.client import (
    Client,
    Connection,
    connect,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.collect import collect
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.ends import end_of
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.errors import (
    UNREACHABLE,
    HostMissingError,
    PveError,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.options import (
    INSECURE,
    argument_spec,
)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            **argument_spec(),
            "depth": {"type": "str", "choices": ["basic", "addresses"], "default": "basic"},
            "required": {"type": "bool", "default": True},
        },
        supports_check_mode=True,
    )
    options = module.params
    if options["workers"] < 1 or options["timeout_seconds"] <= 0:
        module.fail_json(msg="workers must be at least 1 and timeout_seconds more than 0.")
    if not options["validate_certs"]:
        module.warn(INSECURE)
    facts = {}
    said = {}
    try:
        connection = Connection.from_options(options, "reader")
        client = connect(connection)
        try:
            facts = collect(client, depth=options["depth"], workers=options["workers"])
            ends = _ends(client, connection, options["depth"])
            facts["source"]["calls"] = client.calls
        finally:
            client.close()
        if options["writer"]:
            connection = Connection.from_options(options, "writer")
            client = connect(connection)
            try:
                facts["privileges"] = access.compact(client.get("/access/permissions"))
                ends += _ends(client, connection, options["depth"])
            finally:
                client.close()
        facts["credentials"] = ends
    except PveError as error:
        if options["required"] or not isinstance(error, (*UNREACHABLE, HostMissingError)):
            module.fail_json(msg=str(error))
        said["msg"] = f"{error} Planning goes on without facts of a cluster."
        # Who names no host wants none; one that was named and does not answer is worth a warning.
        if not isinstance(error, HostMissingError):
            module.warn(said["msg"])
    module.exit_json(changed=False, ansible_facts={"proxmox": facts}, **said)


def _ends(client: Client, connection: Connection, depth: str) -> list[dict[str, str]]:
    """Return when a credential ends, as an entry of the facts; nothing where it never does."""
    ends = end_of(client, connection.identity) if depth == "addresses" else None
    return [{"identity": connection.identity, "ends": ends}] if ends else []


if __name__ == "__main__":
    main()
