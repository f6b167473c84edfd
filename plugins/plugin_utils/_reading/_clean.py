# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a sentence safe to read: one normal form, nothing hidden, no secret, no orders to us."""

from __future__ import annotations

import dataclasses
import functools
import re
import unicodedata

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import Finding
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._reading import (
    MAX_TEXT,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._data import load

MASK = "********"

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)?", re.DOTALL)
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_TEMPLATE = re.compile(
    r"\{\{|\}\}|\{%|%\}|\{#|#\}|\$\{|%\{|\$\(|`|<<-?[A-Z_]{3,}"
    r"|!unsafe\b|!vault\b|!!python|\.\./|\"\s*\}|\bresource\s+\""
)
#: A name between the marks that people put around names.
_CODE = re.compile(r"`([\w.-]+)`")
_LETTERS = {
    **{"œ": "oe", "Œ": "Oe", "æ": "ae", "Æ": "Ae", "ß": "ss"},
    **dict.fromkeys("\u2192\u279c\u21d2", "->"),
}
#: Typographic quotes, dashes and the multiplication sign.
_PLAIN = {
    **dict.fromkeys("\u2018\u2019", "'"),
    **dict.fromkeys("\u201c\u201d\u201e", '"'),
    **dict.fromkeys("\u2013\u2014\u2212", "-"),
    "\u00d7": "x",
}
_GAP = r"[^.;!?\n]{0,48}?"
_BOUNDARY = re.compile(r"[.;!?\n](?=\s|$)")
_ROLE = re.compile(r"<\s*(/?)\s*(system|assistant|developer|tool|function|user)\s*>")


@dataclasses.dataclass(frozen=True)
class Cleaned:
    """A text that can be read; ``hostile`` are the places of orders to the machinery."""

    text: str
    findings: tuple[Finding, ...]
    hostile: tuple[tuple[int, int], ...] = ()

    @property
    def body(self) -> str:
        """Return the text with blanks in the place of orders to the machinery."""
        body = self.text
        for start, end in self.hostile:
            body = body[:start] + " " * (end - start) + body[end:]
        return body


def clean(text: str) -> Cleaned:
    """Return the readable text (NFKC, at most ``MAX_TEXT`` characters) and what was removed.

    A password is replaced by ``MASK``. Cleaning twice gives the same text as cleaning once.
    """
    findings: list[Finding] = []
    visible = _visible(_ANSI.sub("", text))
    if len(visible) != len(text.replace("\r\n", "\n").replace("\r", "")):
        findings.append(
            _finding(
                "hidden_characters",
                "warning",
                "The text held control, direction or zero-width characters; they were removed"
                " before reading.",
            )
        )
    normal = _visible(unicodedata.normalize("NFKC", visible))
    for char, plain in _LETTERS.items():
        normal = normal.replace(char, plain)
    normal = _CODE.sub(r"\1", normal)
    lines = (" ".join(line.split()) for line in normal.split("\n"))
    result = unicodedata.normalize("NFKC", "\n".join(line for line in lines if line))
    if len(result) > MAX_TEXT:
        result = result[:MAX_TEXT].rstrip()
        message = f"The text is longer than {MAX_TEXT} characters; say it in fewer words."
        findings.append(_finding("too_long", "error", message))
    if _mixed_script(result):
        findings.append(
            _finding(
                "mixed_script",
                "warning",
                "A word mixes letters of different alphabets that look alike; names take only"
                " a-z, 0-9 and hyphens.",
            )
        )
    result, secret = _mask(result)
    if secret:
        findings.append(
            _finding(
                "password",
                "warning",
                "A password was said; it is neither kept nor used. Machines take SSH keys; change"
                " the password, it may have been seen.",
            )
        )
    hostile = _orders(result)
    if hostile:
        findings.append(
            _finding(
                "instruction",
                "warning",
                "Words that give orders to the machinery instead of asking for machines were set"
                " aside.",
            )
        )
    return Cleaned(result, tuple(findings), hostile)


def _finding(rule: str, severity: str, message: str) -> Finding:
    return Finding(id=f"request.{rule}", severity=severity, field="text", message=message)  # type: ignore[arg-type]


def _visible(text: str) -> str:
    """Drop control, format, surrogate and private characters; keep line ends and tabs."""
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in _HIDDEN)


def _mixed_script(text: str) -> bool:
    """Tell whether one word holds both Latin and Cyrillic or Greek letters."""
    for word in re.findall(r"[^\W\d_]+", text):
        scripts = {unicodedata.name(char, "").split(" ", 1)[0] for char in word}
        if not word.isascii() and "LATIN" in scripts and scripts & {"CYRILLIC", "GREEK"}:
            return True
    return False


def _mask(text: str) -> tuple[str, bool]:
    """Replace what follows "password is" and the like; tell whether there was one."""
    pattern = _patterns().password
    found = False
    position = 0
    while (match := pattern.search(fold(text), position)) is not None:
        start, end = match.span("value")
        if text[start:end] == MASK or match.group("value") in load("injection.yml")["no_password"]:
            position = end
            found = found or text[start:end] == MASK
            continue
        text, position, found = f"{text[:start]}{MASK}{text[end:]}", start + len(MASK), True
    return text, found


def template_syntax(text: str) -> str | None:
    """Return the first piece of template, HCL or shell syntax in the text."""
    found = _TEMPLATE.search(text)
    return found.group(0).strip() if found else None


def fold(text: str) -> str:
    """Return the text in lower case without accents, character by character (same length)."""
    return "".join(_fold_char(char) for char in text)


def _fold_char(char: str) -> str:
    if char.isascii():
        return char.lower()
    base = unicodedata.normalize("NFKD", char)[0]
    low = base.lower()
    return _PLAIN.get(low if len(low) == 1 else base, low if len(low) == 1 else base)


@dataclasses.dataclass(frozen=True)
class _Patterns:
    triggers: re.Pattern[str]
    imperative: re.Pattern[str]
    password: re.Pattern[str]


@functools.lru_cache(maxsize=1)
def _patterns() -> _Patterns:
    data = load("injection.yml")
    triggers = "|".join(entry["pattern"].replace("{gap}", _GAP) for entry in data["triggers"])
    return _Patterns(
        re.compile(triggers), re.compile(data["imperative"]), re.compile(data["password"])
    )


def _orders(text: str) -> tuple[tuple[int, int], ...]:
    """Return the places of clauses that speak to the machinery, in order.

    A clause reaches from its trigger to the end of the sentence, or to the end of the brackets or
    quotes around it; orders that directly follow it go as well.
    """
    patterns, folded = _patterns(), fold(text)
    spans = _spoken_by_others(folded)
    for start, end in spans:
        folded = folded[:start] + " " * (end - start) + folded[end:]
    position = 0
    while (match := patterns.triggers.search(folded, position)) is not None:
        start, end = _clause(folded, match)
        while (following := _next_sentence(folded, end)) is not None:
            if not patterns.imperative.match(folded[following[0] : following[1]]):
                break
            end = following[1]
        spans.append((start, end))
        position = max(end, match.end())
    return tuple(sorted(spans))


def _spoken_by_others(folded: str) -> list[tuple[int, int]]:
    """Return what stands between the marks of another speaker ("<system>…</system>")."""
    spans: list[tuple[int, int]] = []
    position = 0
    while (match := _ROLE.search(folded, position)) is not None:
        end = match.end()
        if not match.group(1):
            last = re.search(rf"</\s*{match.group(2)}\s*>", folded[end:])
            end = end + last.end() if last else len(folded)
        spans.append((match.start(), end))
        position = end
    return spans


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
