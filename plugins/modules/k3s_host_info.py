#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) The clusterwright maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Collect what the k3s role decides on, in one execution."""

from __future__ import annotations

DOCUMENTATION = r"""
module: k3s_host_info
author:
  - The clusterwright maintainers (@clusterwright)
version_added: 0.1.0
short_description: Collects what decides whether and how k3s is set up on a host
description:
  - Reads identity, network, clock, swap, firewall, files, services, k3s and its cluster, as far as
    one Linux host knows them.
  - Replaces many small tasks of the role P(clusterwright.proxmox.k3s#role), so that a second run
    over a cluster that is as wanted costs one execution for each host.
attributes:
  check_mode:
    description: Runs in check mode as otherwise, because it changes nothing.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
  platform:
    description: Hosts it runs on.
    platforms: linux
    support: full
options:
  address:
    description: Address of the host in its cluster; the interface that carries it is looked up.
    type: str
    required: true
  binary:
    description: Path of k3s's binary.
    type: path
    default: /usr/local/bin/k3s
  config_dir:
    description: Folder of k3s's configuration.
    type: path
    default: /etc/rancher/k3s
  data_dir:
    description: Folder of k3s's data.
    type: path
    default: /var/lib/rancher/k3s
  paths:
    description: Files whose mode and sha256 are wanted.
    type: list
    elements: path
    default: []
  secret_paths:
    description: Files whose mode is wanted, and a digest that only who knows O(salt) can compare.
    type: list
    elements: path
    default: []
  salt:
    description: Key of the digests of secrets; any text that nobody else knows.
    type: str
    default: ""
  services:
    description: Names of systemd units without suffix, each with the files it reads when it starts.
    type: dict
    default: {}
  commands:
    description: Commands to look for.
    type: list
    elements: str
    default: []
  sysctls:
    description: Kernel parameters to read.
    type: list
    elements: str
    default: []
  vip:
    description: Address of which is asked whether a neighbour holds it; empty asks nothing.
    type: str
    default: ""
  bucket:
    description: Bucket for snapshots that is asked whether it takes them; nothing asks nothing.
    type: dict
    suboptions:
      endpoint: {description: Host and port., type: str, required: true}
      bucket: {description: Name of the bucket., type: str, required: true}
      region: {description: Its region., type: str, required: true}
      access_key: {description: Name of the key., type: str, required: true}
      secret_key: {description: The key., type: str, required: true}
      session_token: {description: Token of a temporary key., type: str, default: ""}
      insecure: {description: By HTTP., type: bool, default: false}
      skip_verify: {description: Without looking at its certificate., type: bool, default: false}
      ca: {description: File of its certificate authority., type: str, default: ""}
      by_name: {description: The bucket is part of the host's name., type: bool, default: false}
  bucket_object:
    description: Snapshot that O(bucket) must hold.
    type: str
    default: ""
  cloud_init_timeout_seconds:
    description: How long to wait until cloud-init has finished, where it is installed.
    type: int
    default: 300
"""

EXAMPLES = r"""
- name: Look at the host
  clusterwright.proxmox.k3s_host_info:
    address: 192.0.2.21
    paths:
      - /etc/rancher/k3s/config.yaml
    services:
      k3s:
        - /etc/rancher/k3s/config.yaml
  register: host
"""

