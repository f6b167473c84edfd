# SPDX-License-Identifier: GPL-3.0-or-later
"""Simulated clusters that look a little other than the usual one, and plans made of their facts."""

from __future__ import annotations

import copy
import typing as t
from pathlib import Path

import yaml
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve import client, collect
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import Plan
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._task import size_data
from lab import pve as lab_pve
from lab.pve import PveServer
from lab.pve.clusters import Cluster

USUAL = Path(lab_pve.__file__).parent / "clusters" / "default.yml"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMcrbey3qmDsn/D9KqjM2W/FDe7nD7qy5GlE2c+WKDJF you@laptop"
SITE: dict[str, t.Any] = {
    "name": "home",
    "storages": {"default": "ceph-vm"},
    "network": {
        "bridge": "vmbr0",
        "subnet": "10.77.0.0/24",
        "gateway": "10.77.0.1",
        "machine_range": "10.77.0.20-10.77.0.199",
        "vip_range": "10.77.0.200-10.77.0.219",
        "load_balancer_range": "10.77.0.220-10.77.0.250",
        "reserved_ranges": ["10.77.0.2-10.77.0.19"],
    },
    "template": {"name": "debian-12-cloud", "os": "debian 12", "user": "debian"},
    "ssh_public_keys": [KEY],
    "vmid_range": [20000, 20999],
}
VM = "vm with 2 cores and 2 GB called web1"
TEMPLATE = 9000
CLOUD_INIT = "ceph-vm:vm-9000-cloudinit,media=cdrom,size=4M"
DISK = "ceph-vm:base-9000-disk-0,discard=on,size=3G"


def cluster(
    *,
    template: t.Mapping[str, t.Any] | None = None,
    without: t.Sequence[str] = (),
    edit: t.Callable[[dict[str, t.Any]], t.Any] | None = None,
) -> Cluster:
    """Return the usual cluster with another template, or changed by ``edit``.

    ``template`` are values of the template's configuration, ``without`` keys that it lacks.
    """
    data = copy.deepcopy(yaml.safe_load(USUAL.read_text(encoding="utf-8")))
    config = next(g for g in data["guests"] if g["vmid"] == TEMPLATE)["config"]
    for key in without:
        config.pop(key, None)
    config.update(template or {})
    if edit is not None:
        edit(data)
    return Cluster.model_validate(data)


def on_local(data: dict[str, t.Any]) -> None:
    """Move the template onto the storage that each host has for itself."""
    config = next(g for g in data["guests"] if g["vmid"] == TEMPLATE)["config"]
    config["scsi0"] = "local-lvm:base-9000-disk-0,size=3G"
    config["ide2"] = "local-lvm:vm-9000-cloudinit,media=cdrom,size=4M"


def site(**changes: t.Any) -> dict[str, t.Any]:
    """Return a site profile; ``network`` and ``storages`` change single keys."""
    data = copy.deepcopy(SITE)
    for part in ("network", "storages"):
        data[part].update(changes.pop(part, {}))
    return {**data, **changes}


def connect(server: PveServer, token: str | None = None) -> client.Client:
    """Return a client with a token, by default one that may do everything."""
    identity, _, secret = (token or server.make_token()).partition("=")
    return client.connect(
        client.Connection.from_options(
            {
                "api_host": server.endpoint,
                "api_token_id": identity,
                "api_token_secret": secret,
                "ca_path": str(server.ca_file),
            }
        )
    )


def planned(
    server: PveServer,
    intent: str = VM,
    *,
    at: t.Mapping[str, t.Any] | None = None,
    token: str | None = None,
    previous: Plan | None = None,
    **facts: t.Any,
) -> Plan:
    """Return the plan of a sentence, made of the facts that a cluster tells now, or of these."""
    facts = {**collect.collect(connect(server, token), depth="addresses"), **facts}
    _request, plan = size_data(
        site=at or site(),
        intent=intent,
        snapshot=facts,
        previous_plan=previous.model_dump(mode="json") if previous else None,
    )
    return plan


def messages(plan: Plan, severity: str | None = None) -> str:
    """Return what a plan has to say, as one text."""
    return "\n".join(
        f"{f.id}: {f.message}" for f in plan.findings if severity in (None, f.severity)
    )
