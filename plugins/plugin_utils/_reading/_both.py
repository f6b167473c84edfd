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
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._model import (
    ModelFailure,
    Partner,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._account import (
    account,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._agree import (
    Outcome,
    agree,
    chosen,
    of_request,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._by_model import (
    Known,
    read_by_model,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._clean import clean
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._ignored import ignored
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._masked import Masked
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._record import Record
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._request import (
    request,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._sentence import (
    sentence,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._spoken import (
    said_elsewhere,
    spoken_for,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._translated import (
    There,
    apart,
    in_our_words,
    shared,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._words import (
    Vocabulary,
)

MAX_ALIASES = 4


def with_model(
    rules: Reading,
    vocabulary: Vocabulary,
    previous: Record | None,
    partner: Partner,
    *,
    answers: tuple[str, ...] = (),
    becomes: t.Callable[[Request], Outcome] = of_request,
) -> tuple[Reading, tuple[Round, ...]]:
    """Return the reading that holds, of the rules' and the model's, and the model's rounds.

    ``becomes`` tells what would be made of a request; readings that make the same agree.

    A model that fails leaves the rules' reading with a warning, or with an error where the
    settings say that the model is required.
    """
    masked = Masked(rules.text, _names(vocabulary, previous))
    there = There(previous, masked)
    known = Known(
        families=_families(rules.text, vocabulary),
        addons=_addons(vocabulary),
        exists=there.table,
        installed=previous.addons if previous else (),
    )

    def judged(reading: Reading) -> Reading:
        return accounted(reading, vocabulary, there)

    def made(reading: Reading) -> Outcome:
        return becomes(request(reading, vocabulary, previous))

    try:
        reading, rounds = read_by_model(
            partner, partner.name, masked, known, judged, language=rules.language
        )
    except ModelFailure as failure:
        return _alone(rules, failure, partner), _failed(failure, partner)
    there_are = frozenset(float(len(group.names)) for group in there.groups.values())
    held = agree(rules, reading, made, answers=answers, there_are=there_are)
    if held.reader != rules.reader:
        lost = ignored(held, lambda of: request(of, vocabulary, previous))
        held = held.model_copy(update={"findings": (*held.findings, *lost)})
    picked = tuple(answer for answer in answers if chosen((answer,)))
    return held.model_copy(update={"answers": picked}), rounds


def accounted(reading: Reading, vocabulary: Vocabulary, there: There) -> Reading:
    """Return a model's reading in our words, with its account made."""
    said = in_our_words(reading.statements, vocabulary, there)
    said = tuple(apart(said, reading.text, vocabulary))
    said = tuple(said_elsewhere(said, reading.text, vocabulary))
    asked = (*reading.questions, *shared(said))
    filled = reading.model_copy(update={"statements": said, "questions": asked})
    judged = account(filled, vocabulary)
    return spoken_for(judged, vocabulary, asked)


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


def _addons(vocabulary: Vocabulary) -> dict[str, list[str]]:
    """Return the add-ons with the words that they are called by."""
    named: dict[str, list[str]] = {name: [] for name in sorted(set(vocabulary.addons.values()))}
    for alias, name in sorted(vocabulary.addons.items()):
        if alias != name and len(named[name]) < MAX_ALIASES:
            named[name].append(alias)
    return named


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