RETURN = r"""
address:
  description: The address that was given, so that other hosts can refer to it.
  type: str
  returned: always
hostname:
  description: Name the kernel knows.
  type: str
  returned: always
machine_id:
  description: Content of C(/etc/machine-id), empty when there is none.
  type: str
  returned: always
architecture:
  description: Machine type of the kernel.
  type: str
  returned: always
  sample: x86_64
container:
  description: Whether the host shares its kernel with others, which sets kernel parameters.
  type: bool
  returned: always
kmsg:
  description: Whether there is C(/dev/kmsg), without which the kubelet ends in a container.
  type: bool
  returned: always
os:
  description: Distribution, as C(ID) of os-release names it.
  type: str
  returned: always
  sample: debian
os_family:
  description: Distribution and those it is like, with blanks between them.
  type: str
  returned: always
init:
  description: Name of the first process.
  type: str
  returned: always
  sample: systemd
selinux:
  description: V(enforcing), V(permissive) or empty.
  type: str
  returned: always
selinux_policy:
  description: Whether the policy of the package C(k3s-selinux) is there.
  type: bool
  returned: always
memory_cgroup:
  description: Whether the kernel limits memory by control groups.
  type: bool
  returned: always
interface:
  description: Interface that carries O(address), empty when none does.
  type: str
  returned: always
  sample: eth0
prefix_length:
  description: Prefix length of O(address) on that interface.
  type: int
  returned: always
  sample: 24
addresses:
  description: All addresses, each with C(interface) and C(address) with its prefix length.
  type: list
  elements: dict
  returned: always
routes:
  description: Networks with a route, each with C(network), C(interface) and C(via).
  type: list
  elements: dict
  returned: always
default_route:
  description: Interface of the default route, empty when there is none.
  type: str
  returned: always
vip_holder:
  description: MAC address of the neighbour that holds O(vip), empty when none does.
  type: str
  returned: always
bucket:
  description: Why O(bucket) will not do, as C(refused) or C(silent); both are empty where it does.
  type: dict
  returned: always
begun:
  description: When it began to look, by the clock of the host, in seconds since the epoch.
  type: float
  returned: always
ended:
  description: When it had looked, by the same clock.
  type: float
  returned: always
swap:
  description: Active swap areas.
  type: list
  elements: str
  returned: always
fstab_swap:
  description: Whether C(/etc/fstab) mounts swap.
  type: bool
  returned: always
firewall:
  description: Active firewall, V(ufw), V(firewalld), V(nftables) (it drops what comes in) or empty.
  type: str
  returned: always
cloud_init:
  description: Status of cloud-init, V(absent) where it is not installed.
  type: str
  returned: always
  sample: done
missing_commands:
  description: Commands of O(commands) that are missing.
  type: list
  elements: str
  returned: always
sysctls:
  description: Values by name; a parameter that does not exist is left out.
  type: dict
  returned: always
space:
  description: By folder C(free_mib) and C(writable).
  type: dict
  returned: always
units:
  description: Units of k3s by file name, each with C(path), C(mark), C(arguments), C(drop_ins).
  type: dict
  returned: always
config_mark:
  description:
    - Whose C(config.yaml) is; none when there is none, empty when it is not the role's, C(?) when
      the cluster is not known, else the name of the cluster.
  type: str
  returned: always
config:
  description: Plain values of C(config.yaml); credentials are left out.
  type: dict
  returned: always
config_drop_ins:
  description: Files of C(config.yaml.d) by path, each with C(mark) and C(config).
  type: dict
  returned: always
keepalived_mark:
  description: Whose C(keepalived.conf) is, as RV(config_mark) says it.
  type: str
  returned: always
cluster_init:
  description: Whether the host was told to start a cluster.
  type: bool
  returned: always
datastore:
  description: V(etcd) or V(sqlite) where the host holds data of a cluster, else empty.
  type: str
  returned: always
agent_data:
  description: Whether the host was part of a cluster.
  type: bool
  returned: always
ca_sha256:
  description: sha256 of the certificate authority of the cluster it was part of.
  type: str
  returned: always
token:
  description: Digest of the server's token that only who knows O(salt) can compare.
  type: str
  returned: always
foreign_binaries:
  description: Other k3s binaries on the host.
  type: list
  elements: str
  returned: always
k3s_version:
  description: First line of C(k3s --version), empty when k3s is not installed.
  type: str
  returned: always
api:
  description: V(ok) where the API of this server answered, else why it did not; empty elsewhere.
  type: str
  returned: always
nodes:
  description: Nodes of the cluster, where the API answered.
  type: list
  elements: dict
  returned: always
files:
  description: One line C(path sha256 mode) for each existing file of O(paths).
  type: list
  elements: str
  returned: always
folders:
  description: Folders of O(paths) that exist.
  type: list
  elements: str
  returned: always
services:
  description: By name V(known), V(active), V(enabled), and V(outdated) when an input file is newer
    than the running process.
  type: dict
  returned: always
"""

