# SPDX-License-Identifier: GPL-3.0-or-later
"""What a request as a whole means: operation, environment, HA, add-ons, software, purpose."""

from __future__ import annotations

import dataclasses
import re

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.lexicon import (
    Software,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.numerals import (
    ARTICLES,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.tokens import Token


@dataclasses.dataclass
class Meaning:
    """Signals of the sentence that are not numbers."""

    operation: str = "create"
    environment: str | None = None
    ha: bool | None = None
    addons: list[str] = dataclasses.field(default_factory=list)
    excluded: list[str] = dataclasses.field(default_factory=list)
    unknown_addons: list[str] = dataclasses.field(default_factory=list)
    cni: str | None = None
    software: list[tuple[int, Software]] = dataclasses.field(default_factory=list)
    parts: list[str] = dataclasses.field(default_factory=list)
    workload: str | None = None
    single_node: bool = False
    tendency: str | None = None
    scale: str | None = None
    contradictions: list[str] = dataclasses.field(default_factory=list)
    negated: set[int] = dataclasses.field(default_factory=set)
    ingress_nginx_named: bool = False


_NEGATABLE = ("addon.", "word.ha", "env.", "cni.", "word.single_node")


def negated_indexes(tokens: list[Token]) -> set[int]:
    """Return the indexes of concepts that the sentence denies.

    A negation reaches over a list of deniable things ("no ingress, nor monitoring") and ends at
    anything else; "… is not needed" reaches back to the thing before it.
    """
    denied: set[int] = set()
    for index, token in enumerate(tokens):
        if token.has("cue.not"):
            denied.update(_forward(tokens, index))
        if token.has("cue.not", "word.not_needed") or (
            token.word in {":", "="}
            and index + 1 < len(tokens)
            and tokens[index + 1].has("cue.not")
        ):
            denied.update(_backward(tokens, index))
        if token.has("kind.cluster", "kind.k3s", "kind.k8s", "kind.vm", "kind.lxc"):
            before = tokens[max(index - 2, 0) : index]
            article = len(before) == 2 and before[1].word in ARTICLES
            if before and before[0 if article else -1].has("cue.not"):
                denied.add(index)
    return denied


def _forward(tokens: list[Token], index: int) -> set[int]:
    found: set[int] = set()
    words = 0
    strong = tokens[index].word in {"without", "sans", "ohne", "disable", "skip", "exclude"}
    for at in range(index + 1, min(index + 14, len(tokens))):
        token = tokens[at]
        if token.has("cue.not") and found:
            continue
        if token.has("cue.not"):
            return set()  # "not without monitoring"
        if token.has(*_NEGATABLE) or (token.software is not None and not found):
            found.add(at)
            words = 0
            continue
        if token.has("cue.and", "cue.or", "word.not_needed") or token.word in {
            "/",
            "de",
            "d'",
            "-",
        }:
            continue
        if token.word == "," and found:
            following = tokens[at + 1] if at + 1 < len(tokens) else None
            listed = following is not None and following.has(*_NEGATABLE, "cue.or", "cue.not")
            if strong and listed:
                continue
            break
        if token.kind != "word" or (token.has("cue.", "kind.", "role.", "op.") and found):
            break
        if token.has("kind.", "role."):
            break
        words += 1
        if words > (2 if found else 3):
            break
    return found


def _backward(tokens: list[Token], index: int) -> set[int]:
    """Find what "… (is) not needed" or "…: no" denies."""
    token = tokens[index]
    phrase = " ".join(t.word for t in tokens[index : index + 4])
    needed = token.has("word.not_needed") and token.word not in {"needed", "required", "necessary"}
    if token.has("cue.not"):
        needed = bool(
            re.search(
                r"need|requir|necess|besoin|wanted|notig|notwend|gebraucht|brauch|benotig", phrase
            )
        )
        following = tokens[index + 1] if index + 1 < len(tokens) else None
        last = following is None or following.kind == "mark"
        needed = needed or (
            last and token.word in {"no", "off", "non", "disabled", "nicht", "none"}
        )
        ahead = tokens[index + 1 : index + 5]
        if any(t.has(*_NEGATABLE) for t in ahead):
            return set()
    if token.word in {":", "="}:
        needed = True
    if not needed:
        return set()
    found: set[int] = set()
    for at in range(index - 1, max(index - 8, -1), -1):
        if tokens[at].has(*_NEGATABLE):
            found.add(at)
        elif (tokens[at].word in {",", ";", ".", ":"} and (found or tokens[at].word != ":")) or (
            found and not tokens[at].has("cue.and", "cue.or")
        ):
            break
    return found


def understand(tokens: list[Token]) -> Meaning:
    """Return the signals of the sentence."""
    meaning = Meaning(negated=negated_indexes(tokens))
    for index, token in enumerate(tokens):
        denied = index in meaning.negated
        if not denied:
            _signal(meaning, token)
        if token.has("work.") and meaning.workload is None:
            meaning.workload = token.concept.partition(".")[2]
        elif token.has("tendency.") and meaning.tendency is None and _is_verb(tokens, index):
            meaning.tendency = token.concept.partition(".")[2]
        elif token.has("addon."):
            _addon(meaning, token, denied)
        elif token.has("part."):
            meaning.parts.append(token.concept.partition(".")[2])
        following = tokens[index + 1 : index + 3]
        like = any(later.has("word.compatible") for later in following)
        if token.software is not None and not denied and not like:
            meaning.software.append((index, token.software))
    _runners(tokens, meaning)
    _build_agents(tokens, meaning)
    meaning.software = _without_runtime(tokens, meaning.software)
    meaning.software = _without_company(tokens, meaning.software)
    hosts = any(token.has("kind.dockerhost") for token in tokens)
    if hosts and not meaning.software:
        meaning.software.append((0, Software("docker", None, "vm")))
    _availability(meaning, tokens)
    meaning.environment = _environment(tokens, meaning)
    workplace = any(token.has("word.workplace", "word.workplace.") for token in tokens)
    if workplace and meaning.environment in ("development", "test"):
        meaning.parts.append("development")
    meaning.operation = _operation(tokens, meaning)
    return meaning


def _signal(meaning: Meaning, token: Token) -> None:
    """Keep what one word that is not denied says of the whole request."""
    if token.has("cni."):
        name = token.concept.partition(".")[2]
        if meaning.cni not in (None, name):
            meaning.contradictions.append(f"the CNI is both {meaning.cni} and {name}")
        meaning.cni = name
    elif token.has("word.single_node"):
        meaning.single_node = True
    elif token.has("size."):
        _scale(meaning, token)


def _without_runtime(
    tokens: list[Token], found: list[tuple[int, Software]]
) -> list[tuple[int, Software]]:
    """Drop Docker where it is how other software is run ("Harbor with Docker"), not a wish."""
    brands = [(index, entry) for index, entry in found if not entry.stack]
    if not any(entry.family != "docker" for _at, entry in brands):
        return found
    listed = {
        index
        for index, entry in brands
        if entry.family == "docker"
        and any(t.has("cue.and") or t.word == "+" for t in tokens[max(index - 1, 0) : index + 2])
    }
    return [pair for pair in found if pair[1].family != "docker" or pair[0] in listed]


def _runners(tokens: list[Token], meaning: Meaning) -> None:
    """Read runners beside a forge ("GitLab and two runners") as machines of their own."""
    forges = [entry.family for _at, entry in meaning.software if entry.forge]
    for index, token in enumerate(tokens):
        if forges and token.has("work.ci-runner") and token.word in {"runner", "runners"}:
            family = "github-runner" if forges[0].startswith("github") else "gitlab-runner"
            token.software = Software(family, None, "vm")
            token.concept = ""
            meaning.software.append((index, token.software))
            meaning.workload = None


def _build_agents(tokens: list[Token], meaning: Meaning) -> None:
    """Read the agents of a build server ("Jenkins with 5 build agents") as its machines."""
    if not any(entry.builds for _at, entry in meaning.software):
        return
    for token in tokens:
        runners = token.has("work.ci-runner") and token.word.endswith(("agents", "runners"))
        if runners or (token.has("role.worker") and token.word in {"agent", "agents"}):
            token.concept = "part.build-agent"
            meaning.workload = None


def _without_company(
    tokens: list[Token], found: list[tuple[int, Software]]
) -> list[tuple[int, Software]]:
    """Drop software that runs elsewhere, or that the first one brings along on its machine."""
    kept: list[tuple[int, Software]] = []
    for index, entry in found:
        near = tokens[index + 1 : index + 4]
        clause = next((i for i, t in enumerate(near) if t.word in {",", ";", "."}), len(near))
        elsewhere = any(t.has("word.elsewhere") for t in near[:clause])
        shared = any(t.has("word.same_machine") for t in near[:clause])
        joined = index > 0 and tokens[index - 1].has("cue.and")
        if not (kept and (elsewhere or (shared and not joined))):
            kept.append((index, entry))
    return kept


_SURVIVES = re.compile(
    r"\b(?:surviv|tolerat|withst|cope with|outliv|uberleb|verkraft|survi|support)\w*\b.{0,30}"
    r"\b(?:fail\w*|loss|losing|outage|down|dies|death|ausfall\w*|perte|panne)\b"
    r"|\bno single points? of failure\b|\bkeinen? single point\b"
    r"|\bausfall (?:eines|einer)\b.{0,30}\b(?:uberleb|verkraft)"
)


def _availability(meaning: Meaning, tokens: list[Token]) -> None:
    said = {i not in meaning.negated for i, token in enumerate(tokens) if token.has("word.ha")}
    if _SURVIVES.search(" ".join(token.word for token in tokens)):
        said.add(True)
    if len(said) == 1:
        meaning.ha = said.pop()
    elif said:
        meaning.contradictions.append("high availability is both asked for and declined")


def _scale(meaning: Meaning, token: Token) -> None:
    """Keep what was said of the load; a size adjective counts only when no load was said."""
    name = token.concept.partition(".")[2]
    if name in ("light_load", "heavy_load"):
        meaning.scale = "small" if name == "light_load" else "large"
    elif meaning.scale is None:
        meaning.scale = name


def _addon(meaning: Meaning, token: Token, denied: bool) -> None:
    name = token.concept.partition(".")[2]
    target = meaning.excluded if denied else meaning.addons
    if name not in target:
        target.append(name)
    meaning.ingress_nginx_named |= name == "ingress-nginx" and not denied


def _environment(tokens: list[Token], meaning: Meaning) -> str | None:
    found = [
        "development" if token.has("word.workplace.") else token.concept.partition(".")[2]
        for index, token in enumerate(tokens)
        if token.has("env.", "word.workplace.") and index not in meaning.negated
    ]
    distinct = list(dict.fromkeys(found))
    if len(distinct) > 1:
        named = [name for name in distinct if name != "test"]
        if len(named) == 1 and distinct[0] != "test":
            return named[0]
        meaning.contradictions.append(f"the environment is both {distinct[0]} and {distinct[1]}")
    return distinct[0] if distinct else None


#: Verbs that are nouns or parts of names as well: they count only where an order stands.
_NOUNS_TOO = frozenset(
    {"set", "scale", "grow", "move", "switch", "update", "join", "change", "drop", "raise"}
)


def _orders(tokens: list[Token], index: int) -> bool:
    if index == 0:
        return True
    before = tokens[index - 1]
    return before.has("filler") or before.word in {"to", "you", "and", "und", "et", ",", "then"}


def _is_verb(tokens: list[Token], index: int) -> bool:
    return tokens[index].word not in _NOUNS_TOO or _orders(tokens, index)


def _operation(tokens: list[Token], meaning: Meaning) -> str:
    """Return the operation; what is done to machines that exist needs a verb at the front."""
    verbs = [
        (index, token.concept.partition(".")[2])
        for index, token in enumerate(tokens)
        if token.has("op.", "tendency.")
        and index not in meaning.negated
        and _is_verb(tokens, index)
    ]
    existing = any(token.has("word.existing") for token in tokens)
    ending = {len(tokens) - 1} if tokens and tokens[-1].word.endswith(("ern", "en")) else set()
    lead = [name for index, name in verbs if index <= 4 or existing or index in ending]
    first = next((name for name in lead if name not in {"smaller", "larger"}), None)
    if first is None and lead:
        first = lead[0]
    return first or "create"
