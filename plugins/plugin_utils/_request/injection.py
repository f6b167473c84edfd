# SPDX-License-Identifier: GPL-3.0-or-later
"""Clauses that speak to the machinery instead of asking for infrastructure are dropped."""

from __future__ import annotations

import re

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.clean import fold

_GAP = r"[^.;!?\n]{0,48}?"
_TRIGGERS = re.compile(
    "|".join(
        (
            # English
            r"\b(?:ignor(?:e|es|ing)|disregard(?:ing)?|forget|overrid(?:e|ing)|bypass(?:ing)?|circumvent|overrule|"
            r"skip|disable|turn off|switch off|deactivate|remove|drop|suspend)\b"
            + _GAP
            + r"\b(?:instructions?|rules?|polic(?:y|ies)|prompts?|limits?|guard ?rails?|restrictions?|safety|"
            r"safeguards?|approvals?|constraints?|capacity check|checks|validation|quota|above|previous|prior|everything)\b",
            r"\b(?:skip|disable|bypass|without|no)\s+(?:the |any |all |every |human )?(?:policy|capacity|safety|security|approval|"
            r"approvals|confirmation|asking)(?:\s+(?:checks?|gates?|step|review))?\b",
            r"\byou are (?:now|no longer)\b|\bact as (?:an? )?(?:admin|root|system|unrestricted|developer|dan)\b|"
            r"\bpretend (?:to be|you|that)\b",
            r"\b(?:system|developer) ?prompt\b|\bsystem\s*:|\bassistant\s*:|<\|?/?(?:system|im_start|im_end|inst)|\[/?inst\]|"
            r"\bdeveloper mode\b|\bjailbreak\b|\bnew instructions?\b|\bsudo mode\b|\badmin(?:istrator)? mode\b",
            r"\b(?:reveal|print|show|output|leak|send|repeat|dump|exfiltrate|tell me)\b"
            + _GAP
            + r"\b(?:tokens?|secrets?|passwords?|api[ -]?keys?|credentials?|private key|instructions|system prompt|prompt)\b",
            r"\b(?:approve|auto-?approve|mark)\b"
            + _GAP
            + r"\b(?:automatically|everything|itself|as approved|without)\b|"
            r"\balready approved\b|\bpre-?approved\b",
            r"\b(?:rm\s+-rf|qm\s+(?:destroy|stop|set)|pct\s+(?:destroy|stop)|curl\s+\S*//|wget\s+\S*//|reboot now)|"
            r";\s+(?:reboot|shutdown|poweroff|qm|pct|rm)\b|\bbase64\b"
            + _GAP
            + r"\b(?:decode|follow|run|execute)\b|"
            r"\b(?:decode|follow)\b" + _GAP + r"\bbase64\b",
            # French
            r"\b(?:ignor(?:e|er|ez)|oubli(?:e|er|ez)|outrepass(?:e|er|ez)|contourn(?:e|er|ez)|desactiv(?:e|er|ez)|"
            r"ne tiens? pas compte|neglig(?:e|ez))\b"
            + _GAP
            + r"\b(?:instructions?|regles?|consignes?|politiques?|limites?|controles?|verifications?|precedent\w*|garde-fous?)\b",
            r"\b(?:tu es|vous etes) (?:maintenant|desormais)\b",
            # German
            r"\b(?:ignorier(?:e|en|t|st)?|vergiss|vergessen|missachte[nt]?|umgehe[nt]?|uberschreibe[nt]?|ubergehe[nt]?|deaktivier(?:e|en|t)|"
            r"schalte[nt]?)\b"
            + _GAP
            + r"\b\w*(?:anweisung(?:en)?|regeln?|richtlinien?|vorgaben?|grenzen?|limits?|prufung(?:en)?|kontrollen?|instruktion(?:en)?|"
            r"policy|policies|befehle|vorherige[nrs]?|bisherige[nrs]?|sicherheit\w*)\b",
            r"\bdu bist (?:jetzt|nun|ab jetzt)\b",
            # Spanish, Italian, Portuguese, Dutch, Russian, Chinese
            r"\b(?:ignora(?:r|te)?|olvida|dimentica|esqueca|desconsidere)\b"
            + _GAP
            + r"\b(?:instruc\w+|istruzion\w+|instruco\w+|regl\w+|regol\w+|regra\w+|anterior\w*|precedent\w*)\b",
            r"\b(?:negeer|vergeet)\b" + _GAP + r"\b(?:instructies?|regels?|eerdere|vorige)\b",
            r"(?:игнорир\w*|забуд\w*)[^.;!?\n]{0,48}(?:инструкци\w*|правил\w*)|忽略[^。;!?\n]{0,24}(?:指令|指示|规则)",
        )
    )
)
_IMPERATIVE = re.compile(
    r"^\W*(?:and |then |now |also |et |und |puis |dann )*(?:set|disable|make|use|give|print|output|reveal|delete|destroy|approve|grant|"
    r"increase|run|execute|respond|answer|say|do not|don't|never|always|"
    r"mets?|mettez|regle|donne|desactive|supprime|setze|stelle|gib|losche|deaktiviere|erhohe)\b"
)
_BOUNDARY = re.compile(r"[.;!?\n](?=\s|$)")


def drop_injections(text: str) -> tuple[str, tuple[str, ...]]:
    """Return the text with such clauses blanked (same length) and the clauses.

    A clause reaches from its trigger to the end of the sentence, or to the end of the brackets or
    quotes around it; orders that directly follow it go as well.
    """
    folded = fold(text)
    dropped: list[str] = []
    kept = text
    position = 0
    while (match := _TRIGGERS.search(folded, position)) is not None:
        start, end = _clause(folded, match)
        while (following := _next_sentence(folded, end)) is not None:
            if not _IMPERATIVE.match(folded[following[0] : following[1]]):
                break
            end = following[1]
        dropped.append(text[start:end].strip())
        kept = kept[:start] + " " * (end - start) + kept[end:]
        position = max(end, match.end())
    return kept, tuple(dropped)


def _clause(folded: str, match: re.Match[str]) -> tuple[int, int]:
    start = match.start()
    for opening, closing in (("(", ")"), ("[", "]"), ('"', '"'), ("<", ">")):
        opened = folded.rfind(opening, 0, start + 1)
        if opened >= 0 and closing not in folded[opened + 1 : start]:
            closed = folded.find(closing, max(match.end() - 1, opened + 1))
            if closed >= 0:
                return opened, closed + 1
    boundary = _BOUNDARY.search(folded, match.end())
    return start, boundary.start() if boundary else len(folded)


def _next_sentence(folded: str, end: int) -> tuple[int, int] | None:
    start = end
    while start < len(folded) and folded[start] in ".;!?\n ":
        start += 1
    if start >= len(folded) or start == end:
        return None
    boundary = _BOUNDARY.search(folded, start)
    return start, boundary.start() if boundary else len(folded)
