# SPDX-License-Identifier: GPL-3.0-or-later
"""What the planner reads and what it gives: hosts, nodes, steps."""

from __future__ import annotations

import functools
import hashlib
import json
import typing as t
from dataclasses import dataclass, field

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._keys import merged

MARK = "Written by the Ansible role clusterwright.proxmox.k3s"
DATA_DIR = "/var/lib/rancher/k3s"
CONFIG_DIR = "/etc/rancher/k3s"
BINARY_NAME = "k3s"
PORT = 6443


def url(address: str, port: int) -> str:
    """Return an https URL; IPv6 addresses are bracketed."""
    return f"https://[{address}]:{port}" if ":" in address else f"https://{address}:{port}"


@dataclass(frozen=True)
class Host:
    """One host of the inventory.

    ``options`` are its variables, typed; ``facts`` is the result of ``k3s_host_info``, None
    when the host does not answer or was not asked yet.
    """

    name: str
    options: t.Mapping[str, t.Any]
    facts: t.Mapping[str, t.Any] | None = None

    @property
    def is_server(self) -> bool:
        """Whether the inventory lists it as a server."""
        return self.name in self.options["servers"]

    @property
    def node(self) -> str:
        """Name of its node."""
        return str(self.options["node_name"] or self.name)

    @property
    def unit(self) -> str:
        """Name of its service, without suffix."""
        return "k3s" if self.is_server else "k3s-agent"

    @property
    def unit_path(self) -> str:
        """Path of the unit."""
        return f"/etc/systemd/system/{self.unit}.service"

    @property
    def binary(self) -> str:
        """Path of the binary."""
        return f"{self.options['binary_dir']}/{BINARY_NAME}"

    @functools.cached_property
    def own_config(self) -> dict[str, t.Any]:
        """What the user adds to its configuration."""
        return merged(self.options["server_config" if self.is_server else "agent_config"])

    @property
    def data_dir(self) -> str:
        """Where k3s keeps its data."""
        return str(self.own_config.get("data-dir") or DATA_DIR)

    @property
    def fact(self) -> t.Mapping[str, t.Any]:
        """Its facts; empty when there are none."""
        return self.facts or {}

    @property
    def addresses(self) -> tuple[str, ...]:
        """Its addresses in the cluster, one for each IP version."""
        listed = str(self.options["node_address"]).split(",")
        return tuple(part.strip() for part in listed if part.strip())

    @property
    def address(self) -> str:
        """The address by which others reach it: that of the first IP version."""
        return self.addresses[0] if self.addresses else ""

    @property
    def loopback(self) -> str:
        """Address by which the host itself reaches the API of its server."""
        own = str(self.own_config.get("bind-address") or "")
        if own and own not in ("0.0.0.0", "::"):  # noqa: S104
            return own
        return "::1" if ":" in self.address else "127.0.0.1"

    @property
    def has_data(self) -> bool:
        """Whether it holds the datastore of a cluster."""
        return bool(self.fact.get("datastore"))

    @property
    def has_joined(self) -> bool:
        """Whether it was part of a cluster already."""
        return self.has_data or bool(self.fact.get("agent_data"))

    def service(self, name: str = "") -> t.Mapping[str, bool]:
        """Return the state of a unit; of k3s without a name."""
        state: t.Mapping[str, bool] = self.fact.get("services", {}).get(name or self.unit, {})
        return state

    @property
    def runs(self) -> bool:
        """Whether k3s runs there."""
        return bool(self.service().get("active"))


