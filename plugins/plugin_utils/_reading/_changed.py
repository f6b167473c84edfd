# SPDX-License-Identifier: GPL-3.0-or-later
"""Statements of change into changes of the applied record; what names nothing is asked."""

from __future__ import annotations

import collections
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import Finding
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._reading import (
    Question,
    Reading,
    Statement,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    Change,
    Target,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._record import (
    Group,
    Record,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._targets import (
    CLUSTER_ROLES,
    find,
    target_of,
)

#: What a cluster has as a whole: "it" is that cluster, whatever machines there are.
OF_CLUSTER = frozenset({"version", "cni", "vip"})


def absent(made: t.Iterable[Change], previous: Record | None) -> list[Finding]:
    """Return a warning for each add-on that shall go and is not there: nothing is to be done."""
    return [
        Finding(
            id="change.absent",
            severity="warning",
            field="addons",
            message=f'"{change.said}": there is no add-on {change.value} in the deployment, so'
            " nothing is removed.",
        )
        for change in made
        if change.field == "addons"
        and change.verb == "remove"
        and previous is not None
        and change.value not in previous.addons
    ]


def changes(reading: Reading, previous: Record | None) -> tuple[tuple[Change, ...], list[Question]]:
    """Return the changes of a reading, and a question for each that names nothing that exists."""
    made: list[Change] = []
    questions: list[Question] = []
    targets: dict[str, list[Statement]] = collections.defaultdict(list)
    for statement in reading.statements:
        if statement.kind == "change" and statement.topic == "whole" and statement.about:
            targets[statement.thing].append(statement)
    for statement in reading.statements:
        if statement.kind != "change" or (statement.topic == "whole" and statement.about):
            continue
        said = _words(reading, statement)
        named = [target_of(s.about, s.value) for s in targets.get(statement.thing, [])]
        for target in [found for found in named if found] or [Target(pronoun=True)]:
            made.append(_change(statement, target, said))
    for change in made:
        question = _question(change, previous)
        if question is not None and question.text not in {q.text for q in questions}:
            questions.append(question)
    return tuple(made), questions


def _words(reading: Reading, statement: Statement) -> str:
    """Return the words of the order that a statement belongs to."""
    quotes = [
        s.quote for s in reading.statements if s.kind == "change" and s.thing == statement.thing
    ]
    start = min(quote.start or 0 for quote in quotes)
    return reading.text[start : max(quote.end or 0 for quote in quotes)][:240]


def _change(statement: Statement, target: Target, said: str) -> Change:
    field = {"addon": "addons", "thing": "kind"}.get(statement.topic, statement.topic)
    return Change(
        verb=statement.verb or "set",
        target=target,
        field=field,
        value=statement.value,
        before=statement.before,
        bound=statement.bound,
        said=said,
    )


def _question(change: Change, previous: Record | None) -> Question | None:
    target = change.target
    if previous is None:
        text = (
            f'"{change.said}" changes something that is there, but no deployment is known; name the'
            " deployment, or say what shall be built."
        )
        return Question(id="change.nothing", text=text)
    if change.field == "addons" or target.addon is not None:
        return _addon_question(change, previous)
    if change.field in OF_CLUSTER and target.pronoun:
        return _cluster_question(change, previous)
    found, question = find(change, previous.groups)
    if question is not None:
        grows = change.verb == "add" and target.role in CLUSTER_ROLES
        return None if grows else question
    groups = [group for group, _names in found]
    return _value_question(change, groups) or _quorum_question(change, groups)


def _cluster_question(change: Change, previous: Record) -> Question | None:
    if previous.cluster is not None:
        return None
    text = f'"{change.said}": {previous.deployment} has no cluster that this could be changed of.'
    return Question(id="change.target", text=f"{text} What is meant?")


def _addon_question(change: Change, previous: Record) -> Question | None:
    name = str(change.target.addon or change.value)
    if change.verb == "add" and previous.cluster is None:
        text = f'"{change.said}": there is no cluster that {name} could be added to. What is meant?'
        return Question(id="change.addon", text=text)
    return None


def _value_question(change: Change, found: list[Group]) -> Question | None:
    """Ask by how much, where no number was said, and where what is there is another number."""
    units = {"memory_mib": "GiB of memory", "disk_gib": "GiB of disk", "cores": "cores"}
    unit = units.get(change.field)
    if unit is None:
        return None
    if change.value is None and change.verb in ("increase", "decrease", "set"):
        now = found[0].memory_mib // 1024 if change.field == "memory_mib" else None
        now = found[0].disk_gib if change.field == "disk_gib" else now or found[0].cores
        text = f'"{change.said}": how much {unit} shall it be (now {now})?'
        return Question(id="change.value", text=text)
    return None


def _quorum_question(change: Change, found: list[Group]) -> Question | None:
    servers = next((g for g in found if g.role == "server"), None)
    if servers is None or change.field != "count" or change.value is None:
        return None
    now, value = len(servers.names), float(change.value)
    after = {"increase": now + value, "add": now + value, "decrease": now - value}.get(
        change.verb, value
    )
    if change.verb == "remove":
        after = now - value
    if after in (1, 3, 5) or after < 0:
        return None
    text = (
        f'"{change.said}" leaves {after:g} servers: etcd needs an odd number for its quorum.'
        " Shall it be 1 or 3 servers?"
    )
    return Question(id="change.quorum", text=text, choices=("1", "3"))
