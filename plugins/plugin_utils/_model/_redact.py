# SPDX-License-Identifier: GPL-3.0-or-later
"""Take secrets out of text before it is sent, stored or shown."""

from __future__ import annotations

import re
import typing as t

HIDDEN = "[redacted]"
_SECRETS = re.compile(
    "|".join(
        (
            r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
            r"\bPVEAPIToken=\S+",
            r"\bPVE:[^\s:]+:[0-9A-F]{8}::\S+",
            r"\b[\w.+-]+@(?:pve|pam)![\w.-]+(?:=[0-9a-fA-F-]{8,})?",
            r"\bK10[0-9a-f]{16,}(?:::\S+)?",
            r"\bAIza[\w-]{10,}",
            r"\bsk-[\w-]{8,}",
            r"\b(?:gh[oprsu]_|github_pat_|glpat-|hf_|xox[abprs]-|hvs\.)[\w-]{8,}",
            r"\b(?:AKIA|ASIA)[0-9A-Z]{12,}",
            r"\beyJ[\w-]{5,}\.[\w-]{5,}(?:\.[\w-]*)?",
            r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b",
            r"\b(?:bearer|basic)\s+[\w.~+/=-]{8,}",
            r"(?<=://)[^\s/@]+@",
            # Random characters: a machine's name is no such thing, however long it is.
            r"(?-i:\b(?=[\w+/=-]*\d)(?=[\w+/=-]*[a-z])(?=[\w+/=-]*[A-Z])[\w+/=-]{20,})",
            r"\b(?=(?:[a-z_+/=]*\d){4})[\w+/=]{20,}",
        )
    ),
    re.IGNORECASE | re.DOTALL,
)
_LABELLED = re.compile(
    r"\b((?:pass(?:word|wd|phrase|wort)?|kennwort|mot de passe|secret|geheimnis|token|jeton"
    r"|api[ _-]?key|credentials?|private[ _-]?key|join[ _-]?token)s?\b[\"']?"
    r"(?:\s*(?:is|ist|est|of|:|=|->)\s*|\s+))([\"']?)(?=[^\s\"',;]*(?:[0-9_]|[^\w\s\"',;.-]))[^\s\"',;]{4,}\2",
    re.IGNORECASE,
)
_EXPLICIT = re.compile(
    r"\b((?:pass(?:word|wd|phrase|wort)?|kennwort|mot de passe|secret|token|jeton|api[ _-]?key)"
    r"[\"']?\s*(?:\bis\b|\bist\b|\best\b|:|=)\s*)[\"']?[^\s\"',;]+[\"']?",
    re.IGNORECASE,
)


def redact(text: str, secrets: t.Iterable[str] = ()) -> str:
    """Return the text without things that look like secrets and without ``secrets``."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    text = _SECRETS.sub(HIDDEN, text)
    text = _EXPLICIT.sub(lambda found: found.group(1) + HIDDEN, text)
    return _LABELLED.sub(lambda found: found.group(1) + HIDDEN, text)