import os
import shutil
import time
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.clusterwright.proxmox.plugins.module_utils._k3s.bucket import look
from ansible_collections.clusterwright.proxmox.plugins.module_utils._k3s.host import (
    Host,
    wait_for_cloud_init,
)

BUCKET: dict[str, dict[str, t.Any]] = {
    **{name: {"type": "str", "required": True} for name in ("endpoint", "bucket", "region")},
    **{
        name: {"type": "str", "required": True, "no_log": True}
        for name in ("access_key", "secret_key")
    },
    "session_token": {"type": "str", "default": "", "no_log": True},
    "insecure": {"type": "bool", "default": False},
    "skip_verify": {"type": "bool", "default": False},
    "ca": {"type": "str", "default": ""},
    "by_name": {"type": "bool", "default": False},
}
KEEPALIVED = "/etc/keepalived/keepalived.conf"


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "address": {"type": "str", "required": True},
            "binary": {"type": "path", "default": "/usr/local/bin/k3s"},
            "config_dir": {"type": "path", "default": "/etc/rancher/k3s"},
            "data_dir": {"type": "path", "default": "/var/lib/rancher/k3s"},
            "paths": {"type": "list", "elements": "path", "default": []},
            "secret_paths": {"type": "list", "elements": "path", "default": [], "no_log": False},
            "salt": {"type": "str", "default": "", "no_log": True},
            "services": {"type": "dict", "default": {}},
            "commands": {"type": "list", "elements": "str", "default": []},
            "sysctls": {"type": "list", "elements": "str", "default": []},
            "vip": {"type": "str", "default": ""},
            "bucket": {"type": "dict", "options": BUCKET},
            "bucket_object": {"type": "str", "default": ""},
            "cloud_init_timeout_seconds": {"type": "int", "default": 300},
        },
        supports_check_mode=True,
    )
    options, begun = module.params, time.time()

    def run(command: list[str]) -> tuple[int, str, str]:
        if shutil.which(command[0]) is None:
            return 127, "", f"{command[0]} is not installed"
        result: tuple[int, str, str] = module.run_command(command)
        return result

    host = Host(run, data_dir=options["data_dir"])
    result = host.identity()
    result["address"] = options["address"]
    result["cloud_init"] = wait_for_cloud_init(run, options["cloud_init_timeout_seconds"])
    result["missing_commands"] = [name for name in options["commands"] if not shutil.which(name)]
    result.update(host.network(options["address"]))
    own = {one["address"].partition("/")[0] for one in result["addresses"]}
    result["vip_holder"] = host.somebody_has(options["vip"], own) if options["vip"] else ""
    result.update(host.kernel(options["sysctls"]))
    result.update(host.files(options["paths"], options["secret_paths"], options["salt"]))
    result["services"] = host.services(options["services"])
    folders = [options["data_dir"], os.path.dirname(options["binary"])]
    result["space"] = host.space(folders)
    result.update(host.k3s(options["binary"], options["config_dir"], options["salt"]))
    result["keepalived_mark"] = host.mark(KEEPALIVED)
    result["bucket"] = (
        look(options["bucket"], options["bucket_object"]) if options["bucket"] else {}
    )
    result.update({"api": "", "nodes": []})
    if result["services"].get("k3s", {}).get("active"):
        result.update(host.api(options["binary"]))
    module.exit_json(changed=False, begun=begun, ended=time.time(), **result)


if __name__ == "__main__":
    main()
