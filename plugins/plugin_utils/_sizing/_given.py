# SPDX-License-Identifier: GPL-3.0-or-later
"""A request as data (``-e @request.yml``), checked like what is read of a sentence."""

from __future__ import annotations

import difflib
import json
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    ContractError,
    require,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    _request as contract,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._protection import (
    Backup,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._pydantic import (
    ValidationError,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    ApplicationThing,
    ClusterThing,
    Machines,
    MachinesThing,
    Request,
    Software,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading import (
    Record,
    Vocabulary,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._limits import (
    check,
)

#: The contract of what stands below a key, and how a person calls it.
PARTS: dict[str, tuple[t.Any, str]] = {
    "": (Request, "a request"),
    "machines": (MachinesThing, "machines"),
    "cluster": (ClusterThing, "a cluster"),
    "application": (ApplicationThing, "an application"),
    **dict.fromkeys(("servers", "agents", "nodes"), (Machines, "machines of a cluster")),
    "software": (Software, "software"),
    "source": (contract.Source, "a source"),
    "links": (contract.Link, "a link"),
    "changes": (contract.Change, "a change"),
    "target": (contract.Target, "a target"),
    "exists": (contract.Existing, "what exists"),
    "backups": (Backup, "a backup"),
}
TAGS = ("machines", "cluster", "application")


def request_given(data: t.Any) -> Request:
    """Return the request that a file holds.

    Raises:
        ContractError: it does not fit its contract; the message names the fields, near names too.
    """
    require()
    if not isinstance(data, dict):
        raise ContractError("The request is a mapping with things or changes; see docs/REQUEST.md.")
    try:
        request = Request.model_validate_json(json.dumps(data))
    except ValidationError as error:
        wrong = [_told(item, data) for item in error.errors(include_url=False)]
        raise ContractError(f"The request is not valid: {' '.join(wrong)}") from None
    _check_ids(request)
    return request


def checked(request: Request, vocabulary: Vocabulary, previous: Record | None) -> Request:
    """Return a request with names of software and add-ons as they are known, and what is wrong.

    Args:
        request: as ``request_given`` returns it.
        vocabulary: the names that are known.
        previous: what is there, for its changes.
    """
    things = tuple(_in_our_words(thing, vocabulary) for thing in request.things)
    request = request.model_copy(update={"things": things})
    findings, questions = check(request, vocabulary, previous)
    stopped = any(finding.severity == "error" for finding in findings)
    answer: contract.Answer = "refuse" if stopped else "ask" if questions else request.answer
    return request.model_copy(
        update={
            "findings": (*request.findings, *findings),
            "questions": (*request.questions, *questions),
            "answer": answer,
        }
    )


def _told(item: t.Mapping[str, t.Any], data: t.Any) -> str:
    """Return what is wrong in one sentence."""
    place = [part for part in item["loc"] if part != "[key]"]
    shown = [part for n, part in enumerate(place) if not (n and part in TAGS and _is_tag(place, n))]
    where = ".".join(str(part) for part in shown) or "the request"
    if item["type"] == "extra_forbidden":
        owner = next((str(p) for p in reversed(place[:-1]) if isinstance(p, str)), "")
        part, called = PARTS.get(owner, (Request, "a request"))
        known = sorted(part.model_fields)
        near = difflib.get_close_matches(str(place[-1]), known, n=1, cutoff=0.5)
        meant = f" did you mean {near[0]}?" if near else ""
        return f"{where} is no field of {called};{meant} It has {', '.join(known)}."
    if item["type"] in ("union_tag_invalid", "union_tag_not_found"):
        tag = (
            item["input"].get("type") if isinstance(item.get("input"), dict) else item.get("input")
        )
        value = f" ({tag!r})" if tag is not None else ""
        return f"{where}.type{value} says what it is: {', '.join(TAGS)}."
    said = item.get("input")
    value = f" ({said!r})" if isinstance(said, (str, int, float, bool)) else ""
    message = str(item["msg"])
    return f"{where}{value}: {message[:1].lower()}{message[1:]}."


def _is_tag(place: t.Sequence[t.Any], index: int) -> bool:
    return isinstance(place[index - 1], int) and index >= 2 and place[index - 2] == "things"


def _check_ids(request: Request) -> None:
    ids = [thing.id for thing in request.things]
    for name in ids:
        if ids.count(name) > 1:
            raise ContractError(f"The request is not valid: {name} is the id of several things.")
    for number, thing in enumerate(request.things):
        for link in thing.links:
            if link.thing not in ids:
                raise ContractError(
                    f"The request is not valid: things.{number}.links names {link.thing}, and the"
                    f" things are {', '.join(ids)}."
                )


def _in_our_words(thing: contract.Thing, vocabulary: Vocabulary) -> contract.Thing:
    if isinstance(thing, ClusterThing):
        named = {
            field: tuple(
                vocabulary.addons.get(name.lower(), name) for name in getattr(thing, field)
            )
            for field in ("addons", "addons_excluded")
        }
        return thing.model_copy(update=named)
    software = tuple(_known(own, vocabulary) for own in thing.software)
    return thing.model_copy(update={"software": software})


def _known(software: Software, vocabulary: Vocabulary) -> Software:
    """Return software under its family's name; what nobody knows says so."""
    if software.family in vocabulary.words.families:
        return software
    found = vocabulary.software.get(software.family.lower())
    if found is None:
        return software.model_copy(update={"known": False})
    family, component = found
    return software.model_copy(
        update={"family": family, "component": software.component or component}
    )
