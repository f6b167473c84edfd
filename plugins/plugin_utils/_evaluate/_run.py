# SPDX-License-Identifier: GPL-3.0-or-later
"""All cases of the files → one result, ours beside the baselines."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Callable, Iterable

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._evaluate._answer import (
    Answer,
    Per,
    Provider,
    answer,
    read,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._evaluate._baselines import (
    category_table,
    constant_4_8,
    model_on_table,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._evaluate._cases import (
    Case,
    CaseFile,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._evaluate._intents import (
    score_intents,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._evaluate._score import (
    Scored,
    score,
    share,
    summary,
    wilson,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._evaluate._sentences import (
    read_all,
)

Data = dict[str, t.Any]
Answering = Callable[[str, Per], Answer]


def evaluate(
    files: Iterable[CaseFile],
    *,
    provider: str = "none",
    provider_settings: t.Mapping[str, t.Any] | None = None,
    knowledge_dirs: tuple[str, ...] = (),
    progress: Callable[[str], None] | None = None,
) -> Data:
    """Return ``{"provider", "sizing", "intents", "reading"}``, a part for each layout given.

    Args:
        files: cases; several files of one layout are scored together.
        provider: who proposes numbers beside the rules; the rules alone, and the model without the
            knowledge, become baselines then.
        provider_settings: settings of that provider.
        knowledge_dirs: folders with families that are added to the collection's.
        progress: told a line after each case of a reading.
    """
    cases: dict[str, list[Case]] = {}
    for file in files:
        cases.setdefault(file.layout, []).extend(file.cases)
    result: Data = {"provider": provider}
    if "sizing" in cases:
        with_model = Provider(provider, provider_settings)
        result["sizing"] = _sizing(cases["sizing"], with_model, knowledge_dirs)
    if "intents" in cases:
        result["intents"] = _intents(cases["intents"], knowledge_dirs)
    if "reading" in cases:
        result["reading"] = read_all(
            cases["reading"], Provider(provider, provider_settings), knowledge_dirs, progress
        )
    return result


def _sizing(cases: list[Case], provider: Provider, knowledge_dirs: tuple[str, ...]) -> Data:
    def answering(who: Provider) -> Answering:
        return functools.partial(_answered, provider=who, knowledge_dirs=knowledge_dirs)

    baselines: dict[str, Answering] = {"constant_4_8": constant_4_8, "table": category_table}
    if provider.name != "none":
        baselines["rules"] = answering(Provider())
        baselines["model_on_table"] = functools.partial(model_on_table, provider=provider)
    rows = _score_all(cases, answering(provider))
    families: dict[str, list[Scored]] = {}
    for row in rows:
        families.setdefault(str(row.case.get("app", "")), []).append(row)
    return {
        "cases": len(cases),
        **summary(rows),
        "baselines": {
            name: summary(_score_all(cases, baseline)) for name, baseline in baselines.items()
        },
        "families": {
            name: {"cases": len(found), **summary(found)} for name, found in families.items()
        },
        "per_case": [_row(row) for row in rows],
    }


def _answered(
    statement: str, per: Per, *, provider: Provider, knowledge_dirs: tuple[str, ...]
) -> Answer:
    return answer(statement, per, provider, knowledge_dirs)


def _score_all(cases: list[Case], answering: Answering) -> list[Scored]:
    return [score(case, answering(case["scale_statement"], case["per"])) for case in cases]


def _row(row: Scored) -> Data:
    return {
        "id": row.case["id"],
        "app": row.case.get("app", ""),
        "answer": row.answer.data(),
        "hit": row.hit,
        "under": row.under,
        "rule": row.answer.rule,
    }


def _intents(cases: list[Case], knowledge_dirs: tuple[str, ...]) -> Data:
    result = score_intents(cases, functools.partial(read, knowledge_dirs=knowledge_dirs))
    rows = result["per_case"]
    right = sum(row["action_right"] for row in rows)
    facts = sum(row["facts_total"] for row in rows)
    facts_right = sum(row["facts_right"] for row in rows)
    return {
        **result,
        "action": share(right, len(rows)),
        "action_interval": wilson(right, len(rows)),
        "facts": share(facts_right, facts) if facts else 1.0,
        "facts_scored": facts,
        "facts_interval": wilson(facts_right, facts),
    }
