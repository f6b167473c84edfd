# SPDX-License-Identifier: GPL-3.0-or-later
"""What no request can be: impossible sizes, quorums and names; and what is still missing."""

from __future__ import annotations

import dataclasses
import ipaddress
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import Finding
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._reading import (
    Question,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    ClusterThing,
    Machines,
    MachinesThing,
    Request,
    machines_of,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._pins import pin
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._clauses import (
    sentences,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._data import (
    called_by,
    load,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._record import Record
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._said import (
    MAX_MACHINES,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._words import (
    Vocabulary,
)

MIN_MEMORY_MIB, MIN_NODE_MEMORY_MIB = 16, 512
MAX_CORES, MAX_MEMORY_MIB, MAX_DISK_GIB = 768, 16 * 1024 * 1024, 65536
MAX_VMID = 999_999_999
QUORUM = (1, 3, 5)
#: No host is larger than this: what is asked of stated hosts beyond it cannot fit.
HOST_THREADS, HOST_MEMORY_MIB, CPU_OVERCOMMIT = 1024, 24 * 1024 * 1024, 4


@dataclasses.dataclass
class _Notes:
    findings: list[Finding] = dataclasses.field(default_factory=list)
    questions: list[Question] = dataclasses.field(default_factory=list)

    def note(self, severity: str, rule: str, field: str, message: str) -> None:
        finding = Finding(id=rule, severity=severity, field=field, message=message)  # type: ignore[arg-type]
        self.findings.append(finding)

    def ask(self, rule: str, text: str, choices: tuple[str, ...] = ()) -> None:
        if all(question.id != rule for question in self.questions):
            self.questions.append(Question(id=rule, text=text, choices=choices))


def check(
    wanted: Request, vocabulary: Vocabulary, previous: Record | None
) -> tuple[list[Finding], list[Question]]:
    """Return the findings and questions of a request; none of them changes it."""
    notes = _Notes()
    clusters = [thing for thing in wanted.things if isinstance(thing, ClusterThing)]
    for thing in wanted.things:
        if isinstance(thing, ClusterThing):
            _cluster(notes, thing)
            for role in ("servers", "agents", "nodes"):
                _machines(notes, f"{role}", getattr(thing, role), MIN_NODE_MEMORY_MIB)
        elif isinstance(thing, MachinesThing):
            _machines(notes, thing.id, thing, MIN_MEMORY_MIB)
            _missing(notes, wanted, thing)
            if clusters and thing.software:
                _beside(notes, thing)
    if len(clusters) > 1:
        notes.ask("several.clusters", "Several clusters were said; say one of them at a time.")
    _hosts(notes, wanted)
    _twice(notes, wanted)
    _assumed(notes, wanted)
    _nothing(notes, wanted, previous)
    _remarks(notes, wanted, vocabulary)
    return notes.findings, notes.questions


def without_impossible(wanted: Request) -> Request:
    """Return the request without the sizes that no machine can have; they are asked about."""

    def possible(group: Machines, least_mib: int) -> dict[str, t.Any]:
        low = group.memory_mib is not None and 0 <= group.memory_mib < least_mib
        return {"memory_mib": None} if low else {}

    things: list[t.Any] = []
    for thing in wanted.things:
        if isinstance(thing, ClusterThing):
            roles = ("servers", "agents", "nodes")
            groups = {role: getattr(thing, role) for role in roles}
            changed = {
                role: group.model_copy(update=possible(group, MIN_NODE_MEMORY_MIB))
                for role, group in groups.items()
            }
            things.append(thing.model_copy(update=changed))
        elif isinstance(thing, MachinesThing):
            things.append(thing.model_copy(update=possible(thing, MIN_MEMORY_MIB)))
        else:
            things.append(thing)
    return wanted.model_copy(update={"things": tuple(things)})


def _assumed(notes: _Notes, wanted: Request) -> None:
    """Warn where neither a size nor a load was said of parts without a brand."""
    plain = [
        thing
        for thing in wanted.things
        if isinstance(thing, MachinesThing) and thing.part and not thing.software
    ]
    bare = [x for x in plain if not (x.cores or x.memory_mib or x.totals or x.loads or x.scale)]
    if len(bare) > 1 and not (wanted.loads or wanted.scale or wanted.sla):
        named = ", ".join(str(thing.part) for thing in bare)
        message = (
            f"Neither a size nor a load was said for {named}: their sizes are an assumption; say"
            " how many people or requests they serve."
        )
        notes.note("warning", "request.assumed", "things", message)


def _beside(notes: _Notes, thing: MachinesThing) -> None:
    names = ", ".join(entry.family for entry in thing.software)
    told = thing.kind or thing.cores or thing.memory_mib or thing.disk_gib or thing.names
    notes.note(
        "info" if told else "warning",
        "request.beside",
        thing.id,
        f"{names} is no add-on of the cluster: it runs on machines of its own beside it.",
    )


def _twice(notes: _Notes, wanted: Request) -> None:
    """Ask whether a part without a brand is the software that another sentence names.

    "A database server …. MariaDB …": one machine or two.
    """
    machines = [x for x in wanted.things if isinstance(x, MachinesThing)]
    for part in machines:
        if part.software or not part.part or part.names or (part.count or 1) > 1:
            continue
        brands = {*called_by(part.part)}
        for other in machines:
            named = [entry.family for entry in other.software if entry.family in brands]
            same = _sentence_of(wanted, part.id) == _sentence_of(wanted, other.id)
            if named and not same and not other.part:
                notes.ask(
                    "several.parts",
                    f"Is the {part.part} another machine than that of {named[0]}, or the same one?",
                    ("another one", "the same one"),
                )


def _sentence_of(wanted: Request, thing: str) -> int:
    """Return in which sentence of the text a thing is named first; -1 where it is not known."""
    text = wanted.reading.text if wanted.reading else ""
    said = wanted.reading.statements if wanted.reading else ()
    start = min((s.quote.start or 0 for s in said if s.thing == thing), default=-1)
    places = enumerate(sentences(text))
    return next((at for at, (low, high) in places if low <= start < high), -1)


def _machines(notes: _Notes, where: str, machines: Machines, least_mib: int) -> None:
    limits = {
        "cores": ("cores", 1, MAX_CORES),
        "memory_mib": ("MiB of memory", least_mib, MAX_MEMORY_MIB),
        "disk_gib": ("GiB of disk", 1, MAX_DISK_GIB),
        "gpu": ("GPUs", 1, 16),
    }
    for name, (unit, low, high) in limits.items():
        value = getattr(machines, name)
        if value is None:
            continue
        field = f"{where}.{name}"
        if value < 0:
            message = f"{value} {unit} is negative; say a size above 0."
            notes.note("error", "request.negative", field, message)
        elif value < low:
            hint = (
                f"Is {value} GB meant?" if name == "memory_mib" and value else "How much is meant?"
            )
            notes.ask(
                f"limit.{name.replace('_', '-')}",
                f"{value} {unit} is impossible; at least {low} is needed. {hint}",
            )
        elif value > high:
            message = f"{value} {unit} is over the limit of {high} per machine."
            notes.note("error", "request.limit", field, message)
    source = machines.source.vmid if machines.source is not None else None
    ranges = [("count", machines.count, 0, MAX_MACHINES), ("vlan", machines.vlan, 1, 4094)]
    ranges += [("vmid", vmid, 100, MAX_VMID) for vmid in machines.vmids]
    ranges += [("template", source, 100, MAX_VMID)]
    for name, number, least, most in ranges:
        if number is not None and not least <= number <= most:
            rule = "request.limit" if name == "count" else f"request.{name}"
            message = f"The {name} {number} is outside {least} to {most}."
            notes.note("error", rule, f"{where}.{name}", message)
    for address in machines.addresses:
        problem = _unusable(address)
        if problem:
            notes.note("error", "request.address", where, f"{problem}; say another one.")
    stores = {entry.family for entry in machines.software} & {*load("software.yml")["stores"]}
    if machines.ha and machines.count == 2 and stores:
        message = (
            f"Two members of {stores.pop()} have no quorum: when one fails, the other stops. Say"
            " three, or an arbitrator beside them."
        )
        notes.note("warning", "request.quorum", f"{where}.count", message)
    for kind, values in (("names", machines.names), ("VMIDs", machines.vmids)):
        if len(values) > 1 and machines.count not in (None, len(values)):
            notes.ask(
                f"contradiction.{kind.lower()}",
                f"{machines.count} machines and {len(values)} {kind}"
                f" ({', '.join(map(str, values))}) were said; which is right?",
            )


def _unusable(value: str) -> str | None:
    """Return why no machine can have this address."""
    if value.lower() == "dhcp":
        return None
    try:
        interface = ipaddress.ip_interface(value)
    except ValueError:
        return f"{value} is not an IP address"
    network = interface.network
    if "/" not in value or network.num_addresses <= 2 or network.version == 6:
        return None
    if interface.ip == network.broadcast_address:
        return f"{value} is the broadcast address of {network}"
    if interface.ip == network.network_address:
        return f"{value} is the address of the network {network} itself"
    return None


def _cluster(notes: _Notes, cluster: ClusterThing) -> None:
    """Check quorum, version and the arithmetic of a total and its parts."""
    servers, agents, total = cluster.servers.count, cluster.agents.count, cluster.nodes.count
    if servers == 0:
        message = "A cluster needs at least one server; use 1, 3 or 5."
        notes.note("error", "request.quorum", "servers", message)
    elif servers is not None and servers > max(QUORUM):
        message = f"{servers} control planes are over the limit of {max(QUORUM)}; use 1, 3 or 5."
        notes.note("error", "request.quorum", "servers", message)
    elif servers is not None and servers not in QUORUM:
        notes.note(
            "warning",
            "request.quorum",
            "servers",
            f"{servers} control planes cannot be used: etcd needs 1, 3 or 5 members"
            f" ({servers} survive no more failures than {max(servers - 1, 1)}).",
        )
    elif servers == 1 and cluster.ha:
        message = "One control plane is not highly available; high availability needs 3 or 5."
        notes.note("warning", "request.quorum", "servers", message)
    if (
        total is not None
        and servers is not None
        and agents is not None
        and (servers + agents != total)
    ):
        notes.ask(
            "contradiction.nodes",
            f"{servers} control planes and {agents} workers are {servers + agents} nodes,"
            f" but {total} were said; which numbers are right?",
        )
    if total is not None and total < (servers or 0) + (agents or 0) and None in (servers, agents):
        notes.ask("contradiction.nodes", f"{total} nodes cannot hold all that was said of them.")
    if total == 0:
        notes.note("error", "request.nodes", "nodes", "A cluster has at least one node.")
    _version(notes, cluster.version)


def _version(notes: _Notes, version: str | None) -> None:
    if version is None:
        return
    releases = [str(name) for name in pin("k3s.releases")]
    newest = max(int(name.split(".")[1]) for name in releases)
    minor = version.split(".")[1].split("-")[0].split("+")[0] if "." in version else ""
    if minor.isdigit() and int(minor) > newest:
        message = f"There is no Kubernetes {version}; there are {', '.join(sorted(releases))}."
        notes.note("error", "request.version", "version", message)


def _missing(notes: _Notes, wanted: Request, thing: MachinesThing) -> None:
    """Ask for the size or the purpose of machines of which neither was said."""
    if thing.software or thing.part or thing.purpose or wanted.workload:
        return
    if thing.cores or thing.memory_mib or thing.totals or thing.scale or wanted.scale:
        return
    one = "container" if thing.kind == "lxc" else "VM"
    name = "" if thing.names else f" What is the name of the {one}?"
    source = "" if thing.source or thing.os else " Which system or template is it made from?"
    notes.ask(
        "missing.size",
        f"What is the purpose of the {one}, or which size shall it have (cores, memory, disk)?"
        f"{name}{source}",
    )


def _hosts(notes: _Notes, wanted: Request) -> None:
    """Refuse what no cluster of the stated number of hosts can hold."""
    hosts = sum(e.count or 1 for e in wanted.exists if e.what == "host")
    if not hosts:
        return
    cores = memory = 0
    for thing in wanted.things:
        groups = machines_of(thing)
        cores += sum((group.count or 1) * (group.cores or 0) for group in groups)
        memory += sum((group.count or 1) * (group.memory_mib or 0) for group in groups)
    most_cores, most_memory = hosts * HOST_THREADS * CPU_OVERCOMMIT, hosts * HOST_MEMORY_MIB
    if cores > most_cores or memory > most_memory:
        notes.note(
            "error",
            "capacity.stated_hosts",
            "hosts",
            f"{cores} vCPUs and {memory // 1024} GiB of memory cannot run on {hosts} hosts; no"
            f" {hosts} hosts have more than {most_cores} vCPUs and {most_memory // 1024} GiB.",
        )


def _nothing(notes: _Notes, wanted: Request, previous: Record | None) -> None:
    asked = wanted.reading is not None and wanted.reading.questions
    said = wanted.reading.statements if wanted.reading else ()
    changes = any(statement.kind == "change" for statement in said)
    if wanted.things or changes or wanted.destroy or asked:
        return
    if wanted.reading is not None and wanted.reading.off_topic:
        return
    if previous is not None:
        names = ", ".join(sorted({group.role for group in previous.groups})[:6])
        text = f"What shall change? {previous.deployment} has {names or 'no machines'}."
    else:
        text = (
            "What shall be built: a VM, a container, a cluster or which software? Say also for"
            " how many people, or which size (cores, memory, disk)."
        )
    notes.ask("missing.thing", text)


def _remarks(notes: _Notes, wanted: Request, vocabulary: Vocabulary) -> None:
    """Tell what was said and no plan can hold."""
    said = wanted.reading.statements if wanted.reading else ()
    if any(s.topic == "address" and s.value == "public" for s in said):
        message = (
            "A public address was said: it is routed or forwarded outside of this plan; the"
            " machines get addresses of the site's network."
        )
        notes.note("warning", "request.public_address", "network", message)
    for goal in (s for s in said if s.topic == "sla" and s.kind != "remark"):
        message = (
            f'"{goal.quote.text}" is a goal from which no number of this plan follows; say high'
            " availability, or sizes."
        )
        notes.note("info", "request.goal", "sla", message)
    if any(s.topic == "backup" and s.kind == "wish" for s in said) and not wanted.backups:
        held = ", ".join(vocabulary.storages[:6]) or "none is known"
        message = (
            "Backups were said, but no storage for backups is known (one whose name holds backup"
            f" or pbs; storages: {held}); name one in the site profile (backups)."
        )
        notes.note("warning", "request.backups", "backups", message)
