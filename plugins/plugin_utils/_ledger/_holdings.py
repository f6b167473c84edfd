# SPDX-License-Identifier: GPL-3.0-or-later
"""What deployments hold of everything that two of them could want; one transaction each."""

from __future__ import annotations

import hashlib
import ipaddress
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger._rules import (
    LedgerError,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger._store import (
    Row,
    Store,
)

#: Kind of a holding -> (its words in a sentence, its key in ``reserved``).
KINDS = {
    "vmid": ("Vmid", "vmids"),
    "name": ("Name", "names"),
    "address": ("Address", "addresses"),
    "vrrp": ("VRRP router id", "vrrp_router_ids"),
    "ha_rule": ("HA rule", "ha_rules"),
    "pci": ("PCI mapping", "pci_mappings"),
    "backup": ("Backup job", "backup_jobs"),
    "network": ("Network", "networks"),
}
#: What planning chooses: planned again, it is another one.
CHOSEN = ("vmid", "name", "address", "vrrp")
NUMBERS = ("vmid", "vrrp")
#: State of what an apply that has not come to its end may have made.
BEGUN = "begun"
#: A sentence belongs to its deployment as long as that is known; nothing else holds it.
SENTENCE = "sentence"


class Holdings(Store):
    """VMIDs, names, addresses and the rest; a value has one holder, or nobody."""

    def reserve(
        self, deployment: str, machines: t.Iterable[Row] = (), claims: t.Iterable[Row] = ()
    ) -> None:
        """Hold what a proposal needs, all or nothing; what was applied stays held beside it.

        ``machines``: ``{"name", "vmid", "address"}``; ``claims``: ``{"kind", "value",
        "machine"}``. They replace what an earlier proposal of the deployment held.
        Raises ``LedgerError`` naming the first thing that another deployment holds.
        """
        self._wish(deployment, [*_of_machines(machines), *claims], "planned")

    def begin(
        self, deployment: str, machines: t.Iterable[Row] = (), claims: t.Iterable[Row] = ()
    ) -> None:
        """Hold what an apply is about to make: from now on it may be there, whatever is planned.

        Raises ``LedgerError`` like ``reserve``.
        """
        self._wish(deployment, [*_of_machines(machines), *claims], BEGUN)

    def _wish(self, deployment: str, wanted: t.Iterable[Row], state: str) -> None:
        a = self._t.allocations
        with self._transaction() as c:
            mine = (a.c.deployment == deployment) & (a.c.kind != SENTENCE)
            self._drop(c, a, mine & (a.c.state == "planned"))
            self._hold(c, deployment, wanted, state)

    def hold(
        self, deployment: str, machines: t.Iterable[Row] = (), claims: t.Iterable[Row] = ()
    ) -> None:
        """Hold exactly what an apply made; what it took away is free again."""
        wanted = [*_of_machines(machines), *claims]
        a = self._t.allocations
        with self._transaction() as c:
            self._drop(c, a, (a.c.deployment == deployment) & (a.c.kind != SENTENCE))
            self._hold(c, deployment, wanted, "applied")

    def _hold(self, c: t.Any, deployment: str, wanted: t.Iterable[Row], state: str) -> None:
        a = self._t.allocations
        held = c.execute(self._sa.select(a).where(a.c.kind != SENTENCE)).mappings().all()
        owners = {(row["kind"], row["value"]): row["deployment"] for row in held}
        others = [row for row in held if row["deployment"] != deployment]
        for claim in wanted:
            kind, value = claim["kind"], str(claim["value"])
            holder = owners.get((kind, value))
            if kind == "network":
                # Overlays of two clusters may be alike; one over addresses of others is not.
                holder = _inside(value, others)
                value = f"{deployment}:{value}"[:64]
            elif kind == "address":
                holder = holder or _covered(value, others)
            if holder not in (None, deployment):
                raise LedgerError(
                    f"{KINDS[kind][0]} {claim['value']} was taken by deployment {holder} in the"
                    " meantime; run the plan again."
                    if kind in CHOSEN
                    else f"{KINDS[kind][0]} {claim['value']} belongs to deployment {holder}."
                )
            if owners.setdefault((kind, value), deployment) is deployment and not any(
                row["kind"] == kind and row["value"] == value for row in held
            ):
                self._put(
                    c,
                    a,
                    {
                        "kind": kind,
                        "value": value,
                        "deployment": deployment,
                        "machine": claim["machine"],
                        "state": state,
                    },
                )
                held = [*held, {"kind": kind, "value": value, "deployment": deployment}]

    def release(self, deployment: str) -> None:
        """Give back everything that a deployment held and that is gone."""
        a = self._t.allocations
        with self._transaction() as c:
            self._drop(c, a, (a.c.deployment == deployment) & (a.c.kind != SENTENCE))

    def forget(self, deployment: str) -> None:
        """Give back everything and the name itself; the runs stay on record."""
        a = self._t.allocations
        with self._transaction() as c:
            self._drop(c, a, a.c.deployment == deployment)

    def holders(self) -> set[str]:
        """Return the deployments that hold something that is, or may be, on the cluster."""
        sa, a = self._sa, self._t.allocations
        there = sa.or_(a.c.state != "planned", a.c.state.is_(None))
        held = sa.select(a.c.deployment).distinct().where(a.c.kind != SENTENCE, there)
        with self._transaction() as c:
            return set(c.execute(held).scalars())

    def reserved(self, *, but: str) -> dict[str, list[t.Any]]:
        """Return what other deployments hold, by the keys of ``KINDS``, sorted."""
        sa, a = self._sa, self._t.allocations
        with self._transaction() as c:
            rows = c.execute(
                sa.select(a.c.kind, a.c.value).where(a.c.deployment != but, a.c.kind != SENTENCE)
            ).all()
        held: dict[str, list[t.Any]] = {key: [] for _words, key in KINDS.values()}
        for kind, value in sorted(rows):
            text = value.partition(":")[2] if kind == "network" else value
            held[KINDS[kind][1]].append(int(text) if kind in NUMBERS else text)
        return held

    # -- names of deployments

    def name_for(
        self, sentence: str, base: str, taken: t.Container[str] = (), *, hold: bool = True
    ) -> tuple[str, bool]:
        """Return the deployment of a sentence, and whether it is a new one; hold its name.

        A sentence that was said before continues its deployment; another one gets ``base``, or
        ``base`` with the first free number.

        Raises:
            LedgerError: the sentence made more than one deployment.
        """
        sa, a, w = self._sa, self._t.allocations, self._t.workflows
        with self._transaction() as c:
            known = (
                c.execute(
                    sa.select(a.c.value)
                    .where(a.c.kind == SENTENCE, a.c.machine == sentence_digest(sentence))
                    .order_by(a.c.value)
                )
                .scalars()
                .all()
            )
            if len(known) > 1:
                raise LedgerError(
                    f"This sentence made the deployments {', '.join(known)}; say which one is"
                    " meant with -e deployment=NAME."
                )
            if known:
                return str(known[0]), False
            held = set(c.execute(sa.select(a.c.deployment).distinct()).scalars())
            held |= set(c.execute(sa.select(w.c.deployment).distinct()).scalars())
            name = free_name(base, lambda wanted: wanted in held or wanted in taken)
            if hold:
                self._say(c, name, sentence)
        return name, True

    def said(self, deployment: str, sentence: str) -> None:
        """Note the sentence that a deployment was planned from last."""
        with self._transaction() as c:
            self._say(c, deployment, sentence)

    def _say(self, c: t.Any, deployment: str, sentence: str) -> None:
        a, digest = self._t.allocations, sentence_digest(sentence)
        mine = (a.c.kind == SENTENCE) & (a.c.value == deployment)
        before = c.execute(self._sa.select(a.c.machine).where(mine)).scalar()
        if before == digest:
            return
        self._drop(c, a, mine)
        self._put(
            c,
            a,
            {
                "kind": SENTENCE,
                "value": deployment,
                "deployment": deployment,
                "machine": digest,
                "state": "planned",
            },
        )


def sentence_digest(sentence: str) -> str:
    """Return what is kept of a sentence to know it again; spaces do not matter."""
    return hashlib.sha256(" ".join(sentence.split()).encode()).hexdigest()[:40]


def free_name(base: str, taken: t.Callable[[str], bool]) -> str:
    """Return ``base``, or ``base`` with the first number that is free."""
    if not taken(base):
        return base
    number = 2
    while taken(f"{base}-{number}"):
        number += 1
    return f"{base}-{number}"


def _of_machines(machines: t.Iterable[Row]) -> list[Row]:
    return [
        {"kind": kind, "value": str(value), "machine": m["name"]}
        for m in machines
        for kind, value in (("vmid", m["vmid"]), ("name", m["name"]), ("address", m.get("address")))
        if value
    ]


def _inside(network: str, others: t.Iterable[Row]) -> str | None:
    """Return who holds an address inside of a network."""
    for row in others:
        if row["kind"] == "address" and _contains(network, row["value"]):
            return str(row["deployment"])
    return None


def _covered(address: str, others: t.Iterable[Row]) -> str | None:
    """Return whose pods or services an address would be taken for."""
    for row in others:
        if row["kind"] == "network" and _contains(row["value"].partition(":")[2], address):
            return str(row["deployment"])
    return None


def _contains(network: str, address: str) -> bool:
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False
