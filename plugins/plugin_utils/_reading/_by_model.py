# SPDX-License-Identifier: GPL-3.0-or-later
"""A model reads the sentence: it fills the form, the account says what is wrong, it fills again."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import typing as t
from pathlib import Path

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Finding,
    digest,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._plan import Round
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._reading import (
    Question,
    Reading,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._model import (
    ModelFailure,
    Partner,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._model._cache import Cache
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._form import (
    read_form,
    schema,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._masked import Masked
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._settings import (
    settings_of,
)

MAX_FINDINGS = 12
MAX_FAMILIES = 40
#: Rounds of one reading; a third answer to the same complaints was never better than the second.
MAX_ROUNDS = 4

Account = t.Callable[[Reading], Reading]


@dataclasses.dataclass(frozen=True)
class Known:
    """What a model is told beside the sentence.

    ``families``: known software whose words are in the sentence. ``addons``: the catalogue's, with
    the words they are called by. ``exists``: groups of the
    deployment that a change may be about, as ``{"id": "g1", "what": …, "count": …, "cores": …}``,
    and single machines of them that the sentence names; ``installed``: its add-ons.
    """

    families: tuple[str, ...] = ()
    addons: t.Mapping[str, list[str]] = dataclasses.field(default_factory=dict)
    exists: tuple[t.Mapping[str, t.Any], ...] = ()
    installed: tuple[str, ...] = ()


def read_by_model(
    partner: Partner,
    provider: str,
    masked: Masked,
    known: Known,
    account: Account,
    *,
    language: t.Literal["en", "fr", "de"] = "en",
) -> tuple[Reading, tuple[Round, ...]]:
    """Return the reading of a model, judged by the account, and the rounds that led to it.

    A failure after the first answer ends the rounds: that answer was judged already.

    Raises:
        ModelFailure: the model gives no usable answer.
    """
    form, rounds = schema(), []
    findings: tuple[Finding, ...] = ()
    wrong: tuple[Finding, ...] = ()
    seen: set[frozenset[tuple[str, str]]] = set()
    reading = Reading(text=masked.text, language=language, reader=provider)
    cache = Cache(partner.settings.cache_dir, f"{provider}/{partner.model_name_of('read')}", "")
    for number in range(1, min(MAX_ROUNDS, partner.settings.max_rounds) + 1):
        prompt = _prompt(masked, known, findings)
        kept = cache.get(prompt)
        try:
            answer = kept or partner.ask(prompt, form, "read", instructions())
        except ModelFailure:
            if number == 1:
                raise
            break  # what it read before was judged already
        filled = read_form(answer, masked)
        statements, wrong = filled.statements, filled.findings
        reading = account(
            Reading(
                text=masked.text,
                language=language,
                reader=provider,
                statements=statements,
                questions=filled.questions,
            )
        )
        findings = (*wrong, *_complaints(reading, masked, filled.questions))
        if kept is None and not wrong:
            cache.put(prompt, answer)
        rounds.append(
            Round(
                number=number,
                reason="A model reads the sentence." if number == 1 else "The account is open.",
                act=f"{provider} {partner.model_name_of('read')} made {len(statements)} statements"
                f" ({'from the cache' if kept else partner.last_call()}).",
                observe=f"{len(findings)} open." if findings else "The account is closed.",
                findings=findings,
                prompt=prompt,
                prompt_sha256=hashlib.sha256(prompt.encode()).hexdigest(),
                form_sha256=digest(form),
            )
        )
        now = frozenset((finding.id, finding.message) for finding in findings)
        if not findings or now in seen:
            break
        seen.add(now)
    if not reading.statements and wrong:
        message = f"The model of {provider} gave no usable answer: {wrong[0].message}"
        raise ModelFailure("rejected", message)
    return reading, tuple(rounds)


@functools.cache
def instructions() -> str:
    """Return the system message: the rules, and examples with their filled forms."""
    import yaml  # not at the top: files below plugins/ are also read where it is missing

    path = Path(__file__).with_name("instructions.yml")
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    named = ", ".join(settings_of())
    parts = [*(rule.replace("{settings}", named) for rule in data["rules"]), "Examples:"]
    for example in data["examples"]:
        asked = {"sentence": example["sentence"], "exists": example.get("exists", [])}
        filled = {"statements": [form_row(row) for row in example["rows"]]}
        parts.append(json.dumps(asked, ensure_ascii=False))
        parts.append(json.dumps(filled, ensure_ascii=False))
    return "\n".join(parts)


def form_row(row: t.Sequence[str]) -> dict[str, t.Any]:
    """Return a row of an example as a row of the form."""
    names = ("kind", "thing", "topic", "about", "value", "verb", "before", "quote")
    return {**dict(zip(names, row, strict=True)), "bound": "exact", "total": False}


def _complaints(
    reading: Reading, masked: Masked, asked: t.Sequence[Question]
) -> t.Iterator[Finding]:
    """Yield what the account found, in words that a model may see; what it asked is no fault."""
    for finding in reading.findings:
        if finding.severity != "info":
            yield finding.model_copy(update={"message": masked.hide(finding.message)})
    for question in reading.questions:
        if question in asked:
            continue
        yield Finding(
            id=question.id,
            severity="warning",
            field="statements",
            message=masked.hide(question.text),
            source="account",
        )


def _prompt(masked: Masked, known: Known, findings: t.Sequence[Finding]) -> str:
    document = {
        "sentence": masked.seen,
        "families": list(known.families[:MAX_FAMILIES]),
        "addons": dict(known.addons),
        "exists": [dict(group) for group in known.exists],
        "installed": list(known.installed),
        "findings": [
            {"field": finding.field, "message": finding.message}
            for finding in list(findings)[:MAX_FINDINGS]
        ],
    }
    return json.dumps(document, ensure_ascii=False, sort_keys=True)
