# SPDX-License-Identifier: GPL-3.0-or-later
"""Every text that a request may be given as: a sentence, JSON, ``/ai-provision``, a Dockerfile."""

from __future__ import annotations

import dataclasses
import json
import re
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    ContractError,
    Finding,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._reading import (
    MAX_TEXT,
    Reading,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    Request,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._account import (
    account,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._agree import chosen
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._answers import (
    Judged,
    told,
    with_answers,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._clean import clean
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._reader import (
    statements,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._record import Record
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._request import (
    request,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._structured import (
    read_structured,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._words import (
    Vocabulary,
)

COMMAND = "/ai-provision"
FIELDS = ("git_repo", "app_description")
_FIELD = re.compile(r"^\s*(?P<name>[A-Za-z_][\w-]*)\s*:[ \t]*(?P<value>.*?)\s*$")


def read(text: str, vocabulary: Vocabulary, previous: Record | None = None) -> Reading:
    """Return the rules' reading of a text, accounted for."""
    return account(statements(text, vocabulary, previous), vocabulary)


def read_request(
    text: str,
    vocabulary: Vocabulary,
    previous: Record | None = None,
    answers: tuple[str, ...] = (),
    *,
    accept: bool = False,
    second: t.Callable[[Reading, Record | None], Reading] | None = None,
) -> Request:
    """Return what a text asks for; any text gives a Request.

    ``previous`` is what is there: the text then changes it. ``accept``: what was not understood
    is left out; a contradiction still stops. ``second`` gets the rules' reading and returns the
    one that holds. ``answers``: what a person replied to the questions of the text, in order.
    """
    if answers:
        found = with_answers(text, answers, _judge(vocabulary, previous, accept))
        once = read_request(found.text, vocabulary, previous, accept=accept, second=second)
        spoken = tuple(answer for answer in found.idle if chosen((answer,)) is None)
        if once.answer == "ask" and spoken and second is not None:
            # What only a model asked, the rules cannot judge: it reads the answer as a sentence.
            whole = "\n".join((found.text, *spoken))
            again = read_request(whole, vocabulary, previous, accept=accept, second=second)
            if not {q.text for q in again.questions} & {q.text for q in once.questions}:
                rest = tuple(answer for answer in found.idle if answer not in spoken)
                used = (*found.used, *spoken)
                found, once = dataclasses.replace(found, used=used, idle=rest), again
        return told(once, text, found)
    given = read_json(text) if previous is None else None
    if given is not None:
        return given
    try:
        described = app_description(text)
    except ContractError as error:
        return refusal(text, "entry", str(error))
    reading = read(described or text, vocabulary, previous)
    if second is not None:
        reading = second(reading, previous)
    return request(reading, vocabulary, previous, accept=accept)


def _judge(
    vocabulary: Vocabulary, previous: Record | None, accept: bool
) -> t.Callable[[str], Judged]:
    def judge(text: str) -> Judged:
        found = read_request(text, vocabulary, previous, accept=accept)
        return Judged(found.reading, found.questions)

    return judge


def read_json(text: str) -> Request | None:
    """Return the request of a JSON object, a refusal when it does not fit, None for other text."""
    if not text.lstrip().startswith("{") or text.lstrip().startswith(("{{", "{%", "{#")):
        return None
    try:
        data: t.Any = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict):
        return None
    try:
        return read_structured(data)
    except ContractError as error:
        return refusal(text, "json", str(error))


def app_description(text: str) -> str | None:
    """Return the description in an ``/ai-provision`` text, None when the text is none.

    Raises:
        ContractError: the text is one but not exactly ``git_repo`` (an HTTPS link) followed by
            ``app_description``.
    """
    lines = [line for line in text.strip().splitlines() if line.strip()]
    if not lines or not re.match(rf"{COMMAND}(?:\s|$)", lines[0].strip()):
        return None
    first = lines[0].strip().removeprefix(COMMAND).strip()
    fields: list[tuple[str, str]] = []
    for line in [first, *lines[1:]] if first else lines[1:]:
        match = _FIELD.match(line)
        if match is None:
            raise ContractError(f"{line.strip()[:60]!r} is no field; write {' and '.join(FIELDS)}.")
        fields.append((match["name"], match["value"].strip("\"'")))
    names = tuple(name for name, _value in fields)
    if names != FIELDS:
        raise ContractError(
            f"{COMMAND} takes exactly {FIELDS[0]} and then {FIELDS[1]}, not"
            f" {', '.join(names)[:120] or 'nothing'}."
        )
    repository, description = (value for _name, value in fields)
    if not re.fullmatch(r"https://[\w.-]+(?::\d+)?/[\w./~-]+", repository):
        raise ContractError(f"git_repo {repository[:80]!r} is no HTTPS link to a repository.")
    if not description:
        raise ContractError("app_description is empty; say what the application is and its load.")
    return description


def refusal(text: str, rule: str, message: str) -> Request:
    """Return a refusal of a text that does not have the form it begins with."""
    finding = Finding(id=f"request.{rule}", severity="error", field="text", message=message)
    cleaned = clean(text[:MAX_TEXT])
    return Request(text=cleaned.text, answer="refuse", findings=(*cleaned.findings, finding))
