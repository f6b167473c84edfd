# SPDX-License-Identifier: GPL-3.0-or-later
"""Named software with its drivers, parts without a brand, and the purpose of a request."""

from __future__ import annotations

import re

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    AppWish,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.drivers import (
    find_drivers,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.kinds import (
    Target,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.lexicon import (
    Software,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.reader import (
    STORE_PARTS,
    Reading,
    describes_store,
)

#: Parts with names that mean other things as well.
GENERAL_PARTS = frozenset({"server", "node", "agent", "database", "monitoring", "data", "docker"})
_SERVICE = re.compile(
    r"\b((?:[a-z]+[ -]){1,3}?)(service|microservice|shop|webshop|portal|portail|dienst)\b"
)


def app_wishes(reading: Reading, target: Target) -> list[AppWish]:
    """Return the software that is asked for; a single one gets the drivers of the sentence."""
    if reading.component is not None:
        found = [AppWish(family=reading.component.family, component=reading.component.component)]
    else:
        found = _named(reading, target)
    if len(found) > 1 and target.kind != "cluster":
        found = _own_drivers(reading, found)
    if len(found) == 1 and target.kind != "cluster":
        count = _count(reading)
        if count in (None, 1) and found[0].component is None and _balanced(reading):
            count = 2
        update = {"drivers": _drivers(reading, found[0]), "count": count}
        found[0] = found[0].model_copy(update=update)
    return found


def _own_drivers(reading: Reading, found: list[AppWish]) -> list[AppWish]:
    """Give each software the drivers between its name and the next ("Moodle for 600 pupils and
    Nextcloud for 40 teachers"); what only one of them has belongs to the whole request."""
    at = {entry.family: index for index, entry in reversed(reading.meaning.software)}
    ends = sorted(at.values())
    own: dict[str, dict[str, float]] = {}
    for family, start in at.items():
        end = next((index for index in ends if index > start), len(reading.tokens))
        said, _levels, _over = find_drivers(reading.tokens[start:end], set(), {})
        own[family] = {name: value for name, value in said.items() if name in reading.drivers}
    if sum(bool(drivers) for drivers in own.values()) < 2:
        return found
    return [app.model_copy(update={"drivers": own.get(app.family, {})}) for app in found]


def _balanced(reading: Reading) -> bool:
    """Tell whether the load shall be spread over machines, which takes two at least."""
    return any(
        token.has("addon.traefik")
        and "balanc" in token.word
        and index not in reading.meaning.negated
        for index, token in enumerate(reading.tokens)
    )


def _drivers(reading: Reading, app: AppWish) -> dict[str, float]:
    """Return the drivers in the family's own terms; a number that is exceeded is one higher."""
    renamed = reading.lexicon.renamed
    own = renamed.get(f"{app.family}.{app.component}") or renamed.get(app.family, {})
    said = {
        name: value + 1 if name in reading.exceeded else value
        for name, value in reading.drivers.items()
    }
    return {**{own[name]: value for name, value in said.items() if name in own}, **said}


def _named(reading: Reading, target: Target) -> list[AppWish]:
    entries = [
        (index, entry)
        for index, entry in reading.meaning.software
        if not (target.kind == "cluster" and reading.tokens[index].has("addon."))
    ]
    served = _served(reading, entries)
    if served is not None:
        return [served]
    named = {entry.family for _at, entry in entries if entry.component is not None}
    wishes = {
        (entry.family, entry.component): AppWish(family=entry.family, component=entry.component)
        for _at, entry in entries
        if entry.component is not None or entry.family not in named
    }
    if reading.unknown is not None and not wishes and target.kind not in ("cluster", None):
        return [AppWish(family=reading.unknown.words, known=False)]
    if not wishes and target.kind not in ("cluster", None):
        generic = [name for name in reading.meaning.addons if name != "traefik"]
        return [AppWish(family=name) for name in generic]
    return list(wishes.values())


def _served(reading: Reading, entries: list[tuple[int, Software]]) -> AppWish | None:
    """Read "PostgreSQL for GitLab" and "database of Keycloak": one part of the other software."""
    brands = [(index, entry) for index, entry in entries if not entry.stack]
    if not brands:
        return None
    target, target_entry = brands[-1]
    parts = reading.lexicon.components(target_entry.family)
    part = _part_before(reading, target, parts)
    part = part or (_part_after(reading, target, parts) if len(brands) == 1 else None)
    if part is not None:
        return AppWish(family=target_entry.family, component=part)
    database = next(
        (i for i, token in enumerate(reading.tokens[:target]) if token.has("part.database")), None
    )
    if len(brands) == 2:
        return _asked_part(reading, brands[0], brands[1]) or _store_of(
            reading, brands[0], brands[1]
        )
    if len(brands) == 1 and database is not None and _leads(reading, database, target):
        part = next((n for n in ("database", "postgresql", "datastore") if n in parts), "database")
        return AppWish(family=target_entry.family, component=part)
    return None


def _asked_part(
    reading: Reading, user: tuple[int, Software], store: tuple[int, Software]
) -> AppWish | None:
    """Read "25,000 GitLab users: please size each of the three PostgreSQL servers"."""
    (first, entry), (last, part) = user, store
    asked = any(token.word in {"size", "sizes"} for token in reading.tokens[first + 1 : last])
    if asked and part.store and part.family in reading.lexicon.components(entry.family):
        return AppWish(family=entry.family, component=part.family)
    return None


def _store_of(
    reading: Reading, store: tuple[int, Software], user: tuple[int, Software]
) -> AppWish | None:
    """Read "PostgreSQL for GitLab": a part of the user when it has one, else the store itself."""
    (first, entry), (last, other) = store, user
    if not entry.store or entry.family == other.family or not _leads(reading, first, last):
        return None
    parts = reading.lexicon.components(other.family)
    part = next((name for name in (entry.family, "database") if name in parts), None)
    if part is not None:
        return AppWish(family=other.family, component=part)
    return AppWish(family=entry.family, component=entry.component)


def _part_before(reading: Reading, target: int, parts: frozenset[str]) -> str | None:
    """Read the part in "Rails of a GitLab" and "load balancer in front of GitLab"."""
    link = next(
        (
            at
            for at in range(target - 1, 0, -1)
            if reading.tokens[at].has("cue.of", "cue.for", "cue.behind")
        ),
        None,
    )
    if link is None or any(token.kind == "num" for token in reading.tokens[link:target]):
        return None
    said = " ".join(token.word for token in reading.tokens[:link])
    named = [part for part in parts if re.search(rf"\b{part.replace('-', '[ -]+')}s?\b", said)]
    return max(named, key=len) if named else None


def _part_after(reading: Reading, target: int, parts: frozenset[str]) -> str | None:
    """Read the part in "Tempo with 25 MB/s: total for the distributors"."""
    said = " ".join(token.word for token in reading.tokens[target + 1 :])
    named = [
        part
        for part in parts - GENERAL_PARTS
        if re.search(rf"\bfor (?:all |the |its )*{part.replace('-', '[ -]+')}s?\b", said)
    ]
    return max(named, key=len) if named else None


def _leads(reading: Reading, first: int, last: int) -> bool:
    between = reading.tokens[first + 1 : last]
    joined = any(token.has("cue.and", "cue.with") or token.word in {"+", ","} for token in between)
    return not joined and any(token.has("cue.for", "cue.of", "cue.behind") for token in between)


_PRIMARY = re.compile(
    r"\b(?:primary|master|leader|primaire|primar)\b.{0,14}(?:\band\b|\+|\bwith\b|\bet\b|\bund\b)"
)


def _count(reading: Reading) -> int | None:
    """Return how many machines were said; "a primary and two replicas" are three."""
    number = _counted(reading)
    replicas = re.search(r"\b(?:replicas?|repliques?|replikate?|standbys?)\b", reading.folded)
    if number is not None and replicas and _PRIMARY.search(reading.folded):
        return number + 1
    return number


def _counted(reading: Reading) -> int | None:
    families = {entry.family for _at, entry in reading.meaning.software}
    named = any({head.role, head.family} & families for head in reading.heads)
    for head in reading.heads:
        other = named and not {head.role, head.family} & families  # "two web servers and one Redis"
        other = other or head.role == "build-agent"
        usable = not (head.driver or head.host or head.article or other)
        if usable and head.count is not None and 0 < head.count <= 1000:
            return int(head.count)
    tokens = reading.tokens
    for index, token in enumerate(tokens[1:], 1):
        before = tokens[index - 1]
        plain = before.kind == "num" and 0 < before.value <= 1000
        counted = token.software is not None or token.word in {"pods", "replicas", "replikas"}
        if plain and counted and (token.software or _of_cluster(reading, index - 1)):
            return int(before.value)
    return None


def _of_cluster(reading: Reading, number: int) -> bool:
    before = reading.tokens[max(number - 2, 0) : number]
    return any(token.has("kind.cluster") for token in before) or (
        reading.tokens[number + 1].word.startswith("repli")
    )


def component_names(reading: Reading, target: Target) -> tuple[str, ...]:
    """Return all parts of an application, branded or not, in the order they were named."""
    if target.kind == "cluster" or reading.component is not None:
        return ()
    parts = own_parts(reading)
    found = [entry.family for _at, entry in reading.meaning.software]
    found += [part for part in parts if part != "app" or len(parts) == 1]
    if any(
        (token.has("addon.traefik") and "balanc" in token.word)
        or token.word.startswith(("lastvert", "repart", "equilib"))
        for token in reading.tokens
    ):
        found.append("load-balancer")
    elif any(token.has("addon.traefik") and "proxy" in token.word for token in reading.tokens):
        found.append("proxy")
    return tuple(dict.fromkeys(found))


def own_parts(reading: Reading) -> list[str]:
    """Return the parts without those that describe a store ("a PostgreSQL database")."""
    described = {
        token.concept.partition(".")[2]
        for index, token in enumerate(reading.tokens)
        if token.has(*STORE_PARTS) and describes_store(reading, index)
    }
    return [part for part in reading.meaning.parts if part not in described]


def workload_of(reading: Reading, target: Target) -> str | None:
    """Return the purpose: a known kind of work or "<words> service"."""
    if reading.meaning.workload:
        return reading.meaning.workload
    match = _SERVICE.search(reading.folded)
    if match is None or target.kind != "app":
        return None
    words = [
        word
        for word in re.split(r"[ -]", match.group(1))
        if word and word not in reading.lexicon.not_a["purpose"]
    ]
    return " ".join([*words, match.group(2)]) if words else None
