# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that a text gives to machines and clusters, new and existing."""

from __future__ import annotations

import re

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.lexicon import (
    Lexicon,
    Vocabulary,
    builtin,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.literals import (
    Entities,
    take,
)

_RAW_NAME = r"(?P<value>\"[^\"\n]{1,200}\"|'[^'\n]{1,200}'|`[\w.-]+`|[^\s,:()]+)"

NAMED = re.compile(
    r"\b(?:named|called|name[ds]?|hostnames?|nomme(?:e?s?)?|appelee?s?|namens|genannt|nom|"
    r"mit (?:dem )?namen?|(?:avec|sous) le nom|heisst|hei(?:ss|s)en soll|s'appelle|der name|"
    r"it should be called|call (?:it|them)"
    r"|as(?= (?:[a-z]+\d+|[a-z0-9]+(?:-[a-z0-9]+)+)(?:[\s,.;]|$)))"
    r"(?:\s*[:=]\s*|\s+(?:is\s+|it\s+|de\s+|should be\s+)?)" + _RAW_NAME
)
_LEADING_NAME = re.compile(
    r"\W*(?P<value>(?!k3s|k8s|rke2|ci-|ha-)[a-z][a-z0-9]*-[a-z0-9-]*\d)\s*(?:,|:|with\b|mit\b|avec\b|like\b|wie\b|comme\b|-\s)"
)
_NEXT_NAME = re.compile(r"\s*(?:,|\band\b|\bet\b|\bund\b|&)\s*(?:and\s+|et\s+|und\s+)?" + _RAW_NAME)
_CLUSTER_NAME = re.compile(
    r"\b(?:clusters?|grappe)\s+(?P<value>[a-z][a-z0-9]*(?:[-_][a-z0-9]+)+"
    r"|(?!k3s\b|k8s\b)[a-z]+\d+)\b"
)
_K3S_NAME = re.compile(
    r"\b(?P<value>(?:k3s|k8s|rke2)-(?!(?:cluster|server|agent|worker|master|node|control|ha)s?\b|[\w-]*cluster)"
    r"[a-z0-9]+(?:-[a-z0-9]+)*)(?![\w-]|\.\w)"
)
_MUTATED = re.compile(
    r"\b(?:bring|take|get|passe[rz]?|mets|mettez|setze|make|mache|mach|rends|fais|scale|resize|destroy|delete|remove|"
    r"upgrade|shrink|grow|enlarge|expand|extend|supprime[rz]?|"
    r"losche?n?|vergrosser[en]+|verkleiner[en]+|skalier[en]+|redimensionne[rz]?|agrandi[rst]+|"
    r"detrui[rst]+e?|zerstore?n?|increase|reduce|bump|give|gib|donne[rz]?|entferne?n?|stop|to|from|"
    r"zu|zum|aus|of|de|du|a|au|von|in|set|change|reduis|update|modify|downgrade|auf)\s+"
    r"(?:(?:up|down|out|back)\s+)?"
    r"(?:the\s+|le\s+|la\s+|den\s+|die\s+|das\s+|dem\s+|der\s+)?"
    r"(?:(?:k3s|k8s|kubernetes)\s+)?(?:vm\s+|lxc\s+|container\s+|conteneur\s+|cluster\s+|maschine\s+|machine\s+|"
    r"server\s+|node\s+)?"
    r"(?P<value>[a-z][a-z0-9]*(?:-[a-z0-9]+)+|[a-z]{2,}\d+)\b"
)
_MUTATION = re.compile(
    r"\b(?:bring|double|triple|halve|add|adds|append|remove|scale|resize|destroy|delete|upgrade|shrink|grow|enlarge|expand|extend|"
    r"increase|reduce|bump|give|set|change|update|modify|downgrade|make|bigger|smaller|larger|drop|enable|disable|"
    r"turn|tear|nuke|wipe|move|migrate|ajoute[rz]?|rajoute[rz]?|supprime[rz]?|retire[rz]?|enleve[rz]?|redimensionne[rz]?|"
    r"agrandi\w*|detrui\w+|donne[rz]?|passe[rz]?|mets|mettez|reduis\w*|augmente[rz]?|diminue[rz]?|modifie[rz]?|"
    r"fuge|fugen|hinzu\w*|entferne?n?|losche?n?|skalier\w+|vergrosser\w*|verkleiner\w*|zerstore?n?|gib|setze|mach|mache|"
    r"erhohe?n?|reduzier\w*|andere|andern|aktualisier\w*|rends|fais|stop|decommission)\b"
)
#: Names of existing clusters that are everyday words: "scale prod to 6", "… to cluster blue".
_ENDS = r"(?=\s*(?:$|[.,;!?]|(?:to|by|auf|um|with|down|up|back|a|de)\b))"
_EXISTING = re.compile(
    r"\bcluster (?P<after>(?!(?:to|by|with|and|for|on|of|up|down|bigger|smaller|larger|from)\b)"
    rf"[a-z][a-z0-9-]*){_ENDS}"
    r"|\b(?:scale|resize|upgrade|shrink|grow|destroy|delete|extend|skaliere|losche|supprime|of|to"
    r"|from|in|on|von|zu|aus|auf|de|du|sur)"
    rf" (?P<value>prod|production|dev|staging|stage|test|qa|preprod|lab){_ENDS}"
)
_MACHINE_NAME = re.compile(
    r"\b(?:vm|machine|box|container|lxc|server|serveur|maschine|host|guest|ct|conteneur)\s+"
    r"[\"'\u201c\u201e]?"
    r"(?P<value>[a-z][a-z0-9]*-[a-z0-9-]*\d[a-z0-9-]*|(?!k3s\b|k8s\b|rke2\b|ext4\b|x86\b|apache2\b)"
    r"[a-z]{2,}\d{1,3})\b"
)
_RELATIVE = re.compile(
    r"\b(?:as|of|like|than|que|wie|von|comme|to|de|d'|mit|a)\s+(?:vm\s+|the\s+|la\s+|der\s+)?"
    r"(?P<value>[a-z][a-z0-9]*(?:-[a-z0-9]+)*\d[a-z0-9-]*|[a-z]+(?:-[a-z0-9]+)+)\b"
)


def _unquoted(raw: str) -> str:
    return raw.strip("\"'`").rstrip(".!?;")


def find_relative(found: Entities, vocabulary: Vocabulary) -> None:
    cue = re.search(
        r"\b(?:same|twice|double|doubled|triple|half|(?<!would )(?<!'d )like|identical|clone|copy"
        r"|times|sized|big as"
        r"|identique|pareille?|memes?|comme|deux fois|moitie|fois"
        r"|identisch|doppelt\w*|halb|halfte|gleich\w*|wie|selbe\w*|genauso|fach|mal)\b",
        found.folded,
    )
    if cue is None:
        return
    match = _RELATIVE.search(found.folded, cue.start())
    if match is None:
        for guest in vocabulary.guests:
            at = found.folded.find(guest.lower(), cue.start())
            if at >= 0:
                found.relative_to = guest
                found.blank(at, at + len(guest))
                return
        return
    value = match.group("value")
    if not re.fullmatch(r"k3s|k8s|rke2|p9\d|high-\w+|node\.js", value):
        found.relative_to = value
        found.blank(match.start("value"), match.end("value"))


def find_names(found: Entities) -> None:
    position = 0
    lead = _LEADING_NAME.match(found.folded)
    if lead is not None and not NAMED.search(found.folded):
        _add_name(found, lead.group("value"))
        found.blank(lead.start("value"), lead.end("value"))
    while (match := NAMED.search(found.folded, position)) is not None:
        raw = found.text[match.start("value") : match.end("value")]
        if match.group("value") in builtin().not_a["name"]:
            position = match.end()
            continue
        braces = re.match(
            r"[\{\[$%(<].*?[\}\])>]{1,2}(?=[\s,;]|$)", found.text[match.start("value") :]
        )
        end = match.start("value") + braces.end() if braces else match.end("value")
        raw = found.text[match.start("value") : end] if braces else raw
        trailing = len(raw) - len(raw.rstrip(".!?;"))
        _add_name(found, _unquoted(raw))
        found.blank(match.start(), end - trailing if not braces else end)
        position = end - trailing
        while (more := _NEXT_NAME.match(found.folded, position)) is not None:
            value = _unquoted(found.text[more.start("value") : more.end("value")])
            like_name = re.fullmatch(r"[A-Za-z][\w.-]*\d|[a-z0-9]+(?:-[a-z0-9]+)+", value)
            if not like_name or not found.names:
                break
            _add_name(found, value)
            found.blank(position, more.end())
            position = more.end()


def _add_name(found: Entities, raw: str) -> None:
    name = raw.lower()
    if re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", name):
        found.names.append(name)
    else:
        found.bad_names.append(raw)


def _names_guest(found: Entities, at: re.Match[str], lexicon: Lexicon) -> bool:
    """Tell whether the word is the guest of that name, not what shall be made ("… and a nas")."""
    words = tuple(at.group(0).split("-"))
    if words not in lexicon.software and words not in lexicon.concepts:
        return True
    before = found.folded[: at.start()].split()
    made = bool(before) and (before[-1] in _DETERMINERS or before[-1].isdigit())
    return not made and bool(_MUTATION.search(found.folded))


_DETERMINERS = frozenset(
    {"a", "an", "another", "new", "un", "une", "ein", "eine", "einen", "einem"}
)


def find_existing(found: Entities, lexicon: Lexicon, vocabulary: Vocabulary) -> None:
    pool = take(found, re.compile(r"\b(?:resource )?pool\s*[:=]?\s+(?P<value>[a-z][a-z0-9_-]+)\b"))
    found.pool = pool.lower() if pool else None
    tags = take(
        found,
        re.compile(
            r"\b(?:tags?|tagged|markiert|etiquettes?)\s*[:=]?\s+(?:with\s+|as\s+|mit\s+)?(?P<value>[a-z][\w-]*(?:\s*[,;]\s*[a-z][\w-]*)*)"
        ),
    )
    if tags:
        found.tags = tuple(part.strip().lower() for part in re.split(r"[,;]", tags) if part.strip())
    if not found.names:
        cluster = take(found, _CLUSTER_NAME, "cluster")
        if cluster is not None:
            found.cluster_name = cluster.lower()
    if not (found.names or found.cluster_name):
        cluster = take(found, _K3S_NAME, "cluster")
        found.cluster_name = cluster.lower() if cluster else None
    known = sorted(vocabulary.guests, key=len, reverse=True)
    for guest in known:
        at = re.search(rf"(?<![\w-]){re.escape(guest.lower())}(?![\w-])", found.folded)
        if at and _names_guest(found, at, lexicon):
            found.target_name = guest
            found.blank(*at.span())
            return
    match = _MUTATED.search(found.folded) if _MUTATION.search(found.folded) else None
    if match is not None and match.group("value") not in {"k3s", "k8s", "rke2", "p99", "p95"}:
        value = match.group("value")
        letters = value.split("-")
        if any(char.isdigit() for char in value) or not all(
            part in builtin().not_a["hyphenated"] for part in letters
        ):
            found.target_name = value
            found.blank(match.start("value"), match.end("value"))
            return
    if _MUTATION.search(found.folded) and not (found.names or found.cluster_name):
        existing = _EXISTING.search(found.folded)
        named = existing and (existing.group("after") or existing.group("value"))
        if existing and named:
            found.cluster_name = named
            group = "after" if existing.group("after") else "value"
            found.blank(existing.start(group), existing.end(group))
            return
    if found.names:
        return
    while (name := _MACHINE_NAME.search(found.folded)) is not None:
        found.names.append(name.group("value"))
        found.blank(name.start("value"), name.end("value"))
