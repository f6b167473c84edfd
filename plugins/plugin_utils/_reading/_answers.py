# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person answers to a question becomes part of the text; code judges whether it answers.

Each answer is tried in the places where it may stand: for the words that were asked about, behind
them, at the end of the sentence, as a sentence of its own. The first place where the question goes
and nothing that was said is lost is taken. An answer without such a place answers nothing.
"""

from __future__ import annotations

import collections
import dataclasses
import re
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import Finding
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._reading import (
    Question,
    Reading,
    Statement,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    Request,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._clean import (
    clean,
    fold,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._data import load

#: Questions about words that mean nothing so far, or must not stay: the answer may stand for them.
REPLACED = ("open.", "contradiction.", "invalid.")
#: Words of an order before which an answer is tried.
MAX_PLACES = 24


@dataclasses.dataclass(frozen=True)
class Judged:
    """A reading, None for a text that is no sentence, and everything that is asked about it."""

    reading: Reading | None
    questions: tuple[Question, ...]


@dataclasses.dataclass(frozen=True)
class Answered:
    """A text with the answers in it.

    ``used`` are those that answered something; ``idle`` did not, ``asked`` is what was asked then.
    """

    text: str
    used: tuple[str, ...] = ()
    idle: tuple[str, ...] = ()
    asked: tuple[Question, ...] = ()


@dataclasses.dataclass(frozen=True)
class _Try:
    text: str
    start: int  # where the answer stands
    end: int
    shift: tuple[int, int] = (0, 0)  # what of the text before it was replaced


def with_answers(text: str, answers: t.Sequence[str], judge: t.Callable[[str], Judged]) -> Answered:
    """Return a text with the answers to its questions, in order.

    Args:
        text: the sentence.
        answers: what a person replied.
        judge: reads a text and says what is asked about it.
    """
    whole = clean(text).text if answers else text
    used: list[str] = []
    idle: list[str] = []
    asked: tuple[Question, ...] = ()
    for given in answers:
        answer = clean(given).text
        before = judge(whole)
        better = _better(whole, answer, before, judge) if answer else None
        if better is None:
            idle.append(answer)
            asked = asked or before.questions
            continue
        whole = better
        used.append(answer)
    return Answered(whole, tuple(used), tuple(idle), asked)


def _better(text: str, answer: str, before: Judged, judge: t.Callable[[str], Judged]) -> str | None:
    """Return the text with the answer in the first place where it answers a question."""
    if before.reading is None:
        return None
    judged: dict[str, Judged] = {}
    for new in (0, 1):  # rather an answer that leaves nothing open than one that asks more
        for question in before.questions:
            for tried in _tries(text, answer, question, before.reading):
                if tried.text not in judged:
                    judged[tried.text] = judge(tried.text)
                after = judged[tried.text]
                asks = _new_questions(tried, before, after)
                if asks == new and _answers(tried, question, before, after):
                    return tried.text
    return None


def _tries(text: str, answer: str, question: Question, reading: Reading) -> t.Iterator[_Try]:
    """Yield the text with the answer in each place that makes sense for a question."""
    chosen = picked(answer, question.choices)
    if question.id.startswith("contradiction.") and chosen is not None:
        lost = [choice for choice in question.choices if choice != chosen]
        yield from _without(text, lost, chosen)
    answer = chosen or answer
    quote = question.quote
    at = -1 if quote is None else text.find(quote.text, quote.start or 0)
    if quote is not None and at >= 0:
        end = at + len(quote.text)
        if question.id == "reading.each" and chosen is not None:
            yield _each(text, quote.text, at, chosen, each=chosen == question.choices[0])
            return
        drops = fold(answer).strip(" .!") in load("answers.yml")["nothing"]
        if drops and question.id.startswith(("open.", "change.condition")):
            yield _Try(text[:at] + text[end:], at, at, (at, end))
            return
        if question.id.startswith(REPLACED):
            yield _Try(text[:at] + answer + text[end:], at, at + len(answer), (at, end))
        yield _Try(f"{text[:end]} {answer}{text[end:]}", end + 1, end + 1 + len(answer))
    bare = text.rstrip(" .!?")
    for gap in (" ", ", ", "\n"):
        start = len(bare) + len(gap)
        yield _Try(f"{bare}{gap}{answer}", start, start + len(answer))
    if question.id.startswith("change."):
        yield from _anywhere(text, answer)
        for target in (s.quote for s in reading.statements if s.topic == "whole"):
            at = text.find(target.text)
            if at >= 0:
                end = at + len(target.text)
                yield _Try(text[:at] + answer + text[end:], at, at + len(answer), (at, end))


def _each(text: str, words: str, at: int, chosen: str, *, each: bool) -> _Try:
    """Return the text that says a size of each of several machines, or of the last one alone."""
    end = at + len(words)
    if each:
        return _Try(f"{text[:end]} each{text[end:]}", at, end)
    rest = f"{text[:at]}{text[end:]}".rstrip(" .!?")
    moved = f"{rest}. {chosen.split(' ', 1)[-1]}: {words}"
    return _Try(moved, len(moved) - len(words), len(moved), (at, end))


def _anywhere(text: str, answer: str) -> t.Iterator[_Try]:
    """Yield the text with the answer for one of its words ("it"), then before each of them.

    Which machines an order means is often said in its middle ("remove the _2_ workers").
    """
    words = list(re.finditer(r"\S+", text))[:MAX_PLACES]
    for word in words:
        start, end = word.span()
        if fold(word.group()) in load("answers.yml")["pronouns"]:
            yield _Try(text[:start] + answer + text[end:], start, start + len(answer), word.span())
    for word in words:
        start = word.start()
        yield _Try(f"{text[:start]}{answer} {text[start:]}", start, start + len(answer))


def picked(answer: str, choices: t.Sequence[str]) -> str | None:
    """Return the choice that an answer means: its words, some of them, or its place, "(2)"."""
    place = re.fullmatch(r"\((\d{1,2})\)|(\d{1,2})[.)]", answer.strip())
    if place is not None:
        number = int(place.group(1) or place.group(2))
        return choices[number - 1] if 0 < number <= len(choices) else None
    said = fold(answer).strip(" .!?\"'()")
    words = {choice: fold(choice) for choice in choices}
    for choice, whole in words.items():
        if said == whole:
            return choice
    parts = [c for c, whole in words.items() if said and f" {said} " in f" {whole} "]
    return parts[0] if len(parts) == 1 else None


def _without(text: str, lost: t.Sequence[str], kept: str) -> t.Iterator[_Try]:
    """Yield the text without the words that lost against others."""
    whole = len(text)
    for choice in lost:
        at = text.find(choice)
        if at < 0:
            return
        text = text[:at] + text[at + len(choice) :]
    at = text.find(kept)
    if at >= 0:
        yield _Try(text, at, at + len(kept), (0, whole))


def _answers(tried: _Try, question: Question, before: Judged, after: Judged) -> bool:
    """Tell whether a question is gone, by words of the answer, and nothing said is lost."""
    reading = after.reading
    if reading is None or before.reading is None or _failed(reading) > _failed(before.reading):
        return False
    if _key(question) in {_key(other) for other in after.questions}:
        return False
    dropped = tried.start == tried.end
    return (dropped or _heard(tried, reading)) and not _lost(tried, before.reading, reading)


def _new_questions(tried: _Try, before: Judged, after: Judged) -> int:
    """Return how many questions an answer opens; words outside of it that it opens are many."""
    known = {_key(other) for other in before.questions}
    new = [other for other in after.questions if _key(other) not in known]
    words = tried.text[tried.start : tried.end]
    broken = [q for q in new if q.quote is not None and q.quote.text not in words]
    return len(new) + len(broken)


def _key(question: Question) -> tuple[str, str]:
    """Return what makes two questions the same; numbers of open ones move."""
    if question.id.startswith("change."):
        return question.id, ""  # its text quotes the order, which the answer is part of
    rule = question.id.rpartition(".")[0] if question.id[-1:].isdigit() else question.id
    return rule, question.quote.text if question.quote else question.text


def _failed(reading: Reading) -> int:
    return sum(finding.severity == "error" for finding in reading.findings)


def _heard(tried: _Try, reading: Reading) -> bool:
    """Tell whether some of the answer's words say something."""
    words = tried.text[tried.start : tried.end]
    start = reading.text.find(words, max(0, tried.start - len(tried.text) + len(reading.text)))
    return any(
        statement.kind != "remark"
        and statement.quote.start is not None
        and statement.quote.start < start + len(words)
        and (statement.quote.end or 0) > start
        for statement in reading.statements
    )


