# SPDX-License-Identifier: GPL-3.0-or-later
"""From what a model wrote to plain data, strictly: one object, no repeated keys, finite numbers."""

from __future__ import annotations

import json
import re
import typing as t

MAX_LENGTH = 65_536
MAX_DEPTH = 16
_THOUGHT = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL | re.IGNORECASE)
_FENCE = re.compile(r"```[a-zA-Z0-9_-]*[ \t]*\r?\n?(.*?)```", re.DOTALL)


class AnswerError(ValueError):
    """The text holds no object that could be used; the message says why, without quoting it."""


def read_object(text: str) -> dict[str, t.Any]:
    """Return the JSON object in the text, also from a fence or amid prose.

    Raises:
        AnswerError: there is none, or it is not plain JSON.
    """
    if len(text) > MAX_LENGTH:
        raise AnswerError(f"the answer is longer than {MAX_LENGTH} characters")
    text = _THOUGHT.sub("", text).strip()
    fenced = [found.strip() for found in _FENCE.findall(text)]
    candidates = [text, *fenced, *([text[text.index("{") :]] if "{" in text else [])]
    reason = "the answer is no JSON object"
    for candidate in candidates:
        if not candidate.startswith("{"):
            continue
        if _depth(candidate) > MAX_DEPTH:
            raise AnswerError(f"the answer is nested deeper than {MAX_DEPTH} levels")
        try:
            data, _end = _DECODER.raw_decode(candidate)
        except AnswerError as error:
            reason = str(error)
        except (ValueError, RecursionError):
            continue
        else:
            if isinstance(data, dict):
                return data
    raise AnswerError(reason)


def _depth(text: str) -> int:
    """Return how deep brackets are nested; those inside strings count too, which only errs high."""
    depth = deepest = 0
    for char in text:
        if char in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif char in "]}":
            depth -= 1
    return deepest


def _unique(pairs: list[tuple[str, t.Any]]) -> dict[str, t.Any]:
    keys = [key for key, _value in pairs]
    if len(set(keys)) != len(keys):
        raise AnswerError("the answer names a field twice")
    return dict(pairs)


def _constant(_name: str) -> t.NoReturn:
    raise AnswerError("the answer holds a number that is none")


def _float(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise AnswerError("the answer holds a number that is none")
    return value


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_constant, parse_float=_float)
