# SPDX-License-Identifier: GPL-3.0-or-later
"""Sizes in a row of tokens: "4 cores", "RAM: 8 GB", "8g", "100 GB more", "from 8 to 16 GB"."""

from __future__ import annotations

import dataclasses
import itertools
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._data import (
    function_words,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._numbers import (
    numerals,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._tokens import (
    Token,
    byte_units,
)

_BOUNDS = ("bound.at_least", "bound.at_most", "bound.about")

#: Words between the noun of a field and its number at most ("memory per VM (in GB): 16").
_LONGEST_LABEL = 8
#: Behind a number they only lead to the noun that it measures ("4x CPU", "60er Platte").
_MULTIPLES = frozenset({"x", "er"})
#: A number of memory without a unit is MiB from here on ("RAM 512"), GiB below.
FEWEST_MIB = 256
#: A number of a disk without a unit is GiB from here on; below it counts disks.
FEWEST_GIB = 8

Dimension = t.Literal["cores", "memory_mib", "disk_gib", "data_disk_gib", "gpu", "bytes"]


@dataclasses.dataclass
class Size:
    """One amount; ``bytes`` (in MiB) is decided later to be memory or disk."""

    topic: Dimension
    value: float
    start: int  # token index of the first token
    end: int  # index behind the last token
    number: int  # index of the number itself
    bound: str = "exact"
    more: int = 0  # +1 "more", -1 "less": a difference, no absolute size
    before: float | None = None  # what is there now, in the same unit
    alone: bool = True  # no noun said what it is
    vague: bool = False  # its noun may be memory or disk ("Speicher")


def size_at(tokens: t.Sequence[Token], index: int, taken: int = 0) -> Size | None:
    """Return the size that begins at ``index`` (at its number, or at the noun before it)."""
    token = tokens[index]
    if token.kind == "num":
        return _after_number(tokens, index, taken)
    if token.has("unit.core", "noun.memory", "noun.disk", "noun.datadisk", "unit.gpu"):
        return _before_number(tokens, index)
    return None


def _after_number(tokens: t.Sequence[Token], index: int, taken: int) -> Size | None:
    """Read "4 cores", "16 GB of RAM", "2-core", "2x 10 cores"."""
    value = tokens[index].value
    unit = index + 1
    times = tokens[unit : unit + 2]
    if len(times) == 2 and times[0].word in {"x", "*"} and times[1].kind == "num":
        after = _skip(tokens, unit + 2)
        machines = after + 1 < len(tokens) and tokens[after + 1].has("thing.", "role.", "part.")
        if machines or _counts_rows(tokens, index, after + 1):
            return None
        if after < len(tokens) and tokens[after].has("unit.core"):
            return Size("cores", value * times[1].value, index, after + 1, index, alone=False)
    unit, more = _unit_of(tokens, index)
    if unit >= len(tokens):
        return None
    token = tokens[unit]
    negative = (
        index > 0 and tokens[index - 1].word in {"-", "minus", "moins"} and _apart(tokens, index)
    )
    value = -value if negative else value
    if token.has("unit.core") and not (len(token.word) == 1 and not token.glued):
        size = Size("cores", value, index, unit + 1, index, more=more, alone=False)
    elif token.has("unit.gpu"):
        size = Size("gpu", value, index, unit + 1, index, more=more, alone=False)
    elif token.mib is not None and not _is_load(tokens, index, unit + 1):
        half = _and_a_half(tokens, unit + 1)
        value += 0.5 if half else 0
        size = _bytes(tokens, index, half or unit, value * token.mib, taken)
        size.more = more or size.more
    elif (shared := _of_disks(tokens, index)) is not None:
        return Size("bytes", value * shared, index, index + 1, index)
    elif (topic := _in_gib(tokens, unit, value)) is not None:
        value = value * 1024 if topic == "memory_mib" and value < FEWEST_MIB else value
        size = Size(topic, value, index, unit + 1, index, more=more, alone=False)
    else:
        return None
    return _decorated(tokens, size, taken)


def _unit_of(tokens: t.Sequence[Token], index: int) -> tuple[int, int]:
    """Return the place of a number's unit, and whether it is "more" (1) or "less" (-1)."""
    unit, more = index + 1, 0
    while unit < len(tokens) and unit <= index + 3:
        token = tokens[unit]
        more = 1 if token.has("cue.more") else -1 if token.has("cue.less") else more
        if token.glued and token.word in _MULTIPLES:
            unit += 1
            continue
        if not (
            token.has("cue.more", "cue.less", "scale.")
            or token.of("size_adjectives")
            or token.word == "-"
        ):
            break
        unit += 1
    return unit, more


def _counts_rows(tokens: t.Sequence[Token], index: int, end: int) -> bool:
    """Tell whether "3 x 4 cores, 8 GB" says that there are three of them, not twelve cores."""
    begins = index == 0 or tokens[index - 1].word in {".", ",", ";", ":", "-", "\n"}
    begins = begins or tokens[index - 1].has("cue.and", "verb.create")
    end += end < len(tokens) and tokens[end].word in {",", "/", "+"}
    return (
        begins and end + 1 < len(tokens) and tokens[end].kind == "num" and bool(tokens[end + 1].mib)
    )


def _of_disks(tokens: t.Sequence[Token], index: int) -> float | None:
    """Return the unit that a disk of a row shares with the last ("two disks, 40 and 200 GB")."""
    before = itertools.takewhile(
        lambda k: k.kind in ("mark", "num") or k.has("cue.and", "cue.of", "cue.each"),
        reversed(tokens[:index]),
    )
    at = index - 1 - len([*before])
    if at < 0 or not (tokens[at].driver == "disks" or tokens[at].has("noun.disk")):
        return None
    at = index + 1
    while at + 1 < len(tokens) and _joins(tokens[at]) and tokens[at + 1].kind == "num":
        at += 2
    return tokens[at].mib if index + 1 < at < len(tokens) else None


def _joins(token: Token) -> bool:
    return token.has("cue.and") or token.word in {",", "/", "+"}


def _in_gib(tokens: t.Sequence[Token], at: int, value: float) -> Dimension | None:
    """Return what a number without a unit measures in GiB ("8 RAM", "100 HDD"), if it does.

    Nouns in the plural are counted ("2 disks"), and so may be a few disks.
    """
    token, topic = tokens[at], _named(tokens[at])
    labels = at + 1 < len(tokens) and tokens[at + 1].word in {":", "="}
    counted = token.word.endswith(("s", "en")) or (topic != "memory_mib" and value < FEWEST_GIB)
    return None if topic is None or counted or labels else topic


def _and_a_half(tokens: t.Sequence[Token], at: int) -> int | None:
    """Return the last token of "and a half" behind a unit ("un téra et demi")."""
    known = numerals()
    if at < len(tokens) and tokens[at].has("cue.and"):
        at += 1
        at += at < len(tokens) and tokens[at].word in known.articles
        if at < len(tokens) and tokens[at].word in known.half:
            return at
    return None


def _apart(tokens: t.Sequence[Token], index: int) -> bool:
    if tokens[index - 1].word != "-":
        return True
    if not tokens[index].glued:
        return False  # "squid - 2 cores - 4 GB" is a list
    return index < 2 or tokens[index - 2].end < tokens[index - 1].start


def _skip(tokens: t.Sequence[Token], index: int) -> int:
    while (
        index < len(tokens)
        and tokens[index].word
        in function_words()["before_sizes"] | function_words()["size_adjectives"]
    ):
        index += 1
    return index


def _named(token: Token) -> Dimension | None:
    if token.has("noun.memory"):
        return "memory_mib"
    if token.has("noun.disk"):
        return "disk_gib"
    if token.has("noun.datadisk"):
        return "data_disk_gib"
    return None


def _bytes(tokens: t.Sequence[Token], index: int, unit: int, mib: float, taken: int) -> Size:
    """Give an amount its noun: the one behind it ("of RAM"), else the one before ("RAM 8 GB")."""
    start, end, topic = index, unit + 1, None
    more = 0
    at = end
    while at < len(tokens) and tokens[at].has("cue.more", "cue.less") and at < end + 2:
        more = 1 if tokens[at].has("cue.more") else -1
        at += 1
    at = _skip(tokens, at)
    behind = tokens[at + 1 : at + 3]
    labels = len(behind) == 2 and behind[0].word in {":", "="} and behind[1].kind == "num"
    if at < len(tokens) and not labels and at - unit <= 4:
        topic = _named(tokens[at])
        end = at + 1 if topic else end
    while topic and end < len(tokens):  # "SSD storage", "storage/disk space"
        behind = [k for k in tokens[end : end + 2] if k.word != "/"][:1]
        if not behind or _named(behind[0]) != topic:
            break
        end = tokens.index(behind[0]) + 1
    noun = at if topic else index
    if topic is None:
        before = index - 1
        while before >= taken and (
            tokens[before].of("before_sizes") or tokens[before].has("cue.with", "cue.to", *_BOUNDS)
        ):
            before -= 1
        if before >= taken and (topic := _named(tokens[before])):
            start = noun = before
    value = mib if topic in (None, "memory_mib") else mib / 1024
    size = Size(topic or "bytes", value, start, end, index, alone=topic is None)
    size.more, size.vague = more if topic else 0, tokens[noun].of("either_size")
    return size


def _before_number(tokens: t.Sequence[Token], index: int) -> Size | None:
    """Read "cores: 4", "vCPU=2", "CPU 1 thread", "RAM 8" (GiB when no unit follows)."""
    at = _label_end(tokens, index)
    while (
        at < len(tokens)
        and at - index < _LONGEST_LABEL
        and (
            tokens[at].word in {":", "=", "(", "to", "auf", "a"}
            or tokens[at].has("cue.to", *_BOUNDS)
        )
    ):
        at += 1
    if at >= len(tokens) or tokens[at].kind != "num" or at == index:
        return None
    token, number = tokens[index], tokens[at]
    after = tokens[at + 1] if at + 1 < len(tokens) else None
    topic: Dimension = "cores" if token.has("unit.core") else _named(token) or "gpu"
    if after is not None and (
        after.mib is not None or (topic == "cores") != after.has("unit.core")
    ):
        measured = after.mib is not None or after.has("unit.", "noun.", "role.", "thing.", "part.")
        labels = at + 2 < len(tokens) and tokens[at + 2].word in {":", "="}  # "cpu=4 ram=8G"
        if (measured and not labels) or after.driver:
            return None
    end = at + 1
    if topic == "cores" and after is not None and after.has("unit.core"):
        end += 1
    value = number.value
    if topic == "memory_mib" and value < FEWEST_MIB:
        value *= 1024
    size = Size(topic, value, index, end, at, alone=False, vague=token.of("either_size"))
    return _decorated(tokens, size, index)


def _label_end(tokens: t.Sequence[Token], index: int) -> int:
    """Return the index of the colon of a field ("memory per VM (in GB): 16"), else the next one."""
    for at in range(index + 1, min(index + _LONGEST_LABEL, len(tokens))):
        token = tokens[at]
        if token.word in {":", "="}:
            return at
        small = token.word in {"(", ")"} or token.has("cue.each", "noun.", "thing.")
        if not (small or token.of("in_labels") or token.word in byte_units()):
            break
    return index + 1


def _is_load(tokens: t.Sequence[Token], index: int, after: int) -> bool:
    """Tell whether an amount is a rate or data ("10 MB/s", "10G uplink", "2 TB of photos")."""
    if any(token.of("of_speed") for token in (*tokens[after : after + 1], *tokens[:index][-1:])):
        return True
    for token in tokens[after : after + 5]:
        if token.has("rate."):
            return True
        if token.word in {",", ";", "."} or token.kind == "num" or token.has("role.", "thing."):
            break
    at = _skip(tokens, after)
    if at < len(tokens) and tokens[at].has("noun.data", "noun.heap", "noun.swap"):
        return True
    before = index - 1
    while before >= 0 and (
        tokens[before].of("before_sizes") or tokens[before].has(*_BOUNDS, "cue.of")
    ):
        before -= 1
    return before >= 0 and tokens[before].has("noun.data") and before < index - 1


def _decorated(tokens: t.Sequence[Token], size: Size, taken: int) -> Size:
    """Add what stands around the amount: bounds, "more", what it was before."""
    if size.start > taken and tokens[size.start - 1].has(*_BOUNDS):
        size.bound = tokens[size.start - 1].concept.partition(".")[2]
        size.start -= 1
    after = tokens[size.end] if size.end < len(tokens) else None
    if after is not None and after.has(*_BOUNDS) and _closes(tokens, size.end + 1):
        size.bound = after.concept.partition(".")[2]
        size.end += 1
    size.bound = {"about": "approximate", "over": "at_least"}.get(size.bound, size.bound)
    _restated(tokens, size)
    after = tokens[size.end] if size.end < len(tokens) else None
    if after is not None and after.has("cue.more", "cue.less") and not size.more:
        size.more = 1 if after.has("cue.more") else -1
        size.end += 1
    return _with_before(tokens, size, taken)


def _restated(tokens: t.Sequence[Token], size: Size) -> None:
    """Take "… for the CPU", "… als Festplatte" as what an amount is of."""
    at = size.end
    if at >= len(tokens) or not (tokens[at].has("cue.for", "cue.of") or tokens[at].word == "als"):
        return
    at += 1
    while (
        at < min(size.end + 3, len(tokens)) and not tokens[at].concept and tokens[at].kind == "word"
    ):
        at += 1
    if at >= len(tokens):
        return
    topic: Dimension | None = "cores" if tokens[at].has("unit.core") else _named(tokens[at])
    if size.topic == "bytes" and topic in ("memory_mib", "disk_gib", "data_disk_gib"):
        size.topic, size.alone = topic, False
        size.value = size.value if topic == "memory_mib" else size.value / 1024
        size.end = at + 1
    elif topic is not None and topic == size.topic:
        size.end = at + 1


def _closes(tokens: t.Sequence[Token], index: int) -> bool:
    ends = ("cue.and", "cue.each", "cue.total", "cue.for")
    return index >= len(tokens) or tokens[index].kind == "mark" or tokens[index].has(*ends)


def _with_before(tokens: t.Sequence[Token], size: Size, taken: int) -> Size:
    """Read "from 8 to 16 GB", "8 -> 16 GB" and "16 GB instead of 8"."""
    start = size.start
    to = start > 0 and (tokens[start - 1].has("cue.to") or tokens[start - 1].word == "a")
    if start - 2 >= taken and to:
        old = start - 2
        unit = tokens[old] if tokens[old].mib is not None or tokens[old].has("unit.core") else None
        number = old - 1 if unit is not None else old
        if number >= taken and tokens[number].kind == "num":
            size.before = _scaled(size, tokens[number].value, unit.mib if unit else None, tokens)
            since = number > taken and (tokens[number - 1].has("cue.from", "cue.of"))
            size.start = number - since
            return size
    at = size.end
    while at < len(tokens) and at < size.end + 2 and (tokens[at].word in {"(", ","}):
        at += 1
    if at + 1 < len(tokens) and tokens[at].has("cue.instead", "cue.to"):
        number = at + 1
        while number < len(tokens) and tokens[number].has(*_BOUNDS):
            number += 1
        if number < len(tokens) and tokens[number].kind == "num":
            unit = tokens[number + 1] if number + 1 < len(tokens) else None
            mib = unit.mib if unit is not None else None
            measured = unit is None or mib or unit.has("unit.core", "noun.")
            if tokens[at].has("cue.to") and not (measured or _closes(tokens, number + 1)):
                return size  # "96 GB to six workers"
            other = _scaled(size, tokens[number].value, mib, tokens)
            end = number + 1 + bool(unit is not None and (mib or unit.has("unit.core")))
            if end < len(tokens) and _named(tokens[end]) in (size.topic, "memory_mib"):
                end += 1
            if tokens[at].has("cue.to"):
                size.before, size.value = size.value, other
            else:
                size.before = other
            size.end = end
    return size


def _scaled(size: Size, value: float, mib: float | None, tokens: t.Sequence[Token]) -> float:
    if size.topic in ("cores", "gpu"):
        return value
    if mib is None:
        following = tokens[size.number + 1 : size.number + 4]
        mib = next((token.mib for token in following if token.mib is not None), 1024.0)
    return value * mib / (1024 if size.topic in ("disk_gib", "data_disk_gib") else 1)
