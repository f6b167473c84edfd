# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules and a model read the same sentence; code judges both and says which reading holds."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Finding,
    Request,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._plan import Round
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._reading import (
    Reading,
    Statement,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._model import (
    ModelFailure,
    Partner,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._account import (
    account,
    sentence,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._agree import agree
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._by_model import (
    Known,
    read_by_model,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._clean import clean
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._masked import Masked
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._record import (
    Group,
    Record,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._request import (
    request,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._words import (
    Vocabulary,
)

#: A model's word for every machine there is.
ALL = "all"


def with_model(
    rules: Reading,
    vocabulary: Vocabulary,
    previous: Record | None,
    partner: Partner,
    *,
    answers: tuple[str, ...] = (),
) -> tuple[Reading, tuple[Round, ...]]:
    """Return the reading that holds, of the rules' and the model's, and the model's rounds.

    A model that fails leaves the rules' reading with a warning, or with an error where the
    settings say that the model is required.
    """
    masked = Masked(rules.text, _names(vocabulary, previous))
    groups = {f"g{n}": g for n, g in enumerate(previous.groups if previous else (), start=1)}
    known = Known(
        families=_families(rules.text, vocabulary),
        addons=tuple(sorted(set(vocabulary.addons.values()))),
        exists=tuple(_told(key, group, masked) for key, group in groups.items()),
    )

    def judged(reading: Reading) -> Reading:
        said = _in_our_words(reading.statements, vocabulary, groups)
        return account(reading.model_copy(update={"statements": said}), vocabulary)

    def built(reading: Reading) -> Request:
        return request(reading, vocabulary, previous)

    try:
        reading, rounds = read_by_model(
            partner, partner.name, masked, known, judged, language=rules.language
        )
    except ModelFailure as failure:
        return _alone(rules, failure, partner), _failed(failure, partner)
    reading = reading.model_copy(update={"answers": answers}) if answers else reading
    return agree(rules, reading, built), rounds


def _names(vocabulary: Vocabulary, previous: Record | None) -> dict[str, t.Iterable[str]]:
    """Return what is hidden; a guest that is called like an ordinary word stays a word."""
    guests = {*vocabulary.guests, *vocabulary.templates, *(previous.names if previous else ())}
    return {
        "n": (*vocabulary.nodes, *vocabulary.node_addresses),
        "s": vocabulary.storages,
        "v": [name for name in guests if not name.isalpha()],
    }


def _families(text: str, vocabulary: Vocabulary) -> tuple[str, ...]:
    tokens = sentence(clean(text).text, vocabulary).tokens
    return tuple(dict.fromkeys(token.software.family for token in tokens if token.software))


def _told(key: str, group: Group, masked: Masked) -> dict[str, t.Any]:
    """Return a group as the model sees it."""
    return {
        "id": key,
        "role": group.role,
        "names": [masked.hide(name) for name in group.names[:8] if masked.hide(name) != name],
        "count": len(group.names),
    }


def _in_our_words(
    statements: t.Sequence[Statement], vocabulary: Vocabulary, groups: t.Mapping[str, Group]
) -> tuple[Statement, ...]:
    """Return statements with families and add-ons by their names here, and targets of changes."""
    addressed: dict[str, Statement] = {}
    said: list[Statement] = []
    for statement in statements:
        ours = statement.kind == "change" and statement.thing in (*groups, ALL)
        if ours and (statement.topic == "thing" or statement.thing not in addressed):
            addressed[statement.thing] = statement
        if not (ours and statement.topic == "thing"):
            said.append(_named(statement, vocabulary))
    targets = [
        first.model_copy(
            update={
                "topic": "whole",
                "about": about,
                "value": value,
                "verb": None,
                "before": None,
            }
        )
        for key, first in addressed.items()
        for about, value in _targets(groups.get(key))
    ]
    return (*targets, *said)


def _targets(group: Group | None) -> t.Iterator[tuple[str, str | bool]]:
    if group is None:
        yield "everything", True
    elif group.role in ("vm", "container"):  # would mean every machine of the kind
        yield from (("name", name) for name in group.names)
    else:
        yield "role", group.role


def _named(statement: Statement, vocabulary: Vocabulary) -> Statement:
    value = str(statement.value or "").strip().lower()
    if statement.topic == "software" and value in vocabulary.software:
        family, component = vocabulary.software[value]
        return statement.model_copy(
            update={"value": family, "about": statement.about or component or ""}
        )
    if statement.topic in ("addon", "cni") and value in vocabulary.addons:
        return statement.model_copy(update={"value": vocabulary.addons[value]})
    return statement


def _alone(rules: Reading, failure: ModelFailure, partner: Partner) -> Reading:
    required = partner.settings.required
    finding = Finding(
        id="model.failed",
        severity="error" if required else "warning",
        field="provider",
        message=str(failure) if required else f"{failure} The rules read the sentence alone.",
        source="model",
    )
    update: dict[str, t.Any] = {"findings": (*rules.findings, finding)}
    return rules.model_copy(update={**update, "closed": rules.closed and not required})


def _failed(failure: ModelFailure, partner: Partner) -> tuple[Round, ...]:
    """Return the round of a call that failed, so that it leaves a trace."""
    return (
        Round(
            number=1,
            reason="A model reads the sentence.",
            act=f"{partner.name} {partner.model_name_of('read')} ({partner.last_call()}).",
            observe=str(failure),
        ),
    )
