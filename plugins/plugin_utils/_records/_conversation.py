# SPDX-License-Identifier: GPL-3.0-or-later
"""What was said of a deployment so far: sentence or form, answers, what was accepted."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import digest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._records._folder import (
    Data,
    Folder,
    RecordError,
)


@dataclass(frozen=True)
class Said:
    """What the person says in this run; None and empty: nothing.

    ``answers``: one answer goes on with the questions that are open; ``whole`` says that they are
    all answers from the first question on.
    """

    text: str = ""
    form: Data | None = None
    answers: tuple[str, ...] = ()
    whole: bool = False
    accept: bool | None = None
    insist: bool | None = None


@dataclass(frozen=True)
class Conversation:
    """What is read in this run: one of ``text`` and ``form``, or neither."""

    text: str = ""
    form: Data | None = None
    answers: tuple[str, ...] = ()
    accept: bool = False
    insist: bool = False
    open: bool = False  # questions are waiting for an answer


def conversation(
    folder: Folder, request: Data | None, said: Said, variable: str = "intent"
) -> Conversation:
    """Return what a run reads, from what is said now and what was said before.

    Args:
        folder: of the deployment; it holds a conversation whose questions are open.
        request: of the record in hand, None where there is none or it is of another sentence.
        said: what is said in this run.
        variable: what the sentence is: an intent, or a refinement of what was sized.

    Raises:
        RecordError: a record is damaged, or an answer is given and nothing was said before.
    """
    asked = folder.asked()
    before = _asked(asked) if asked and asked.get("variable") == variable else None
    kept = _of(request) if variable == "intent" else None
    if said.text.strip() or said.form is not None:
        same = [c for c in (before, kept) if c is not None and _same(c, said)]
        found = same[0] if same else Conversation(said.text, said.form)
    else:
        first, second = (before, kept) if said.answers else (kept, before)
        found = first or second or Conversation()
        elsewhere = variable != "intent" or (asked or {}).get("variable", "intent") != "intent"
        if said.answers and not (found.text or found.form or elsewhere):
            raise RecordError(
                "An answer was given, and nothing was asked: say what you need as well,"
                ' for instance -e intent="HA cluster with monitoring".'
            )
    return Conversation(
        text=said.text or found.text,
        form=said.form or found.form,
        answers=_answers(found, said),
        accept=found.accept if said.accept is None else said.accept,
        insist=found.insist if said.insist is None else said.insist,
        open=found.open,
    )


def _answers(found: Conversation, said: Said) -> tuple[str, ...]:
    """Return all answers; one that was given before changes nothing, another one starts anew."""
    if not said.answers:
        return found.answers
    if said.whole:
        return said.answers
    if found.open:
        return (*found.answers, *said.answers)
    known = all(answer in found.answers for answer in said.answers)
    return found.answers if known else said.answers


def _same(known: Conversation, said: Said) -> bool:
    if said.form is not None:
        return known.form == said.form
    return bool(known.text) and known.text.split() == said.text.split()


def _asked(record: Data) -> Conversation:
    return Conversation(
        text=record["text"],
        form=record["form"],
        answers=tuple(record["answers"]),
        accept=record["accept"],
        insist=record["insist"],
        open=True,
    )


def _of(request: Data | None) -> Conversation | None:
    """Return what a stored request was made from."""
    if not request:
        return None
    reading = request.get("reading")
    given = request.get("things") or request.get("changes")
    if not reading and given and request.get("schema_version") == 2:
        return Conversation(form=form_of(request), insist=bool(request.get("insist")))
    return Conversation(
        text=request.get("text", ""),
        answers=tuple((reading or {}).get("answers") or ()),
        accept=bool((reading or {}).get("accepted")),
        insist=bool(request.get("insist")),
    )


def form_of(request: Data) -> Data:
    """Return a request as a file holds it: what is empty, and what code adds, left out."""
    hidden = ("machines", "reading", "questions", "findings", "answer", "reply", "insist")
    found = _filled({key: value for key, value in request.items() if key not in hidden})
    return t.cast("Data", found or {})


def key_of(text: str, form: Data | None = None) -> str:
    """Return what tells one sentence from another; of a form, a sentence that nobody says."""
    return f"request {digest(form)}" if form else text


def key_of_request(request: Data | None) -> str:
    """Return the key of what a stored request was made from, empty for none."""
    found = _of(request) or Conversation()
    return key_of(found.text, found.form)


def _filled(value: t.Any) -> t.Any:
    """Return data without its empty parts."""
    if isinstance(value, dict):
        kept = {key: _filled(item) for key, item in value.items()}
        return {k: v for k, v in kept.items() if v is not None and v not in ("", [], {})}
    if isinstance(value, (list, tuple)):
        return [_filled(item) for item in value]
    return value
