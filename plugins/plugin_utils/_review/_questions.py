# SPDX-License-Identifier: GPL-3.0-or-later
"""The two questions to a model: what unknown software is, and how large the machines should be."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Finding,
    Plan,
    Request,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._proposal import (
    Proposal,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    MachinesThing,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._knowledge import (
    Knowledge,
    load_knowledge,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._model import _form
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._model._prompt import (
    Aliases,
    all_loads,
    build_prompt,
    groups_of,
    room,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._model._settings import Role
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._review._judge import Task

ROLES = frozenset({"server", "agent", "vm", "container", "lxc", "node"})
LIMITS = ("max_machines", "max_cores_per_machine", "max_memory_mib_per_machine", "max_monthly_cost")
Read = tuple[Proposal, str, tuple[Finding, ...]]


class Question(t.Protocol):
    """One question; ``base`` is the plan that an answer is compared with."""

    role: t.ClassVar[Role]
    base: Plan
    schema: dict[str, t.Any]

    def first_findings(self) -> tuple[Finding, ...]:
        """Return what the first prompt tells about the draft."""

    def prompt(self, findings: tuple[Finding, ...]) -> str:
        """Return the prompt of a round."""

    def read(self, answer: str) -> Read:
        """Return the proposal in an answer, what it says in short, and what is wrong with it."""

    def canonical(self, answer: str) -> str:
        """Return a good answer as plain JSON without anything that was not asked for."""


class SizesQuestion:
    """Asks which of the rules' own sizes each group shall have, where no document decides."""

    role: t.ClassVar[Role] = "size"

    def __init__(self, task: Task, base: Plan, proposal: Proposal) -> None:
        self.task = task
        self.base = base
        self.known = proposal
        knowledge = load_knowledge(tuple(task.site.knowledge_dirs))
        groups = groups_of(base, ROLES | _roles(knowledge))
        self.groups = [group for group in groups if group.name in task.offers]
        self.ids = [group.id for group in self.groups]
        self.schema = _form.sizes_schema(self.ids)
        self.aliases = Aliases(task.site, task.snapshot, base, self.groups, words=_words(knowledge))
        self.last: list[dict[str, t.Any]] = []

    def first_findings(self) -> tuple[Finding, ...]:
        """Return warnings and errors of the draft."""
        return tuple(f for f in self.base.findings if f.severity != "info")

    def prompt(self, findings: tuple[Finding, ...]) -> str:
        """Return draft, room, limits, the last answer and findings."""
        rules = self.task.site.environments.get(self.base.environment)
        limits = {name: getattr(rules, name) for name in LIMITS} if rules else {}
        body = {
            "question": "Which of its sizes should each group have?",
            "groups": [
                {
                    "id": g.id,
                    "role": g.role,
                    **g.numbers,
                    "said": list(g.said),
                    "sizes": self.task.offers[g.name],
                }
                for g in self.groups
            ],
            "last_answer": self.last,
            "limits": {name: value for name, value in limits.items() if value is not None},
            **room(self.task.snapshot, self.aliases),
        }
        return build_prompt(self.task.request, self.aliases, body, findings)

    def read(self, answer: str) -> Read:
        """Return the numbers by the groups' names."""
        sizes = _form.read_sizes(answer, self.ids)
        self.last = [{"id": key, **numbers} for key, numbers in sorted(sizes.numbers.items())]
        names = {group.id: group.name for group in self.groups}
        proposal = Proposal(
            groups={names[key]: dict(numbers) for key, numbers in sizes.numbers.items()},
            reasons={names[key]: reason for key, reason in sizes.reasons.items()},
            families=self.known.families,
            drivers=self.known.drivers,
        )
        said = "; ".join(
            f"{key} {n['count']} x {n['cores']} vCPU, {n['memory_mib']} MiB, {n['disk_gib']} GiB"
            for key, n in sorted(sizes.numbers.items())
        )
        return proposal, f"proposed {said}" if said else "gave no usable form", sizes.findings

    def canonical(self, answer: str) -> str:
        """Return the form without anything else."""
        sizes = _form.read_sizes(answer, self.ids)
        rows = [
            {"id": key, **numbers, "reason": sizes.reasons[key]}
            for key, numbers in sizes.numbers.items()
        ]
        return json.dumps({"groups": rows})


class FamiliesQuestion:
    """Asks which kind of software an unknown one is, and for the drivers of its size."""

    role: t.ClassVar[Role] = "identify"

    def __init__(self, task: Task, base: Plan) -> None:
        self.task = task
        self.base = base
        knowledge = load_knowledge(tuple(task.site.knowledge_dirs))
        # Kinds of software, not every program: a form and a prompt that a small model can hold.
        families = {k: f for k, f in knowledge.families.items() if f.last_resort}
        drivers = {name for family in families.values() for name in family.drivers}
        said = set(all_loads(task.request))
        self.families = sorted(families)
        self.drivers = sorted(drivers - said)
        unknown = sorted(unknown_software(task.request))
        self.unknown = {f"u{index}": name for index, name in enumerate(unknown, start=1)}
        self.schema = _form.families_schema(list(self.unknown), self.families, self.drivers)
        self.aliases = Aliases(task.site, task.snapshot, base, (), words=_words(knowledge))

    def first_findings(self) -> tuple[Finding, ...]:
        """Return nothing: the draft is not the matter here."""
        return ()

    def prompt(self, findings: tuple[Finding, ...]) -> str:
        """Return the unknown words and the lists to choose from."""
        body = {
            "question": "Which kind of software is each ('unknown' if none fits), and which drivers"
            " of its size does the request state?",
            "software": [
                {"id": key, "words": self.aliases.sentence(name)}
                for key, name in self.unknown.items()
            ],
            "families": self.families,
            "known_drivers": self.drivers,
        }
        return build_prompt(self.task.request, self.aliases, body, findings)

    def read(self, answer: str) -> Read:
        """Return families by the words of the request, and drivers."""
        found = _form.read_families(answer, list(self.unknown), self.families, self.drivers)
        families = {self.unknown[key]: family for key, family in found.families.items()}
        said = ", ".join(f"{key} is {family}" for key, family in sorted(found.families.items()))
        proposal = Proposal(families=families, drivers=found.drivers if families else {})
        return proposal, f"proposed {said}" if said else "knew no family", found.findings

    def canonical(self, answer: str) -> str:
        """Return the form without anything else."""
        found = _form.read_families(answer, list(self.unknown), self.families, self.drivers)
        software = [{"id": key, "family": family} for key, family in found.families.items()]
        drivers = [{"driver": name, "value": int(v)} for name, v in found.drivers.items()]
        return json.dumps({"software": software, "drivers": drivers})


def unknown_software(request: Request) -> set[str]:
    """Return the words of software that no file of the knowledge knows."""
    return {
        software.family
        for thing in request.things
        if isinstance(thing, MachinesThing)
        for software in thing.runs
        if not software.known
    }


def _roles(knowledge: Knowledge) -> frozenset[str]:
    families = knowledge.families.values()
    components = {name for family in families for name in family.components}
    return frozenset({*knowledge.families, *components, *(f.category for f in families)})


def _words(knowledge: Knowledge) -> frozenset[str]:
    return frozenset({*knowledge.vocabulary, *_roles(knowledge), *ROLES})