def _lost(tried: _Try, before: Reading, after: Reading) -> bool:
    """Tell whether something that was said outside of the replaced words is not read any more."""
    low, high = tried.shift
    said = collections.Counter(
        _meant(s)
        for s in before.statements
        if s.topic != "whole"
        and s.kind != "remark"  # an answer may make an order of it
        and (s.kind != "change" or s.value is not None)
        and not (low < (s.quote.end or 0) and (s.quote.start or 0) < high)
    )
    return bool(said - collections.Counter(map(_meant, after.statements)))


def _meant(statement: Statement) -> tuple[t.Any, ...]:
    return statement.kind, statement.topic, str(statement.value), statement.verb


def told(request: Request, text: str, answered: Answered) -> Request:
    """Return a request with its sentence and its answers; say which of them answer nothing."""
    reading = request.reading
    picked = reading.answers if reading is not None else ()  # a model's meaning, by its words
    idle = [answer for answer in answered.idle if answer not in picked]
    request = request.model_copy(
        update={
            "text": clean(text).text,
            "reading": reading
            and reading.model_copy(update={"answers": (*answered.used, *picked)}),
        }
    )
    if not idle:
        return request
    questions = request.questions or answered.asked
    said = " and ".join(f'"{answer}"' for answer in idle)
    message = f"The answer {said} answers nothing that is asked."
    if not questions:
        message += " Leave it out, or say it in the sentence."
    finding = Finding(id="answer.nothing", severity="error", field="answers", message=message)
    return request.model_copy(
        update={
            "answer": "ask" if questions else "refuse",
            "questions": questions,
            "findings": (finding, *request.findings),
        }
    )
