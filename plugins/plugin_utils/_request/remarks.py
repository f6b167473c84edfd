# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan of the request will not hold, or takes in another way than it was said."""

from __future__ import annotations

import re

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import Request
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request import checks
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.clean import fold
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.kinds import Target
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.lexicon import (
    Vocabulary,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.reader import Reading

_ADDON_LIST = re.compile(
    r"\badd-?ons?\b(?:\s*[:=]\s*|\s+(?:called|named|namens|nomme)?\s*)"
    r"(?P<list>[a-z0-9][\w-]*(?:\s*(?:,|\band\b|\bet\b|\bund\b)\s*[a-z0-9][\w-]*)*)"
)
_ADDON_NAME = re.compile(r"\b(?P<name>[a-z0-9][\w-]*) add-?ons?\b")


def remark(
    reading: Reading,
    target: Target,
    request: Request,
    verdict: checks.Verdict,
    vocabulary: Vocabulary,
) -> None:
    """Add what the person must know or answer before a plan can be trusted."""
    _contradictions(reading, verdict)
    _beside(reading, target, verdict)
    _unknown(reading, target, request, verdict)
    _left_out(reading, verdict)
    if reading.entities.backups is not None and not request.backups:
        verdict.warn(
            "backups",
            "backups",
            "The storage for the backups is not known; say it (nightly backups on NAME) or set"
            " backups of the site. The plan has only the jobs of the site.",
        )
    said = reading.entities.backups
    if said is not None and said.storage is None and request.backups:
        verdict.note(
            "backups",
            "backups",
            f"The backups go to {request.backups[0].storage}, the only storage named for them.",
        )
    _together(reading, request, verdict)
    _twins(reading, request, verdict)
    _addons(reading, request, verdict, vocabulary)


def _contradictions(reading: Reading, verdict: checks.Verdict) -> None:
    meaning, name = reading.meaning, reading.entities.target_name
    removes = any(t.has("op.destroy", "op.remove") for t in reading.tokens[5:])
    if meaning.operation == "create" and removes and name and not reading.following:
        verdict.ask("operation", f"To make something and to remove {name} are two requests; which?")
    for problem in reading.meaning.contradictions:
        verdict.ask("contradiction", f"The request says that {problem}; which is meant?")
    both = set(reading.meaning.addons) & set(reading.meaning.excluded)
    for name in sorted(both):
        verdict.ask(f"addons.{name}", f"{name} is both asked for and declined; which is meant?")


def _beside(reading: Reading, target: Target, verdict: checks.Verdict) -> None:
    """Say that a machine beside a cluster is left out; one request is for one deployment."""
    if target.kind != "cluster":
        return
    for head in reading.heads:
        if head.beside:
            start = head.number if head.number is not None else head.index
            said = " ".join(token.word for token in reading.tokens[start : head.end])
            verdict.warn(
                "beside",
                "machines",
                f"A machine beside the cluster ({said}) is not in this plan; ask for it in a"
                " request of its own (-e deployment=NAME).",
            )


def _unknown(reading: Reading, target: Target, request: Request, verdict: checks.Verdict) -> None:
    """Name what was not understood: it is sized without knowledge, or left out."""
    if target.kind is None:
        return
    for app in request.apps:
        if not app.known:
            verdict.warn(
                "unknown_software",
                "apps",
                f"{app.family[:60]} is not known; it is sized by the category table, the last"
                " resort.",
            )
    listed = set(_unknown_addons(reading, set()))
    for name in reading.unread:
        if not listed.intersection(name.words.split()):
            verdict.warn(
                "not_understood",
                "text",
                f"{name.words[:60]!r} was not understood and is not in this plan.",
            )


def _together(reading: Reading, request: Request, verdict: checks.Verdict) -> None:
    """Say that software that shall share one machine gets machines of its own."""
    heads = [head for head in reading.heads if head.role in ("vm", "container") and not head.host]
    each = reading.mentions("word.each", "word.per")
    one = len(heads) == 1 and heads[0].count == 1 and not heads[0].elliptic and not each
    if one and request.cluster is None and len(request.apps) > 1:
        names = ", ".join(app.family for app in request.apps)
        verdict.warn(
            "one_machine",
            "machines.count",
            f"One machine was said for {names}; the plan gives each a machine of its own.",
        )


def _twins(reading: Reading, request: Request, verdict: checks.Verdict) -> None:
    """Say that two programs that are sized alike get one machine ("sonarr, radarr")."""
    first: dict[str, str] = {}
    planned = {app.family for app in request.apps}
    for at, entry in reading.meaning.software:
        word, known = reading.tokens[at].word, first.get(entry.family)
        first.setdefault(entry.family, word)
        if known is None or entry.stack or entry.component or entry.family not in planned:
            continue
        listed = at > 0 and (
            reading.tokens[at - 1].has("cue.and") or reading.tokens[at - 1].word == ","
        )
        if listed and known[:4] != word[:4]:
            verdict.warn(
                "one_machine",
                "apps",
                f"{word[:60]} is planned on the machine of {known[:60]}; ask for it in a request of"
                " its own for another machine.",
            )


def _left_out(reading: Reading, verdict: checks.Verdict) -> None:
    """Say what a plan does not hold: swap, another network than the site's."""
    if reading.entities.subnet:
        verdict.note(
            "subnet",
            "machines.address",
            f"Addresses come from the network of the site profile, not from"
            f" {reading.entities.subnet} of the sentence.",
        )
    wanted = [i for i, token in enumerate(reading.tokens) if token.has("noun.swap") and i]
    if any(reading.tokens[index - 1].mib is not None for index in wanted):
        verdict.warn("swap", "machines", "Swap is not part of a plan; set it in the guest.")


def _addons(
    reading: Reading, request: Request, verdict: checks.Verdict, vocabulary: Vocabulary
) -> None:
    known = sorted({*_known_addons(reading), *vocabulary.addons})
    for name in _unknown_addons(reading, set(known)):
        verdict.refuse(
            "addon",
            "cluster.addons",
            f"There is no add-on {name[:60]}; the add-ons are {', '.join(known)}.",
        )
    if reading.meaning.ingress_nginx_named and request.cluster is not None:
        verdict.warn(
            "retired",
            "cluster.addons",
            "ingress-nginx was retired in March 2026 and gets no more fixes; traefik is the"
            " default.",
        )


def _known_addons(reading: Reading) -> set[str]:
    concepts = reading.lexicon.concepts.values()
    return {name.partition(".")[2] for name in concepts if name.startswith("addon.")}


def _unknown_addons(reading: Reading, known: set[str]) -> list[str]:
    """Return names said to be add-ons that none is."""
    text = fold(reading.entities.text)
    said: list[str] = []
    for match in _ADDON_LIST.finditer(text):
        if match.group("list").split()[0] not in reading.lexicon.not_a["addon"]:
            said += re.split(r"\s*(?:,|\band\b|\bet\b|\bund\b)\s*", match.group("list"))
    said += [match.group("name") for match in _ADDON_NAME.finditer(text)]
    words = {name for name in said if name and name not in reading.lexicon.not_a["addon"]}
    concepts = reading.lexicon.concepts
    return sorted(
        word
        for word in words
        if word not in known
        and tuple(word.replace("-", " ").split()) not in concepts
        and not any(token.word == word and token.concept for token in reading.tokens)
    )
