# SPDX-License-Identifier: GPL-3.0-or-later
"""Make text safe to read: one normal form, nothing hidden, a bounded length, no template syntax."""

from __future__ import annotations

import re
import unicodedata

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import Finding

MAX_LENGTH = 4096

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)?", re.DOTALL)
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_TEMPLATE = re.compile(
    r"\{\{|\}\}|\{%|%\}|\{#|#\}|\$\{|%\{|\$\(|`|<<-?[A-Z_]{3,}"
    r"|!unsafe\b|!vault\b|!!python|\.\./|\"\s*\}|\bresource\s+\""
)


def _visible(text: str) -> str:
    """Drop control, format, surrogate and private characters; keep line ends and tabs."""
    return "".join(
        char for char in text if char in "\n\t" or unicodedata.category(char) not in _HIDDEN
    )


def clean(text: str) -> tuple[str, tuple[Finding, ...]]:
    """Return the readable text (NFKC, at most ``MAX_LENGTH`` characters) and what was removed.

    Cleaning twice gives the same text as cleaning once.
    """
    findings: list[Finding] = []
    visible = _visible(_ANSI.sub("", text))
    normal = _visible(unicodedata.normalize("NFKC", visible))
    if len(visible) != len(text.replace("\r\n", "\n").replace("\r", "")):
        findings.append(
            Finding(
                id="request.hidden_characters",
                severity="warning",
                field="text",
                message="The text held control, direction or zero-width characters; they were"
                " removed before reading.",
            )
        )
    lines = (" ".join(line.split()) for line in normal.split("\n"))
    result = unicodedata.normalize("NFKC", "\n".join(line for line in lines if line))
    if len(result) > MAX_LENGTH:
        result = result[:MAX_LENGTH].rstrip()
        findings.append(
            Finding(
                id="request.too_long",
                severity="error",
                field="text",
                message=f"The text is longer than {MAX_LENGTH} characters; say it in fewer words.",
            )
        )
    if _mixed_script(result):
        findings.append(
            Finding(
                id="request.mixed_script",
                severity="warning",
                field="text",
                message="A word mixes letters of different alphabets that look alike; names take"
                " only a-z, 0-9 and hyphens.",
            )
        )
    return result, tuple(findings)


def _mixed_script(text: str) -> bool:
    """Tell whether one word holds both Latin and Cyrillic or Greek letters."""
    for word in re.findall(r"[^\W\d_]+", text):
        if word.isascii():
            continue
        scripts = {unicodedata.name(char, "").split(" ", 1)[0] for char in word}
        if "LATIN" in scripts and scripts & {"CYRILLIC", "GREEK"}:
            return True
    return False


def template_syntax(text: str) -> str | None:
    """Return the first piece of template, HCL or shell syntax in the text."""
    found = _TEMPLATE.search(text)
    return found.group(0).strip() if found else None


def fold(text: str) -> str:
    """Return the text in lower case without accents, character by character (same length)."""
    return "".join(_fold_char(char) for char in text)


#: Typographic quotes, dashes and the multiplication sign.
_PLAIN = {
    "\u2019": "'",
    "\u2018": "'",
    "\u2013": "-",
    "\u2014": "-",
    "\u2212": "-",
    "\u00d7": "x",
}


def _fold_char(char: str) -> str:
    if char.isascii():
        return char.lower()
    base = unicodedata.normalize("NFKD", char)[0]
    low = base.lower()
    if len(low) != 1:
        low = base
    return _PLAIN.get(low, low)


def expand_ligatures(text: str) -> str:
    """Write out the letters that have no accent-free single letter."""
    for char, plain in (("œ", "oe"), ("Œ", "Oe"), ("æ", "ae"), ("Æ", "Ae"), ("ß", "ss")):
        text = text.replace(char, plain)
    return text
