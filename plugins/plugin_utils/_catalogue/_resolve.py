# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of add-ons → all that is installed, in order, with what has to be asked or refused."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._catalogue._given import (
    Given,
    holds,
    names_of_cluster,
    near,
    settings_of,
    warnings_of,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._catalogue._loader import (
    Catalogue,
    load_catalogue,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._catalogue._schema import (
    Amount,
    Entry,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._finding import (
    Finding,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._reading import (
    Question,
)

SOURCE = "catalogue of add-ons"
ASKED = "As asked."
Data = dict[str, t.Any]


@dataclass(frozen=True)
class Chosen:
    """One add-on that is installed; ``settings`` hold no secret.

    ``needed``: nobody named it, another one needs it.
    """

    entry: Entry
    why: str
    settings: Data
    needed: bool = False

    @property
    def name(self) -> str:
        """Return its name in the catalogue."""
        return self.entry.name

    @property
    def once(self) -> Amount:
        """Return what it takes once in the whole cluster, with the volume that its settings say."""
        cost = self.entry.cost
        volume_gib = self.settings[cost.volume_setting] if cost.volume_setting else 0
        return cost.once.model_copy(update={"disk_gib": cost.once.disk_gib + volume_gib})


@dataclass
class Resolution:
    """What a list of names comes to. With refusals or open questions nothing is installed."""

    given: Given
    entries: tuple[Chosen, ...] = ()
    questions: list[Question] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names in the order of installation."""
        return tuple(chosen.name for chosen in self.entries)

    @property
    def refusals(self) -> list[Finding]:
        """Return what stops the request."""
        return [finding for finding in self.findings if finding.severity == "error"]

    @property
    def chosen(self) -> dict[str, Entry]:
        """Return the entries by name."""
        return {chosen.name: chosen.entry for chosen in self.entries}

    @property
    def cni(self) -> str:
        """Return the network of the pods."""
        networks = [c.name for c in self.entries if "network" in c.entry.provides]
        return networks[0] if networks else "flannel"

    @property
    def disabled_components(self) -> tuple[str, ...]:
        """Return the components of k3s to switch off because of what is chosen, sorted."""
        return tuple(sorted({c for e in self.chosen.values() for c in e.k3s.disable}))

    @property
    def server_config(self) -> Data:
        """Return what the servers' configuration of k3s needs beside."""
        return _joined(e.k3s.server_config for e in self.chosen.values())

    @property
    def agent_config(self) -> Data:
        """Return what the agents' configuration of k3s needs beside."""
        return _joined(e.k3s.agent_config for e in self.chosen.values())

    def packages(self, family: str) -> tuple[str, ...]:
        """Return the packages of an os family (debian, redhat, suse) that each node needs."""
        names = {p for e in self.chosen.values() for p in e.hosts.packages.get(family, ())}  # type: ignore[call-overload]
        return tuple(sorted(names))

    @property
    def services(self) -> tuple[str, ...]:
        """Return the services that have to run on each node."""
        return tuple(sorted({s for e in self.chosen.values() for s in e.hosts.services}))

    @property
    def modules(self) -> tuple[str, ...]:
        """Return the kernel modules that each node has to load."""
        return tuple(sorted({m for e in self.chosen.values() for m in e.hosts.modules}))


def _joined(configs: t.Iterable[Data]) -> Data:
    """Return one configuration: lists are joined, plain values of later ones win."""
    result: Data = {}
    for config in configs:
        for key, value in config.items():
            both = isinstance(value, list) and isinstance(result.get(key), list)
            result[key] = [*result[key], *value] if both else value
    return result


class _Resolver:
    """Completes one list of names."""

    def __init__(self, given: Given, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.given = given
        self.result = Resolution(given)
        self.chosen: dict[str, Entry] = {}
        self.why: dict[str, str] = {}
        self.soft: set[str] = set()
        self.needed: set[str] = set()
        self.settings: dict[str, Data] = {}

    def report(self, rule: str, message: str, where: str = "cluster.addons") -> None:
        """Record a refusal."""
        self._find("error", rule, message, where)

    def _find(
        self, severity: t.Literal["warning", "error"], rule: str, message: str, where: str
    ) -> None:
        finding = Finding(
            id=f"addon.{rule}", severity=severity, field=where, message=message, source=SOURCE
        )
        if finding not in self.result.findings:
            self.result.findings.append(finding)

    def take(self, name: str, why: str, *, soft: bool = False) -> None:
        """Choose an add-on by any of its names."""
        entry = self.catalogue.find(name)
        if entry is None:
            words = {*self.catalogue.entries}
            words |= {alias for e in self.catalogue.entries.values() for alias in e.aliases}
            self.report(
                "unknown",
                f"There is no add-on {name}{near(name, words)}; there are"
                f" {', '.join(self.catalogue.entries)}.",
            )
            return
        if entry.name in self.excluded and (soft or why != ASKED):
            return
        if entry.name in self.excluded:
            self._find(
                "warning",
                "contradiction",
                f"{entry.name} is both asked for and declined; planned without it.",
                "cluster.addons",
            )
            return
        if entry.name not in self.chosen:
            self.chosen[entry.name], self.why[entry.name] = entry, why
            if soft:
                self.soft.add(entry.name)

    @property
    def excluded(self) -> set[str]:
        """Return the canonical names of what was declined."""
        found = (self.catalogue.find(name) for name in self.given.excluded)
        return {entry.name for entry in found if entry is not None}

    def yield_to_asked(self) -> None:
        """Drop a default where something asked for does the same job."""
        for name, capability in self.catalogue.capabilities.items():
            if not capability.exclusive:
                continue
            providers = [n for n, e in self.chosen.items() if name in e.provides]
            if any(n not in self.soft for n in providers):
                for other in self.soft & set(providers):
                    del self.chosen[other]

    def names(self) -> Data:
        """Return what placeholders of any add-on may name."""
        return names_of_cluster(self.given, self.chosen)

    def complete(self) -> None:
        """Choose what the chosen need, until nothing is missing."""
        done: set[str] = set()
        while todo := [name for name in self.chosen if name not in done]:
            for name in todo:
                done.add(name)
                self._needs_of(self.chosen[name])

    def _needs_of(self, entry: Entry) -> None:
        names = self.names()
        settings, _problems = settings_of(entry, self.given, names)
        for need in entry.needs:
            if not holds(need.when, self.chosen, {**names, "settings": settings}):
                continue
            ability = need.capability or ""
            options = [need.addon] if need.addon else self.catalogue.providers(ability)
            if any(option in self.chosen for option in options):
                continue
            free = [option for option in options if option not in self.excluded]
            if free:
                self.needed.add(free[0])
                self.take(free[0], f"Needed by {entry.name}: {need.why}.")
                continue
            what = need.addon or self.catalogue.capabilities[ability].title
            self.report(
                "declined",
                f"{entry.name} needs {what} ({need.why}), but {' and '.join(options)}"
                f" {'was' if len(options) == 1 else 'were'} declined; allow"
                f" {'it' if len(options) == 1 else 'one of them'} or leave {entry.name} out.",
            )

    def check_rivals(self) -> None:
        """Refuse what does not go together."""
        for name, capability in self.catalogue.capabilities.items():
            rivals = sorted(n for n, e in self.chosen.items() if name in e.provides)
            if capability.exclusive and len(rivals) > 1:
                self.report(
                    "rivals",
                    f"These do the same job ({capability.title}), choose one:"
                    f" {' and '.join(rivals)}.",
                )
        for name, entry in self.chosen.items():
            shared = [e for e in self.chosen if set(self.chosen[e].provides) & set(entry.provides)]
            for other in (o for o in entry.conflicts if o in self.chosen and o not in shared):
                self.report(
                    "conflict",
                    f"{name} and {other} do not go together: {entry.conflicts[other]}.",
                )

    def check_settings(self) -> None:
        """Fill the settings; ask for what is missing, refuse what does not fit."""
        for name in self.given.settings.keys() | self.given.values.keys():
            if self.catalogue.find(name) is None:
                self.report(
                    "setting",
                    f"Settings are given for {name}, which is no add-on"
                    f"{near(name, self.catalogue.entries)}; there are"
                    f" {', '.join(self.catalogue.entries)}.",
                    f"addons.{name}",
                )
        names = self.names()
        for name, entry in self.chosen.items():
            settings, problems = settings_of(entry, self.given, names)
            self.settings[name] = settings
            for problem in problems:
                self.report("setting", problem, f"addons.{name}")
            for key in sorted(self.given.settings.get(name, {}).keys() - entry.settings.keys()):
                known = ", ".join(entry.settings) or "none"
                self.report(
                    "setting",
                    f"{name} has no setting {key}{near(key, entry.settings)}; it has {known}.",
                    f"addons.{name}.{key}",
                )
            self._ask(entry, settings, names)

    def _ask(self, entry: Entry, settings: Data, names: Data) -> None:
        for key, setting in entry.settings.items():
            needed = setting.required or (
                setting.required_when is not None
                and holds(setting.required_when, self.chosen, {**names, "settings": settings})
            )
            if setting.type == "secret" or not needed or settings[key] not in (None, "", [], {}):
                continue
            if self.given.settings.get(entry.name, {}).get(key):
                continue  # what was said is refused
            text = setting.question or f"{entry.name} needs {key}: {setting.description}"
            self.result.questions.append(
                Question(id=f"addons.{entry.name}.{key}".lower(), text=text)
            )

    def check_versions(self) -> None:
        """Refuse add-ons whose version does not accept the cluster's Kubernetes."""
        version = re.match(r"v?(\d+)\.(\d+)", self.given.kubernetes_version or "")
        if version is None:
            return
        minor = (int(version[1]), int(version[2]))
        for entry in self.chosen.values():
            own = ".".join(entry.chart.version.removeprefix("v").split(".")[:2])
            accepted = entry.kubernetes.get(own)
            if accepted is None:
                continue
            if not _minor(accepted.least) <= minor < _minor(accepted.below):
                self.report(
                    "kubernetes",
                    f"{entry.title} {entry.chart.version} runs on Kubernetes from {accepted.least}"
                    f" to below {accepted.below}, not on {self.given.kubernetes_version}; choose"
                    " another version of k3s.",
                    "cluster.version",
                )

    def warn(self) -> None:
        """Say what is retired, and what a setting comes to."""
        for entry in self.chosen.values():
            if entry.retired:
                self._find("warning", "retired", entry.retired, "cluster.addons")
            for key, setting in entry.settings.items():
                for text in warnings_of(setting, self.settings[entry.name].get(key)):
                    place = f"addons.{entry.name}.{key}"
                    self._find("warning", "setting", f"{entry.name}: {key} {text}", place)

    def finish(self) -> Resolution:
        """Return everything in the order of installation."""
        self.result.entries = tuple(
            Chosen(self.chosen[name], self.why[name], self.settings[name], name in self.needed)
            for name in self.catalogue.ordered(self.chosen)
        )
        return self.result


def _minor(text: str) -> tuple[int, int]:
    major, minor = text.split(".")[:2]
    return int(major), int(minor)


def resolve(
    names: t.Mapping[str, str] | t.Iterable[str],
    given: Given | None = None,
    *,
    defaults: t.Mapping[str, str] | None = None,
    catalogue: Catalogue | None = None,
) -> Resolution:
    """Return what ``names`` come to on a cluster like ``given``.

    ``names`` are those asked for (name → why, or names alone); ``defaults`` are taken unless
    something asked for does the same job. What they need is added, or asked for, or refused.
    """
    given = given or Given()
    resolver = _Resolver(given, catalogue or load_catalogue())
    asked = names if isinstance(names, t.Mapping) else dict.fromkeys(names, ASKED)
    for name, why in asked.items():
        resolver.take(name, why)
    if given.cni != "flannel":
        resolver.take(given.cni, "Network of the cluster.")
    for name, why in (defaults or {}).items():
        resolver.take(name, why, soft=True)
    resolver.yield_to_asked()
    resolver.complete()
    resolver.check_rivals()
    resolver.check_settings()
    resolver.check_versions()
    resolver.warn()
    return resolver.finish()
