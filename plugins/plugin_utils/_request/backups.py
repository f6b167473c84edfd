# SPDX-License-Identifier: GPL-3.0-or-later
"""Backups that a sentence asks for ("with nightly backups kept for 14 days on nas-backup")."""

from __future__ import annotations

import dataclasses
import re

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._protection import (
    Backup,
    Keep,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.lexicon import (
    Lexicon,
    Vocabulary,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.literals import (
    Entities,
)

_NOUN = (
    r"(?:backups?|back-ups?|sicherung(?:en)?|sauvegardes?)(?!\s*(?:server|vm|host|storage|data))"
)
_KEPT = re.compile(
    r"\s*,?\s*(?:which are |that are )?(?:kept?|keeping|retained|aufbewahrt|gardees?|conservees?)?"
    r"\s*(?:for|fur|pendant)?\s*(?:the last )?(?P<number>\d{1,3})"
    r"\s*(?P<unit>days?|tagen?|tage|jours?|weeks?|wochen?|semaines?|months?|monate?n?|mois)\b"
)
_ONTO = re.compile(
    r"\s*(?:on|onto|to|in|auf|nach|sur|vers)\s+(?:storage\s+)?(?P<value>[a-z][\w.-]*)"
)


@dataclasses.dataclass(frozen=True)
class Said:
    """Backups as they were said; ``storage`` is None when none was named."""

    schedule: str
    keep: Keep
    storage: str | None


def find_backups(found: Entities, lexicon: Lexicon, vocabulary: Vocabulary) -> Said | None:
    """Take the backups out of the text, with how long they stay and where."""
    rhythms = lexicon.rhythms
    words = "|".join(sorted(map(re.escape, rhythms), key=len, reverse=True))
    match = re.search(
        rf"\b(?P<before>{words}) {_NOUN}\b|\b{_NOUN} (?P<after>{words})\b"
        rf"|\b(?:with|mit|avec) (?:des )?{_NOUN}"
        r"(?=\s*(?:$|[,.;]|and\b|und\b|et\b|on\b|kept\b|for \d))",
        found.folded,
    )
    if match is None:
        return None
    rhythm = match.group("before") or match.group("after") or "nightly"
    end, keep = match.end(), Keep()
    kept = _KEPT.match(found.folded, end)
    if kept is not None:
        end, keep = kept.end(), _keep(int(kept["number"]), kept["unit"])
    onto, storage = _ONTO.match(found.folded, end), None
    names = {name.lower(): name for name in vocabulary.storages}
    if onto is not None and onto["value"] in names:
        end, storage = onto.end(), names[onto["value"]]
        kept = None if kept else _KEPT.match(found.folded, end)
        if kept is not None:
            end, keep = kept.end(), _keep(int(kept["number"]), kept["unit"])
    start = match.start()
    found.blank(start, end, ",")
    return Said(rhythms[rhythm], keep, storage)


def _keep(number: int, unit: str) -> Keep:
    if number < 1:
        return Keep()
    if unit[0] in "dtj":
        return Keep(daily=number)
    return Keep(monthly=number) if unit[:3] == "moi" or unit[:3] == "mon" else Keep(weekly=number)


def backup_jobs(said: Said | None, vocabulary: Vocabulary) -> tuple[Backup, ...]:
    """Return the job of what was said, on the storage of that name or the one for backups."""
    if said is None:
        return ()
    made_for = [s for s in vocabulary.storages if re.search(r"backup|pbs|sicherung", s.lower())]
    storage = said.storage or (made_for[0] if len(made_for) == 1 else None)
    if storage is None:
        return ()
    return (Backup(name="said", storage=storage, schedule=said.schedule, keep=said.keep),)
