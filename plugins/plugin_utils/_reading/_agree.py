# SPDX-License-Identifier: GPL-3.0-or-later
"""Two readings of one sentence: where they agree that is the reading, else code decides or asks."""

from __future__ import annotations

import collections.abc
import dataclasses
import math
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Finding,
    Request,
    to_data,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._reading import (
    Question,
    Quote,
    Reading,
    Statement,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._clauses import (
    sentences,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._understood import (
    meaning,
)

FIRST, SECOND = "first", "second"
DIFFER = "reading.differ"
#: Ids of what a model asks itself.
UNCLEAR = "open.unclear."
MAX_MEANING = 180
#: Words of one reading that the other one set aside, at most so many are named.
MAX_LOST = 4
_ORDERS = ("wish", "change", "exclude")
_SIZES = ("count", "cores", "memory_mib", "disk_gib", "data_disk_gib")
#: Topics that change a machine by a word.
_WORDS = (
    "software",
    "addon",
    "cni",
    "name",
    "node",
    "storage",
    "os",
    "template",
    "link",
    "ha",
    "setting",
)
#: Topics whose words a plan or a finding has to speak of.
_TOLD = frozenset({*_WORDS, *_SIZES, "address", "backup", "bridge", "driver", "environment", "gpu"})
_TOLD |= {"image", "iso", "pool", "port", "scale", "sla", "tag", "version", "vip", "vlan", "vmid"}
#: What of a request changes a machine, where nobody plans it.
_SAME = (
    "things",
    "changes",
    "environment",
    "loads",
    "limits",
    "backups",
    "destroy",
    "workload",
    "scale",
)


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What becomes of a request, as far as a person would see a difference.

    ``parts`` are its machines, cluster and add-ons in plain words, each as often as it is there;
    ``said``: the same without the sizes that nobody said; ``ready``: they can be built; ``asks``:
    the person has to be asked first; ``names``: those that were said.
    """

    parts: tuple[str, ...]
    ready: bool = True
    asks: bool = False
    names: frozenset[str] = frozenset()
    said: tuple[str, ...] = ()


#: Builds the request of a reading and plans it, so that readings are compared by what becomes of
#: them.
Becomes = collections.abc.Callable[[Reading], Outcome]


def of_request(request: Request) -> Outcome:
    """Return what of a request changes a machine, without ids and the words it was read from."""
    data = to_data(request)
    parts = []
    for name in _SAME:
        value = _plain(data[name])
        if name in ("things", "changes"):
            parts += [_words(item) for item in value]
        elif value:
            parts.append(f"{name} {_words(value)}")
    return Outcome(tuple(sorted(parts)), request.answer == "plan", request.answer == "ask")


def agree(
    first: Reading,
    second: Reading,
    becomes: Becomes,
    *,
    answers: t.Iterable[str] = (),
    there_are: frozenset[float] = frozenset(),
) -> Reading:
    """Return the reading that holds: ``first`` (the rules') when both make the same machines.

    An account that does not close loses to one that does, unless it sets a number aside that the
    other one uses; other words that only the loser reads are a warning. What a model would ask
    about a plan that the rules are ready to make is a warning; where they are not, it is asked.
    When both close and differ in a machine, the difference is one question with the two meanings,
    which ``answers`` may decide; where they differ in sizes that nobody said, those of ``first``
    stand and the others are told, unless only the other one makes something of all words. One that
    leads to a question or a refusal only loses to one that leads to a plan. When neither closes,
    the reading with fewer open places stays, with its questions. ``there_are``: how many machines
    of a kind exist; a number like that may be a remark.
    """
    if second.off_topic != first.off_topic and second.closed and not second.statements:
        return first
    picked = chosen(answers)
    if picked is not None:
        return first if picked == FIRST else second
    if not first.closed:
        return _of_an_open_one(first, second, there_are)
    if second.closed:
        return _of_closed_ones(first, second, becomes, there_are)
    if _only_asks(second) and not becomes(first).ready:
        return second if second.statements else first
    said = [q.text for q in second.questions if q.id.startswith(UNCLEAR)]
    held = _doubted(first, said) if said else _loses(second, first)
    return _told_of(held, second, first)


def _of_closed_ones(
    first: Reading, second: Reading, becomes: Becomes, there_are: frozenset[float]
) -> Reading:
    one, other = becomes(first), becomes(second)
    if one.parts == other.parts or not (one.ready or other.ready) or other.asks:
        asked = one.ready and other.asks
        return _doubted(first, other.parts) if asked else _told_of(first, second, first)
    if not one.ready:
        held = _of_an_open_one(first, second, there_are)
        return held if one.asks else _noted(held, _refused(first, one), "warning")
    if _without_names(one) == _without_names(other):
        if one.names >= other.names:
            return first
        if one.names < other.names:
            return _noted(second, f"Only {second.reader} read the names of the machines.")
    if one.ready and other.ready and one.said == other.said != ():
        return _sized_otherwise(first, second, one, other)
    return _asked(first, _meaning(one, other), _meaning(other, one))


def _refused(reading: Reading, outcome: Outcome) -> str:
    reasons = " ".join(outcome.parts)[:MAX_MEANING]
    return f"The reading of {reading.reader} would have been refused: {reasons}"


def _sized_otherwise(first: Reading, second: Reading, one: Outcome, other: Outcome) -> Reading:
    """Return the reading that stands, the first one told of the sizes the other would make."""
    if _lost(second, first, _WORDS) and not _lost(first, second, _WORDS):
        return _loses(first, second)
    message = (
        f"The reading of {second.reader} makes {_meaning(other, one)}; the rules make"
        f" {_meaning(one, other)}, which is planned. Say cores, memory and disk if that is not"
        " meant."
    )
    return _noted(first, message, "warning")


def _doubted(reading: Reading, asked: t.Iterable[str]) -> Reading:
    """Return a reading with what a model would ask the person about it."""
    for text in asked:
        reading = _noted(reading, f"The model would ask: {text}", "warning", "reading.doubt")
    return reading


def _loses(reading: Reading, other: Reading) -> Reading:
    """Return the other reading, told that the account of this one did not close."""
    message = f"The reading of {reading.reader} did not account for every word."
    return _noted(other, message)


def _told_of(held: Reading, other: Reading, own: Reading) -> Reading:
    """Return the reading that holds with a warning for words that only the other one reads.

    ``own`` is the one that holds, as its reader left it.
    """
    for statement in _lost(other, own)[:MAX_LOST]:
        message = (
            f'"{statement.quote.text}" was set aside; the reading of {other.reader} takes it for'
            f" {meaning(statement)}. Say it another way if it is meant."
        )
        held = _noted(held, message, "warning", "reading.aside")
    return held


def _lost(reading: Reading, other: Reading, topics: t.Collection[str] = _TOLD) -> list[Statement]:
    """Return what one reading takes from words that the other one makes nothing of."""
    said = [s for s in reading.statements if s.kind in (*_ORDERS, "load") and s.topic in topics]
    lost = [s for s in said if _set_aside(s, other) and not _said_too(s, other)]
    return list({s.quote.text: s for s in lost}.values())


def _set_aside(statement: Statement, reading: Reading) -> bool:
    """Tell whether a reading makes nothing of the words of a statement."""
    used = [s.quote for s in reading.statements if s.kind not in ("remark", "exists")]
    used += [q.quote for q in reading.questions if q.quote is not None]
    return not any(_overlap(quote, statement.quote) for quote in used)


def _said_too(statement: Statement, reading: Reading) -> bool:
    return any(
        (s.topic, str(s.value).lower()) == (statement.topic, str(statement.value).lower())
        for s in reading.statements
    )


def _overlap(one: Quote, other: Quote) -> bool:
    return (one.start or 0) < (other.end or 0) and (one.end or 0) > (other.start or 0)


def _without_names(outcome: Outcome) -> list[str]:
    def bare(part: str) -> str:
        return " ".join(word for word in part.split() if word not in outcome.names)

    return sorted(map(bare, outcome.parts))


def _of_an_open_one(first: Reading, second: Reading, there_are: frozenset[float]) -> Reading:
    """Return the reading that stands where the rules' account is open."""
    if not second.closed:
        return first if _weight(first) <= _weight(second) and not _only_asks(second) else second
    dropped = _dropped(first, second, there_are)
    if dropped is None:
        return _told_of(_loses(first, second), first, second)
    question = Question(
        id="reading.dropped",
        text=f'What should "{dropped.quote.text}" mean? It was read as {dropped.topic}, and as a'
        " remark.",
        quote=dropped.quote,
    )
    return second.model_copy(update={"questions": (question,), "closed": False})


def _only_asks(reading: Reading) -> bool:
    """Tell whether a reading is closed but for what its reader asks the person."""
    failed = any(finding.severity == "error" for finding in reading.findings)
    asks = [question for question in reading.questions if question.id.startswith(UNCLEAR)]
    return bool(asks) and len(asks) == len(reading.questions) and not failed


def _dropped(first: Reading, second: Reading, there_are: frozenset[float]) -> Statement | None:
    """Return a number that the first reading uses and the second one sets aside."""
    aside = [quote for quote in second.aside if any(char.isdigit() for char in quote.text)]
    doubtful = [span for q in first.questions for span in _unsure_of_numbers(first.text, q)]
    for statement in first.statements:
        value = statement.value
        number = isinstance(value, (int, float)) and value is not True
        if statement.kind not in ("wish", "change") or not number:
            continue
        if statement.topic == "count" and value in there_are:
            continue
        if any(low <= (statement.quote.start or 0) < high for low, high in doubtful):
            continue  # the rules do not know which of several it is
        if any(s.topic == statement.topic and s.kind in _ORDERS for s in second.statements):
            continue  # corrected, not lost: a warning
        covered = any(_overlap(quote, statement.quote) for quote in aside)
        used = any(
            _overlap(s.quote, statement.quote)
            for s in second.statements
            if s.kind not in ("remark", "exists") and s.topic == statement.topic
        )
        if covered and not used:
            return statement
    return None


def _unsure_of_numbers(text: str, question: Question) -> t.Iterator[tuple[int, int]]:
    """Yield the sentence that a question is about, where it is one about numbers."""
    quote = question.quote
    if quote is None or not any(c.isdigit() for c in "".join((quote.text, *question.choices))):
        return
    for start, end in sentences(text):
        if start <= (quote.start or 0) < end:
            yield start, end


def chosen(answers: t.Iterable[str]) -> str | None:
    """Return which of the two readings an answer names."""
    for answer in answers:
        word = answer.strip().lower().split(":")[0]
        if word in (FIRST, SECOND):
            return word
    return None


def _asked(first: Reading, one: str, other: str) -> Reading:
    question = Question(
        id=DIFFER,
        text=f"The sentence can be read in two ways, (first) {one}, or (second) {other}."
        " Which is meant?",
        choices=(FIRST, SECOND),
    )
    return first.model_copy(update={"questions": (*first.questions, question), "closed": False})


def _weight(reading: Reading) -> tuple[int, int]:
    errors = sum(finding.severity == "error" for finding in reading.findings)
    return errors, len(reading.questions)


def _noted(
    reading: Reading,
    message: str,
    severity: t.Literal["info", "warning"] = "info",
    rule: str = "reading.other",
) -> Reading:
    finding = Finding(id=rule, severity=severity, field="text", message=message)
    return reading.model_copy(update={"findings": (*reading.findings, finding)})


def _meaning(outcome: Outcome, other: Outcome) -> str:
    """Return in plain words what one reading makes that the other does not."""
    left = list(outcome.parts)
    for part in other.parts:
        if part in left:
            left.remove(part)
    counted = dict.fromkeys(left, 0)
    for part in left:
        counted[part] += 1
    said = ", ".join(f"{n} x {part}" if n > 1 else part for part, n in counted.items())
    if not said:
        return "nothing more" if outcome.ready else "a question first"
    return said if len(said) <= MAX_MEANING else f"{said[:MAX_MEANING]}…"


def _plain(value: t.Any) -> t.Any:
    if isinstance(value, dict):
        kept = {k: _plain(v) for k, v in value.items() if k not in ("id", "said", "thing")}
        return {k: v for k, v in kept.items() if v not in (None, [], {}, "", False)}
    if isinstance(value, list):
        return sorted((_plain(item) for item in value), key=str)
    return value


def _words(value: t.Any) -> str:
    if isinstance(value, dict):
        bare = ("family", "type", "kind", "verb")
        labels = {k: "" if k in bare else f"{k.replace('_', ' ')} " for k in value}
        return " ".join(labels[k] + _words(v) for k, v in value.items())
    if isinstance(value, list):
        return " and ".join(_words(item) for item in value)
    if isinstance(value, float) and math.isfinite(value):
        return f"{value:g}"
    return str(value)
