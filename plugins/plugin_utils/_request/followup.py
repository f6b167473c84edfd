# SPDX-License-Identifier: GPL-3.0-or-later
"""Follow-ups: an answer to a question completes the request, anything else changes it."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import Request
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    ClusterWish,
    Question,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.build import (
    build,
    explicit_paths,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.clean import MAX_LENGTH
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.kinds import Target
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.lexicon import (
    Vocabulary,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.reader import (
    Reading,
    scan,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.refinement import (
    addressed,
    bare_difference,
    refined,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.sizes import values

_YES = re.compile(r"^\W*(?:yes|yeah|yep|ok(?:ay)?|sure|right|correct|oui|ja|genau|d'accord)\b")
_MEANT = re.compile(r"\bIs (\d+(?:\.\d+)?) GB meant\b")


def follow_up(text: str, previous: Request, vocabulary: Vocabulary) -> Request:
    """Return the completed request when ``previous`` asked something, else the change."""
    if previous.answer == "ask":
        return _answered(text, previous, vocabulary)
    return _changed(text, previous, vocabulary)


def _answered(text: str, previous: Request, vocabulary: Vocabulary) -> Request:
    reading = scan(text, vocabulary, previous)
    request, left = previous, []
    for question in previous.questions:
        filled = _filled(request, question, reading)
        if filled is None:
            left.append(question)
        request = filled or request
    if len(left) < len(previous.questions):
        hostile = build(scan(text, vocabulary), vocabulary)
        refused = hostile.answer.startswith("refuse")
        update: dict[str, t.Any] = {
            "questions": tuple(left),
            "answer": hostile.answer if refused else ("ask" if left else "plan"),
            "findings": (*request.findings, *(hostile.findings if refused else ())),
        }
        request = request.model_copy(update=update)
        return request.model_copy(update={"explicit": explicit_paths(request)})
    wanted = ", ".join(question.field for question in previous.questions)
    joined = f"{previous.text}, {_as_phrase(text, wanted, reading)}"
    return build(scan(joined[:MAX_LENGTH], vocabulary), vocabulary)


def _filled(request: Request, question: Question, reading: Reading) -> Request | None:
    """Return the request with the answer in the field, None when the text does not hold one."""
    area, _dot, field = question.field.partition(".")
    numbers = [token.value for token in reading.tokens if token.kind == "num"]
    if area == "cluster" and request.cluster is not None and field in ClusterWish.model_fields:
        if not numbers:
            return None
        cluster = request.cluster.model_copy(update={field: int(numbers[-1])})
        if field == "total_nodes" and cluster.servers is not None:
            cluster = cluster.model_copy(update={"agents": int(numbers[-1]) - cluster.servers})
        return request.model_copy(update={"cluster": cluster})
    role, _dot, dimension = field.rpartition(".")
    if area != "machines" or dimension not in ("cores", "memory_mib", "disk_gib", "count"):
        return None
    value = _size(question, reading, dimension, numbers)
    if value is None:
        return None
    machines = tuple(
        machine.model_copy(update={dimension: value})
        if role in (machine.role, machine.name)
        else machine
        for machine in request.machines
    )
    return request.model_copy(update={"machines": machines})


def _size(question: Question, reading: Reading, dimension: str, numbers: list[float]) -> int | None:
    meant = _MEANT.search(question.text)
    if _YES.match(reading.folded) and meant:
        return int(float(meant.group(1)) * 1024)
    runs = [*reading.global_runs, *reading.common_runs, *(r for h in reading.heads for r in h.runs)]
    said = values(runs).get(dimension)
    if said is None and dimension in ("cores", "count") and numbers:
        said = numbers[0]
    return int(said) if said is not None and said > 0 else None


def _as_phrase(text: str, wanted: str, reading: Reading) -> str:
    """Return a bare value as a phrase that reading understands ("web-07" → "named web-07")."""
    bare = text.strip().strip(".!\"'")
    if re.fullmatch(r"\d{3,9}", bare) and "template" in wanted:
        return f"template {bare}"
    if re.fullmatch(r"\d{2,5}", bare) and "port" in wanted:
        return f"port {bare}"
    known = any(token.concept or token.software for token in reading.tokens)
    if re.fullmatch(r"[\w-]+", bare) and not known and "name" in wanted:
        return f"named {bare}"
    if re.fullmatch(r"\S+[:/]\S+", bare) and "image" in wanted:
        return f"image {bare}"
    return text


def _changed(text: str, previous: Request, vocabulary: Vocabulary) -> Request:
    """Return a request that holds only what the follow-up names."""
    reading = scan(text, vocabulary, previous)
    short = bare_difference(reading, previous)
    if short is not None:
        return short.model_copy(update={"explicit": explicit_paths(short)})
    target = Target(previous.kind, previous.platform, previous.platform_tier)
    request = addressed(build(reading, vocabulary, target), reading, previous)
    said = _says_something(request, reading)
    if not said and request.answer == "plan":
        again = build(scan(text, vocabulary), vocabulary)
        answer: t.Any = "redirect" if again.kind is None else "ask"
        question = Question(field="change", text="What shall be changed, and to what?")
        return again.model_copy(
            update={"answer": answer, "questions": () if answer == "redirect" else (question,)}
        )
    update: dict[str, t.Any] = {
        "operation": "change" if request.operation == "create" else request.operation,
        "deployment": previous.deployment,
        "questions": tuple(q for q in request.questions if q.field != "name"),
    }
    update["answer"] = (
        "plan" if request.answer == "ask" and not update["questions"] else request.answer
    )
    if request.cluster is not None and previous.cluster is not None:
        kept = {
            "name": request.cluster.name or previous.cluster.name,
            "distribution": previous.cluster.distribution,
        }
        update["cluster"] = request.cluster.model_copy(update=kept)
    request = refined(request.model_copy(update=update), reading)
    return request.model_copy(update={"explicit": explicit_paths(request)})


def _says_something(request: Request, reading: Reading) -> bool:
    return bool(
        request.machines
        or request.apps
        or request.drivers
        or request.sla
        or request.environment
        or request.ha is not None
        or (
            request.cluster is not None
            and request.cluster != ClusterWish(distribution=request.cluster.distribution)
        )
        or reading.injected
    )
