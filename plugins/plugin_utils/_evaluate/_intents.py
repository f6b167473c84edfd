# SPDX-License-Identifier: GPL-3.0-or-later
"""Score readings of intents against the facts of a case file."""

from __future__ import annotations

import re
import typing as t
import unicodedata
from collections.abc import Callable, Iterable, Mapping

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import Request
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    NAME_PATTERN,
    ClusterThing,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._evaluate._facts import (
    intent_facts,
)

Case = Mapping[str, t.Any]


def score_intents(cases: Iterable[Case], read: Callable[[str], Request]) -> dict[str, t.Any]:
    """Return ``{"cases", "action", "facts", "must_not_broken", "per_case": […]}``.

    ``action`` is the share of cases, ``facts`` the share of all facts of all cases. A fact that
    is a mapping counts each of its keys; lists are compared without order.
    """
    rows = [_score(case, read(str(case["intent"]))) for case in cases]
    right = sum(row["facts_right"] for row in rows)
    total = sum(row["facts_total"] for row in rows)
    return {
        "cases": len(rows),
        "action": sum(row["action_right"] for row in rows) / len(rows) if rows else 0.0,
        "facts": right / total if total else 1.0,
        "must_not_broken": sum(len(row["must_not_broken"]) for row in rows),
        "per_case": rows,
    }


def _score(case: Case, request: Request) -> dict[str, t.Any]:
    action, facts = intent_facts(request)
    wanted = _flat(case.get("facts", {}))
    given = _flat(facts)
    wrong = {
        name: {"expected": value, "read": given.get(name)}
        for name, value in wanted.items()
        if not _equal(value, given.get(name))
    }
    return {
        "id": case.get("id"),
        "expected_action": case["expected_action"],
        "action": action,
        "action_right": action == case["expected_action"],
        "facts_total": len(wanted),
        "facts_right": len(wanted) - len(wrong),
        "wrong": wrong,
        "must_not_broken": _broken(case.get("must_not", {}), request, given),
    }


def _flat(facts: Mapping[str, t.Any], prefix: str = "") -> dict[str, t.Any]:
    found: dict[str, t.Any] = {}
    for name, value in facts.items():
        if isinstance(value, Mapping):
            found.update(_flat(value, f"{prefix}{name}."))
        else:
            found[prefix + name] = value
    return found


def _equal(expected: t.Any, read: t.Any) -> bool:
    if {expected, read} == {"vm", "app"} if isinstance(expected, str) else False:
        return True  # both are machines; only their software differs
    if isinstance(expected, list):
        if not isinstance(read, list | tuple):
            return False
        return sorted(map(str, expected)) == sorted(map(str, read))
    if isinstance(expected, bool) or isinstance(read, bool):
        return expected is read
    if isinstance(expected, int | float) and isinstance(read, int | float):
        return float(expected) == float(read)
    return str(expected) == str(read) if read is not None else False


def _broken(
    must_not: Mapping[str, t.Any], request: Request, given: Mapping[str, t.Any]
) -> list[str]:
    """Return what the request holds although it must not."""
    broken: list[str] = []
    names = _names(request)
    for rule, forbidden in must_not.items():
        if rule == "name_contains":
            bad = any(str(forbidden) in name for name in names)
        elif rule == "name_contains_control_chars":
            bad = any(unicodedata.category(char)[0] == "C" for name in names for char in name)
        elif rule == "addons":
            wanted = [addon for cluster in _clusters(request) for addon in cluster.addons]
            bad = bool({*wanted, *given.get("addons", [])} & set(forbidden))
        elif isinstance(forbidden, list):
            values = given.get(rule)
            values = values if isinstance(values, list) else [values]
            bad = any(_equal(item, value) for item in forbidden for value in values)
        else:
            bad = given.get(rule) == forbidden
        if bad or any(not re.match(NAME_PATTERN, name) for name in names):
            broken.append(rule)
    return broken


def _clusters(request: Request) -> list[ClusterThing]:
    return [thing for thing in request.things if isinstance(thing, ClusterThing)]


def _names(request: Request) -> list[str]:
    clusters = [cluster.name for cluster in _clusters(request) if cluster.name]
    return clusters + [name for thing in request.things for name in getattr(thing, "names", ())]
