# SPDX-License-Identifier: GPL-3.0-or-later
"""A sentence → the request: what the site has helps to tell names from words."""

from __future__ import annotations

import collections.abc
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._catalogue import load_catalogue
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Plan,
    Request,
    Site,
    Snapshot,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._plan import Round
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._reading import (
    Question,
    Reading,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._knowledge import load_knowledge
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._model import Partner
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading import (
    Judged,
    Record,
    Vocabulary,
    read_request,
    record,
    told,
    with_answers,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._agree import (
    Outcome,
    of_request,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._both import (
    with_model,
)

#: Says what is asked about a request.
Asks = collections.abc.Callable[[Request], tuple[Question, ...]]


def _as_read(request: Request) -> tuple[Question, ...]:
    return request.questions


def _addons(folders: tuple[str, ...] = ()) -> dict[str, str]:
    catalogue = load_catalogue(folders)
    return {
        alias: entry.name
        for entry in catalogue.entries.values()
        for alias in (entry.name, *entry.aliases)
    }


def vocabulary_of(site: Site, snapshot: Snapshot | None) -> Vocabulary:
    """Return the names that reading has to know: software, add-ons, and what exists."""
    guests = snapshot.guests if snapshot else ()
    return Vocabulary(
        software=load_knowledge(tuple(site.knowledge_dirs)).vocabulary,
        addons=_addons(tuple(site.catalogue_dirs)),
        nodes=tuple(node.name for node in snapshot.nodes) if snapshot else site.nodes,
        node_addresses=tuple(n.address for n in snapshot.nodes if n.address) if snapshot else (),
        storages=tuple(sorted({s.storage for s in snapshot.storages})) if snapshot else (),
        templates=tuple(guest.name for guest in guests if guest.template),
        guests=tuple(guest.name for guest in guests if not guest.template),
    )


def request_of(
    text: str,
    site: Site,
    snapshot: Snapshot | None,
    previous: Plan | None = None,
    *,
    answers: tuple[str, ...] = (),
    refining: bool = False,
    accept: bool = False,
    partner: Partner | None = None,
    becomes: t.Callable[[Request], Outcome] = of_request,
    asks: Asks = _as_read,
) -> tuple[Request, tuple[Round, ...]]:
    """Return the request of a sentence, and the rounds of a model that read it too.

    Args:
        text: the sentence.
        site: the site profile.
        snapshot: facts, when there are some.
        previous: the plan that a change is about.
        refining: the text is about that plan, also where it does not say so.
        answers: what a person replied to the questions of earlier readings, in order.
        accept: what was not understood is set aside.
        partner: the model that reads beside the rules.
        becomes: what would be made of a request, where two readings of the text differ.
        asks: everything that is asked about a request, by later stages as well.
    """
    there = record(previous) if previous is not None and previous.machines else None
    vocabulary = vocabulary_of(site, snapshot)
    rounds: list[Round] = []
    open_: tuple[str, ...] = ()  # answers to nothing that the rules ask

    def second(rules: Reading, previous: Record | None) -> Reading:
        if partner is None:
            return rules
        reading, made = with_model(
            rules, vocabulary, previous, partner, answers=open_, becomes=becomes
        )
        rounds.extend(made)
        return reading

    def wanted(whole: str, *, alone: bool) -> Request:
        def read(of: Record | None) -> Request:
            rounds.clear()
            other = None if alone else second
            return read_request(whole, vocabulary, of, accept=accept, second=other)

        found = read(there if refining else None)
        if found.changes and there is not None and not refining:
            found = read(there)
        return found

    def judge(whole: str) -> Judged:
        found = wanted(whole, alone=True)
        return Judged(found.reading, asks(found))

    answered = with_answers(text, answers, judge)
    open_ = answered.idle
    found = wanted(answered.text, alone=False)
    return (told(found, text, answered) if answers else found), tuple(rounds)


def read_anywhere(text: str) -> Request:
    """Return the request of a sentence where nothing is known of the place."""
    knowledge = load_knowledge()
    return read_request(text, Vocabulary(software=knowledge.vocabulary, addons=_addons()))
