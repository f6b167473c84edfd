# SPDX-License-Identifier: GPL-3.0-or-later
"""Calendar events of jobs, as far as Proxmox VE tells a good one from a bad one."""

from __future__ import annotations

import re

from lab.pve.wire import param_error

WORDS: tuple[str, ...] = (
    "minutely",
    "hourly",
    "daily",
    "weekly",
    "monthly",
    "yearly",
    "annually",
    "quarterly",
)
WORDS += ("semiannually", "semi-annually")
DAY = r"(?:mon|tue|wed|thu|fri|sat|sun)(?:day|sday|nesday|rsday|urday)?"
DAYS = re.compile(rf"{DAY}(?:\.\.{DAY})?(?:,{DAY}(?:\.\.{DAY})?)*")
NUMBER = r"(?:\*|\d+(?:\.\.\d+)?)(?:/\d+)?"
NUMBERS = rf"{NUMBER}(?:,{NUMBER})*"
DATE = re.compile(rf"{NUMBERS}-{NUMBERS}(?:-{NUMBERS})?")
TIME = re.compile(rf"(?:({NUMBERS}):)?({NUMBERS})(?::({NUMBERS}))?")
LIMITS = (23, 59, 59)


def is_calendar_event(text: str) -> bool:
    """True if the text is a day, a date and a time, each of them optional, or one word for them."""
    parts = text.lower().split()
    if len(parts) == 1 and parts[0] in WORDS:
        return True
    if parts and DAYS.fullmatch(parts[0]):
        parts.pop(0)
        if not parts:
            return True
    if parts and DATE.fullmatch(parts[0]):
        parts.pop(0)
        if not parts:
            return True
    found = TIME.fullmatch(parts[0]) if len(parts) == 1 else None
    return found is not None and all(
        int(number) <= most
        for group, most in zip(found.groups(), LIMITS, strict=True)
        for number in re.findall(r"(?<!/)\b\d+", group or "")
    )


def check_calendar_event(field: str, text: str | None) -> None:
    """Refuse what the scheduler could not read."""
    if text is not None and not is_calendar_event(str(text)):
        raise param_error(**{field: "invalid format - unable to parse calendar event\n"})
