# SPDX-License-Identifier: GPL-3.0-or-later
"""From the hosts as they are to the cluster as it is wanted, in steps."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._bucket import (
    bucket_problems,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._config import (
    TOKEN_PATH,
    registration_of,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._files import (
    CONFIG_PATH,
    FIREWALL_PROGRAM,
    FIREWALL_UNIT,
    OPENINGS_PATH,
    File,
    files_of,
    holds_vip,
    image_paths,
    sysctls_of,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._guard import guard
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._labels import (
    label_changes,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._model import (
    Cluster,
    Host,
    Plan,
    Step,
    url,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._releases import (
    Binary,
    binary_of,
    binary_problems,
    is_newer,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._survivors import (
    survivors,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._upgrade import (
    left_cordoned,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._vip import vip_steps

Sources = t.Mapping[str, str]


class Planner:
    """Collects the steps of one plan; ``token`` None: the token on the hosts is right."""

    def __init__(
        self, cluster: Cluster, sources: Sources, token: str | None, only: t.Collection[str] = ()
    ) -> None:
        self.cluster = cluster
        self._sources = sources
        self._token = token
        self._only = frozenset(only)
        self.steps: list[Step] = []
        self.notes: list[str] = []
        self.problems: list[str] = []

    def plan(self) -> Plan:
        """Return the whole plan of ``cluster`` (and ``add``)."""
        cluster = self.cluster
        self.problems += guard(cluster) + binary_problems(cluster, self._sources)
        lost, sentences = survivors(cluster)
        self.problems += sentences
        if self.problems:
            return Plan(problems=tuple(self.problems))
        hosts = [host for host in cluster.hosts if host.name not in lost]
        self.notes += [
            f"{name} does not answer and is left out; replace or remove it." for name in lost
        ]
        chosen = [host for host in hosts if not self._only or host.name in self._only]
        self._token_step()
        binaries = {host.name: binary_of(cluster, host, self._sources) for host in chosen}
        self._check_versions(chosen, binaries)
        for host in chosen:
            self._forget_remade(host)
        for host in chosen:
            self._install(host, binaries[host.name])
        written = {host.name: self._write(host) for host in hosts}
        self._bucket(written)
        for host in hosts:
            self._firewall(host, written[host.name])
        self.steps += vip_steps(cluster, hosts, written)
        self._start(chosen, written, lost)
        self._labels(chosen)
        self.steps += left_cordoned(cluster) if cluster.living else []
        moved = any(step.action != "token" for step in self.steps)
        if moved or not self._all_ready(hosts):
            nodes = [host.node for host in hosts]
            self._add(
                "verify",
                next(host for host in [cluster.founder, *cluster.living] if host.name not in lost),
                f"all nodes are part of the cluster: {', '.join(nodes)}",
                arguments={"nodes": nodes},
            )
        self._leftovers()
        self._network_that_comes(hosts)
        if self.problems:
            return Plan(problems=tuple(self.problems))
        return Plan(tuple(self.steps), (), tuple(dict.fromkeys(self.notes)))

    def _add(self, action: str, host: Host, reason: str, **more: t.Any) -> None:
        self.steps.append(Step(action, host.name, reason, **more))

    def _is_new(self, host: Host) -> bool:
        return not host.has_joined

    def _token_step(self) -> None:
        """The controller has no token: it is read back where a cluster runs, else made."""
        if self.cluster.token is not None:
            return
        holders = [host for host in self.cluster.servers if host.fact.get("token")]
        if holders:
            reason = "the controller has no token; it is read back from a server"
            self._add("token", holders[0], reason, arguments={"read_back": True})
        elif not self.cluster.exists:
            self._add("token", self.cluster.founder, "a new cluster needs a token")
        else:
            self.problems.append(
                f"{self.cluster.options['token_file']} does not exist and no server that answers "
                "holds the token of its data."
            )

    # -- versions and the binary

    def _check_versions(self, hosts: list[Host], binaries: dict[str, Binary]) -> None:
        """A running cluster keeps its release; who joins it gets the same."""
        cluster = self.cluster
        if not cluster.exists:
            return
        running = {host.name: binaries[host.name] for host in hosts if host.has_joined}
        other = [name for name, binary in running.items() if not binary.wanted]
        wanted = str(cluster.options["version"])
        if not other:
            return
        now = running[other[0]].installed_version or "another release"
        joining = [host.name for host in hosts if self._is_new(host)]
        newer = "newer than" if is_newer(wanted, now) else "not"
        self.notes.append(
            f"{', '.join(other)} run {now}; {wanted} is {newer} what runs. Nothing moves by "
            "itself: run the entry point upgrade."
        )
        if joining:
            self.problems.append(
                f"{', '.join(joining)} would join with {wanted}, but the cluster runs {now}; set "
                f"k3s_version to {now}, or upgrade first."
            )

    # -- a machine that was made anew under its old name

    def _forget_remade(self, host: Host) -> None:
        cluster = self.cluster
        node = cluster.nodes.get(host.node)
        if node is None or not self._is_new(host) or not cluster.living:
            return
        if node["ready"] and not set(node["addresses"]) & set(host.addresses):
            self.problems.append(
                f"{host.name}: the cluster has a node {host.node} already, at "
                f"{', '.join(node['addresses'])}, and it is Ready; give this host another "
                "k3s_node_name."
            )
            return
        via = cluster.living[0].name
        what = "node and etcd member" if node["server"] else "node"
        self._add(
            "forget",
            host,
            f"the machine was made anew; its old {what} must go",
            via=via,
            arguments={"node": host.node},
        )

    # -- what a host needs before anything starts

    def _install(self, host: Host, binary: Binary) -> None:
        fact = host.fact
        missing = set(fact.get("missing_commands", ()))
        need = self._packages(host, missing)
        if need:
            self._add("packages", host, ", ".join(need), arguments={"packages": need})
        if not binary.wanted and self._is_new(host):
            undo = f"remove {host.binary}"
            self._add(
                "binary",
                host,
                f"k3s {host.options['version']}",
                undo=undo,
                arguments=binary.arguments(host.binary),
            )
        present = {line.rpartition(" ")[0] for line in fact.get("files", ())}
        absent = [
            str(source)
            for path, source in zip(image_paths(host), host.options["images_src"], strict=True)
            if f"{path} {self._sources.get(str(source), '')}" not in present
        ]
        if absent:
            folder = f"{host.data_dir}/agent/images"
            arguments = {"sources": absent, "folder": folder}
            self._add("images", host, f"{len(absent)} archives", arguments=arguments)
        swapping = (fact["swap"] or fact["fstab_swap"]) and not fact["container"]
        if self.cluster.options["swap_off"] and swapping:
            self._add("swap", host, "swap is on", undo="uncomment it in /etc/fstab")

    def _packages(self, host: Host, missing: set[str]) -> list[str]:
        need = []
        if holds_vip(self.cluster, host):
            need += sorted(missing & {"keepalived", "curl"})
        if self._is_new(host):
            need += [str(name) for name in host.options["packages"]]
        if host.fact.get("selinux") == "enforcing" and not host.has_joined:
            need += ["container-selinux"]
        return need

    # -- files

    def _write(self, host: Host) -> list[File]:
        """Plan the files that differ and return them; of hosts left alone only the address."""
        salt = str(host.options["salt"])
        differing = [
            file
            for file in files_of(self.cluster, host, self._token or self._placeholder(host))
            if file.differs(host.fact, salt)
        ]
        if self._only and host.name not in self._only:
            kept = [file for file in differing if file.restart in ("keepalived", "firewall")]
            if len(kept) < len(differing):
                names = ", ".join(file.path for file in differing if file not in kept)
                self.notes.append(f"{host.name} would get other {names}; it is left as it is.")
            differing = kept
        here = [file for file in differing if file.restart != "firewall"]
        if here:
            names = ", ".join(file.path.rpartition("/")[2] for file in here)
            self._add("write", host, names, arguments={"paths": [file.path for file in here]})
        wanted = sysctls_of(host)
        unset = [key for key, value in wanted.items() if host.fact["sysctls"].get(key) != value]
        unset = [key for key in unset if key in host.fact["sysctls"]]
        chosen = not self._only or host.name in self._only
        if unset and chosen and not host.fact["container"]:
            self._add("kernel", host, f"parameters {', '.join(unset)}")
        return differing

    def _bucket(self, written: dict[str, list[File]]) -> None:
        """New settings of a bucket must fit; one that a running cluster has is only named."""
        found = bucket_problems(self.cluster)
        files = [file for host in self.cluster.servers for file in written.get(host.name, ())]
        if any(file.path == CONFIG_PATH for file in files):
            self.problems += found
        else:
            self.notes += found or bucket_problems(self.cluster, must_answer=True)

    def _firewall(self, host: Host, written: list[File]) -> None:
        """Whoever joins must be let in by all others, so this holds for every host."""
        paths = [file.path for file in written if file.restart == "firewall"]
        if not paths:
            return
        present = {line.split(" ")[0] for line in host.fact.get("files", ())}
        arguments = {
            "paths": paths,
            "openings": OPENINGS_PATH,
            "again": OPENINGS_PATH in present,
            "program": FIREWALL_PROGRAM,
            "unit": FIREWALL_UNIT if host.fact["firewall"] == "nftables" else "",
        }
        reason = f"{host.fact['firewall']} lets the cluster's ports in"
        self._add("firewall", host, reason, arguments=arguments)

    def _placeholder(self, host: Host) -> str | None:
        """While the token is not known: only hosts without one lack it."""
        present = {line.split(" ")[0] for line in host.fact.get("files", ())}
        return None if TOKEN_PATH in present else ""

    # -- services

    def _verb(self, host: Host, written: list[File]) -> tuple[str, str]:
        """Return what the unit needs, and why; an empty text when it needs nothing."""
        service = host.service()
        changed = [file.path.rpartition("/")[2] for file in written if file.restart == host.unit]
        if not service.get("active"):
            return "start", "it joins the cluster" if self._is_new(host) else "it does not run"
        if changed:
            return "restart", f"{', '.join(changed)} changed"
        if service.get("outdated"):
            return "restart", "it still runs with older files"
        return ("start", "it would not start at boot") if not service.get("enabled") else ("", "")

    def _start(
        self, hosts: list[Host], written: dict[str, list[File]], lost: t.Collection[str]
    ) -> None:
        cluster = self.cluster
        first = not cluster.exists
        founder = cluster.founder
        order = [host for host in hosts if host.is_server]
        order.sort(key=lambda host: (not host.has_data, host.name != founder.name))
        for host in order + [host for host in hosts if not host.is_server]:
            verb, reason = self._verb(host, written[host.name])
            if not verb:
                continue
            if host.is_server and verb == "restart" and lost:
                self.problems.append(
                    f"{host.name} must be restarted ({reason}) while {', '.join(lost)} does not "
                    "answer; replace or remove that first."
                )
            arguments = {"verb": f"{verb}ed", "voter": host.is_server}
            if self._is_new(host) and host.name != founder.name and host.is_server:
                arguments["join_url"] = url(self._join_address(host), cluster.port)
            together = (first and host.name != founder.name) or not host.is_server
            self._add(
                "start",
                host,
                reason,
                undo="stop it" if verb == "start" else "",
                arguments=arguments,
                together=together,
            )

    def _join_address(self, host: Host) -> str:
        living = [server for server in self.cluster.living if server.name != host.name]
        return (living[0] if living else self.cluster.founder).address

    # -- nodes

    def _labels(self, hosts: list[Host]) -> None:
        cluster = self.cluster
        for host in hosts:
            node = cluster.nodes.get(host.node)
            if node is None or self._is_new(host):
                continue
            change = label_changes(node, registration_of(host), host.fact)
            if change:
                self._add(
                    "label",
                    host,
                    ", ".join(change["labels"] + change["taints"]),
                    via=cluster.living[0].name,
                    arguments={"node": host.node, **change},
                    together=False,
                )

    def _all_ready(self, hosts: list[Host]) -> bool:
        nodes = self.cluster.nodes
        known = [nodes.get(host.node) for host in hosts]
        registered = all(node is not None for node in known)
        if self.cluster.options["cni"] != "flannel":
            return registered
        return registered and all(node["ready"] for node in known if node is not None)

    def _network_that_comes(self, hosts: list[Host]) -> None:
        """Say who brings the network of the pods where k3s does not, until nodes are Ready."""
        cni, nodes = self.cluster.options["cni"], self.cluster.nodes
        if cni != "flannel" and not all(nodes.get(host.node, {}).get("ready") for host in hosts):
            self.notes.append(
                f"{cni}, the network of the pods, is no part of k3s: no node is Ready before it is "
                f"installed, by the role addons (addons_enabled: [{cni}]) or by you."
            )

    def _leftovers(self) -> None:
        wanted = {host.node for host in self.cluster.hosts}
        extra = sorted(set(self.cluster.nodes) - wanted)
        if extra:
            self.notes.append(
                f"The cluster has nodes that are not listed: {', '.join(extra)}; remove them with "
                f"the entry point remove (k3s_remove: [{', '.join(extra)}])."
            )
