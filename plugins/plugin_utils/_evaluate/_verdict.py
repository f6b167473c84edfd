# SPDX-License-Identifier: GPL-3.0-or-later
"""Was a sentence understood (right), asked about, warned of, or misread in silence?

The whole plan is judged against what an experienced administrator would expect of it.
"""

from __future__ import annotations

import json
import re
import typing as t
from collections import Counter
from dataclasses import dataclass

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._evaluate._difference import (
    Difference,
    differences,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._evaluate._expected import (
    SIZES,
    Data,
    as_list,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._evaluate._score import wilson

Verdict = t.Literal["right", "asked", "warned", "silent", "crash"]
VERDICTS: tuple[Verdict, ...] = t.get_args(Verdict)  # best first
#: Findings on sizes, places and facts: they tell nothing about what was read.
_LIMITS = re.compile(
    r"(minimum|capacity|data|disk|sla|ha|backup|storage|source|site|facts|limit)\b"
)
_JUDGED = (*SIZES, "surplus", "dropped", "software", "names", "kind", "cluster", "addons")


@dataclass(frozen=True)
class Judged:
    """The verdict on one case and what it rests on."""

    verdict: Verdict
    differences: tuple[tuple[Difference, bool], ...] = ()  # with: does a finding name it?
    note: str = ""


def judge(case: Data, result: Data) -> Judged:
    """Return the best verdict over the acceptable expectations (one, or a list of them).

    ``result`` holds ``request``, ``plan`` and, for a change, ``base_plan`` as JSON data, or
    ``error``.
    """
    trouble = result.get("error") or ("" if result.get("plan") else "no plan")
    base = result.get("base_plan") or {}
    if case.get("base") and not trouble and base.get("status") != "ready":
        trouble = "the base was not planned"
    if trouble:
        return Judged("crash", note=str(trouble)[:300])
    options = [_against(expect, result) for expect in as_list(case["expect"])]
    return min(options, key=lambda o: (VERDICTS.index(o.verdict), len(o.differences)))


def _against(expect: Data, result: Data) -> Judged:
    plan, request = result["plan"], result.get("request") or {}
    actions = set(as_list(expect["action"]))
    parts = [part for part in as_list(expect.get("must_say")) if isinstance(part, dict)]
    unclear = as_list(expect.get("unclear"))
    unclear += [part for part in as_list(expect.get("must_say")) if isinstance(part, str)]
    said = _said(plan, request)
    if plan.get("status") != "ready":
        return _not_ready(request, actions, unclear, said)
    if actions & {"plan", "change"}:
        found = differences(expect, plan, request, result.get("base_plan"))
    else:
        hints = tuple(unclear)
        found = [Difference("action", "asking", sorted(actions), "plan", hints)]
    found += _unsaid(parts, plan, request, found)
    named = tuple((difference, _is_named(difference, said, parts)) for difference in found)
    if not named:
        return Judged("right")
    return Judged("warned" if all(known for _d, known in named) else "silent", named)


def _said(plan: Data, request: Data) -> list[Data]:
    """Return what the person is told, beside notes."""
    notes = {
        (finding["id"], finding["message"]): finding
        for finding in [*request.get("findings", ()), *plan.get("findings", ())]
    }
    return [
        finding
        for finding in notes.values()
        if finding["severity"] != "info" and not finding["id"].startswith("facts.")
    ]


def _not_ready(
    request: Data, actions: set[t.Any], unclear: t.Sequence[str], said: t.Sequence[Data]
) -> Judged:
    reasons = [question["text"] for question in request.get("questions", ())]
    reasons += [request["reply"]] if request.get("reply") else []
    errors = [finding["message"] for finding in said if finding["severity"] == "error"]
    reasons = reasons + errors or [finding["message"] for finding in said]
    good = any(re.search(pattern, text, re.IGNORECASE) for pattern in unclear for text in reasons)
    good = good or (actions <= {"ask", "refuse"} and not unclear)
    return Judged("asked" if good else "warned", note=" | ".join(reasons)[:300])


def _unsaid(
    parts: t.Sequence[Data], plan: Data, request: Data, found: list[Difference]
) -> list[Difference]:
    """Return parts of the sentence that had to be done or said and are not in the plan."""
    bare = json.dumps(
        [plan, {k: v for k, v in request.items() if k not in ("text", "findings", "reading")}]
    )
    kinds = {difference.kind for difference in found}
    missing = []
    for part in parts:
        done = "unless" in part and re.search(part["unless"], bare, re.IGNORECASE)
        if done or part["part"] in kinds:
            continue
        if part.get("unless") or part["part"] not in _JUDGED:
            missing.append(Difference("unsaid", part["part"], part["say"], None, (part["say"],)))
    return missing


def _is_named(difference: Difference, said: t.Sequence[Data], parts: t.Sequence[Data]) -> bool:
    """Tell whether a finding names it; a remark on limits names sizes only."""
    patterns = [*difference.hints, *(p["say"] for p in parts if p["part"] == difference.kind)]
    on_sizes = difference.kind in (*SIZES, "disks", "os", "unsaid")
    for note in said:
        if any(note.get("field", "").endswith(field) for field in difference.fields):
            return True
        if (on_sizes or not _LIMITS.match(note["id"])) and any(
            re.search(pattern, note["message"], re.IGNORECASE) for pattern in patterns
        ):
            return True
    return False


def summarised(judged: t.Mapping[str, Judged], language: t.Mapping[str, str]) -> dict[str, t.Any]:
    """Return counts, shares and 95 % intervals of each verdict, per language and over all."""
    summary: dict[str, t.Any] = {}
    for lang in [*sorted(set(language.values())), "all"]:
        rows = Counter(j.verdict for k, j in judged.items() if lang in ("all", language[k]))
        total = rows.total()
        good = rows["right"] + rows["asked"]
        summary[lang] = {
            "cases": total,
            **{
                verdict: {
                    "count": rows[verdict],
                    "share": rows[verdict] / total if total else 0.0,
                    "interval": wilson(rows[verdict], total),
                }
                for verdict in VERDICTS
            },
            "right_or_asked": {
                "count": good,
                "share": good / total if total else 0.0,
                "interval": wilson(good, total),
            },
        }
    return summary