@dataclass(frozen=True)
class Cluster:
    """All hosts of the play with one wish; ``hosts`` in the order servers, agents."""

    hosts: tuple[Host, ...]
    token: str | None = None
    """Keyed fingerprint of the token on the controller; None: there is none."""

    @property
    def options(self) -> t.Mapping[str, t.Any]:
        """Options that hold for the whole cluster: those of the first server."""
        return (self.servers or self.hosts)[0].options

    @property
    def name(self) -> str:
        """Name of the cluster."""
        return str(self.options["cluster_name"])

    @functools.cached_property
    def servers(self) -> tuple[Host, ...]:
        """Hosts that are listed as servers, in that order."""
        return tuple(host for host in self.hosts if host.is_server)

    @functools.cached_property
    def agents(self) -> tuple[Host, ...]:
        """Hosts that are listed as agents."""
        return tuple(host for host in self.hosts if not host.is_server)

    def host(self, name: str) -> Host:
        """Return a host by its inventory name."""
        return next(host for host in self.hosts if host.name == name)

    @property
    def port(self) -> int:
        """Port of the API on every server."""
        return int((self.servers or self.hosts)[0].own_config.get("https-listen-port") or PORT)

    @property
    def vip_provider(self) -> str:
        """Who holds the shared address."""
        return str(self.options["vip_provider"])

    @property
    def vip(self) -> str:
        """The shared address; empty when there is none."""
        return "" if self.vip_provider == "none" else str(self.options["vip"])

    @functools.cached_property
    def living(self) -> tuple[Host, ...]:
        """Servers whose k3s runs and whose API answered when the facts were read."""
        return tuple(host for host in self.servers if host.fact.get("api") == "ok")

    @property
    def exists(self) -> bool:
        """Whether any host already holds data of this cluster."""
        return any(host.has_data for host in self.servers)

    @property
    def founder(self) -> Host:
        """The server that starts the cluster, or started it as far as can be known."""
        with_data = [host for host in self.servers if host.has_data]
        started = [host for host in with_data if host.fact.get("cluster_init")]
        return (started or with_data or list(self.servers))[0]

    @functools.cached_property
    def nodes(self) -> dict[str, t.Mapping[str, t.Any]]:
        """Nodes the API knows, by name; empty when no API answers."""
        for host in self.living:
            return {str(node["name"]): node for node in host.fact.get("nodes", ())}
        return {}

    def endpoint(self, host: Host) -> str:
        """Return the address by which ``host`` finds the cluster for good."""
        if self.vip:
            return self.vip
        others = [server for server in self.servers if server.name != host.name]
        known = [server for server in others if server.has_data and server.facts is not None]
        if self.exists and known:
            return known[0].address
        return self.founder.address


@dataclass(frozen=True)
class Step:
    """One thing that is done on one host.

    ``action`` names the task file; ``undo`` says how it is taken back; ``via`` is the server
    that carries it out when that is not the host itself.
    """

    action: str
    host: str
    reason: str
    undo: str = ""
    via: str = ""
    arguments: t.Mapping[str, t.Any] = field(default_factory=dict)
    together: bool = True
    """Whether equal steps of other hosts may run at the same time."""

    def line(self) -> str:
        """Return the step as a person reads it."""
        on = f"{self.host} (by {self.via})" if self.via else self.host
        undo = f" [undo: {self.undo}]" if self.undo else ""
        return f"{self.action:<14} {on:<24} {self.reason}{undo}"


@dataclass(frozen=True)
class Plan:
    """What would be done: nothing when there are problems."""

    steps: tuple[Step, ...] = ()
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def sha256(self) -> str:
        """Return the digest that an approval is bound to."""
        data = [
            [step.action, step.host, step.via, step.reason, step.arguments] for step in self.steps
        ]
        return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()

    def lines(self) -> list[str]:
        """Return the steps for a person, numbered."""
        return [f"{number:>3}. {step.line()}" for number, step in enumerate(self.steps, 1)]

    def stages(self) -> list[dict[str, t.Any]]:
        """Return the steps as they are carried out: equal neighbours at the same time.

        What a server does for nodes runs on that server, with all ``nodes`` in its arguments.
        """
        result: list[dict[str, t.Any]] = []
        for step in self.steps:
            last = result[-1] if result else None
            equal = last is not None and step.together and last["together"]
            if equal and last is not None and last["key"] == (step.action, step.via):
                if step.via:
                    last["arguments"][step.via]["nodes"].append(step.arguments["node"])
                    continue
                if step.host not in last["hosts"]:
                    last["hosts"].append(step.host)
                    last["arguments"][step.host] = dict(step.arguments)
                    continue
            result.append(_stage(step))
        return result


def _stage(step: Step) -> dict[str, t.Any]:
    runs_on, arguments = step.via or step.host, dict(step.arguments)
    if step.via:
        arguments["nodes"] = [arguments.pop("node")]
    return {
        "action": step.action,
        "key": (step.action, step.via),
        "hosts": [runs_on],
        "arguments": {runs_on: arguments},
        "together": step.together,
    }
