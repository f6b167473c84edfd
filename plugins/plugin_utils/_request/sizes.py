# SPDX-License-Identifier: GPL-3.0-or-later
"""Sizes in a sentence, and runs of sizes that belong together ("4 cores, 8 GB and 40 GB disk")."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request import numerals
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.tokens import Token

#: From here on an amount "on <storage>" is a disk, and any amount without a word is one.
MOSTLY_DISK_MIB, NEVER_MEMORY_MIB = 16 * 1024, 128 * 1024
MOST_MEMORY_MIB = 1024**2
#: Beside cores an amount without a word is memory up to this share, a disk beyond it.
MOST_MEMORY_MIB_PER_CORE = 64 * 1024

Dimension = t.Literal["cores", "memory_mib", "disk_gib", "bytes", "gpu"]


@dataclasses.dataclass
class Size:
    """One amount; ``bytes`` (in MiB) is decided later to be memory or disk."""

    dimension: Dimension
    value: float
    start: int  # token index of the first token
    end: int  # index after the last token, descriptor included
    number: int  # index of the number itself
    placed: bool = False  # "… on local-zfs": the disk when memory is said elsewhere
    tera: bool = False  # said in TB: the disk when another amount is the memory
    more: int = 0  # +1 "more", -1 "less": a difference, not an absolute size


@dataclasses.dataclass
class Run:
    """Sizes of the same thing, in order."""

    sizes: list[Size]

    @property
    def start(self) -> int:
        """Return the first token index."""
        return min(size.start for size in self.sizes)

    @property
    def end(self) -> int:
        """Return the index after the last token."""
        return max(size.end for size in self.sizes)


def skip(tokens: list[Token], index: int, step: int, *concepts: str, words: str = "") -> int:
    """Move over tokens with these concepts or words, at most four of them."""
    plain = words.split()
    for _round in range(4):
        if not 0 <= index < len(tokens):
            break
        if not (tokens[index].word in plain or (concepts and tokens[index].has(*concepts))):
            break
        index += step
    return index


def find_sizes(tokens: list[Token]) -> list[Size]:
    """Return the sizes in order; rates (MB/s, TB a day) are left to the drivers."""
    sizes: list[Size] = []
    taken = 0
    for index, token in enumerate(tokens):
        if index < taken:
            continue
        size = _after_number(tokens, index, taken) if token.kind == "num" else None
        if size is None and token.has("unit.core", "noun.memory", "noun.disk", "unit.gpu"):
            size = _before_number(tokens, index)
        if size is not None:
            size.more = _more(tokens, size)
            if negative(tokens, size.number):
                size.value = -size.value
            sizes.append(size)
            taken = size.end
    return sizes


def negative(tokens: list[Token], index: int) -> bool:
    """Tell whether a minus sign belongs to the number ("-2 cores", not "web-2" or "4-8")."""
    if not index:
        return False
    sign = tokens[index - 1]
    apart = index < 2 or tokens[index - 2].end < sign.start or tokens[index - 2].word in "(:="
    return (sign.word == "-" and apart) or sign.word in {"minus", "moins", "negative"}


def _after_number(tokens: list[Token], index: int, taken: int) -> Size | None:
    """Read "4 cores", "16 GB of RAM", "2-core", "one gigabyte"."""
    unit = skip(
        tokens, index + 1, 1, "word.more", "size.", words="- fast dedicated physical virtual"
    )
    if unit >= len(tokens):
        return None
    value, token = tokens[index].value, tokens[unit]
    if token.has("unit.core") and not _single_letter_alone(token):
        return Size("cores", value, index, unit + 1, index)
    if token.has("unit.gpu") and tokens[max(index - 1, 0)].word not in {"no", "without"}:
        return Size("gpu", value, index, unit + 1, index)
    if token.mib is None or _is_rate(tokens, unit + 1):
        return None
    if _is_data(tokens, index, unit + 1):
        return None
    described, end = _descriptor_after(tokens, unit + 1)
    start = index
    if described is None:
        described, start = _descriptor_before(tokens, index, taken)
    size = _bytes(described, value * token.mib, start, end, index)
    size.tera = token.mib >= 1000**2
    size.placed = end < len(tokens) and tokens[end].word == "onstorage"
    return size


def _single_letter_alone(token: Token) -> bool:
    return len(token.word) == 1 and not token.glued


def _bytes(described: str | None, mib: float, start: int, end: int, number: int) -> Size:
    if described == "memory":
        return Size("memory_mib", mib, start, end, number)
    if described == "disk":
        return Size("disk_gib", mib / 1024, start, end, number)
    return Size("bytes", mib, start, end, number)


def _is_rate(tokens: list[Token], index: int) -> bool:
    """Tell whether "a day", "/s" or "of logs per day" follows."""
    for token in tokens[index : index + 5]:
        if token.has("rate."):
            return True
        if token.word in {",", ";", "."} or token.kind == "num" or token.has("role.", "kind."):
            return False
    return False


def _is_data(tokens: list[Token], index: int, after: int) -> bool:
    """Tell whether the amount is data to keep ("60 TiB attached", "dataset of 200 GB")."""
    at = skip(tokens, after, 1, "cue.of", words="of de d' - local my our lokale")
    if at < len(tokens) and tokens[at].has("noun.data", "noun.heap", "noun.swap"):
        return True
    if (
        at < len(tokens)
        and tokens[at].word in {"drives", "drive"}
        and tokens[at - 1].word == "local"
    ):
        return True
    before = skip(tokens, index - 1, -1, "cue.about", "cue.about.", "cue.of", words=": = is of a")
    return before >= 0 and tokens[before].has("noun.data") and tokens[before].mib is None


def _descriptor_after(tokens: list[Token], index: int) -> tuple[str | None, int]:
    at = skip(tokens, index, 1, "cue.of", "word.each", words="de d' - du fast of")
    at = skip(tokens, at, 1, words="local fast the root system")
    labels_next = at + 1 < len(tokens) and tokens[at + 1].word in {":", "="}
    if at < len(tokens) and not labels_next:
        if tokens[at].has("noun.memory"):
            return "memory", at + 1
        if tokens[at].has("noun.disk"):
            return "disk", skip(tokens, at + 1, 1, "noun.disk")
        if tokens[at].has("addon.longhorn"):  # "100 GB persistent volumes"
            return "disk", index
    return None, index


def _descriptor_before(tokens: list[Token], index: int, taken: int) -> tuple[str | None, int]:
    at = skip(
        tokens,
        index - 1,
        -1,
        "cue.of",
        "cue.about",
        "cue.about.",
        words=": = of de size grosse taille with à a to auf",
    )
    if at >= taken and at >= 0:
        if tokens[at].has("noun.memory"):
            return "memory", at
        if tokens[at].has("noun.disk"):
            return "disk", at
    return None, index


def _before_number(tokens: list[Token], index: int) -> Size | None:
    """Read "cores: 4", "vCPU=2", "RAM 8" (GiB when no unit follows)."""
    at = skip(tokens, index + 1, 1, words=": = to auf")
    if at >= len(tokens) or tokens[at].kind != "num" or at - index > 3:
        denied = any(t_.has("cue.not") for t_ in tokens[max(index - 2, 0) : index])
        if tokens[index].has("unit.gpu") and not denied:
            return Size("gpu", 1, index, index + 1, index)
        return None
    if not _stands_alone(tokens, index, at):
        return None
    value, token = tokens[at].value, tokens[index]
    if token.has("unit.core", "unit.gpu"):
        return Size("cores" if token.has("unit.core") else "gpu", value, index, at + 1, at)
    if token.has("noun.memory"):
        return Size("memory_mib", value * 1024, index, at + 1, at)
    return Size("disk_gib", value, index, at + 1, at)


def _stands_alone(tokens: list[Token], index: int, number: int) -> bool:
    """Tell whether the number belongs to the label before it, not to what follows."""
    following = tokens[number + 1] if number + 1 < len(tokens) else None
    plain = following is None or following.kind == "mark" or following.has("cue.")
    if following is not None and not plain:
        named = following.has("unit.core", "noun.memory", "noun.disk", "kind.", "role.")
        adjoining = number == index + 1 and tokens[index].has("noun.disk", "noun.memory")
        if following.mib is not None or not named or adjoining:
            return False
    previous = tokens[index - 1] if index else None
    if previous is None:
        return True
    core = tokens[index].has("unit.core")
    return previous.kind != "num" and (previous.mib is None or core)


def _more(tokens: list[Token], size: Size) -> int:
    around = tokens[max(size.start - 1, 0) : size.end + 1]
    changes = [t.concept for t in tokens if t.has("tendency.", "op.add", "op.resize")]
    if around[0].word in {"by", "um"} and changes and size.start:
        return -1 if "tendency.smaller" in changes else 1
    if any(token.has("word.more") for token in around):
        return 1
    if any(token.word in {"less", "weniger", "moins", "fewer"} for token in around):
        return -1
    return 0


def describe(tokens: list[Token], sizes: list[Size]) -> None:
    """Give a single amount the dimension of the only noun said ("grow the disk … to 200 GB")."""
    plain = [size for size in sizes if size.dimension == "bytes"]
    memory = any(token.has("noun.memory") for token in tokens)
    disk = any(token.has("noun.disk") for token in tokens)
    described = any(size.dimension in ("memory_mib", "disk_gib") for size in sizes)
    if len(plain) != 1 or memory == disk or described:
        return
    plain[0].dimension = "memory_mib" if memory else "disk_gib"
    plain[0].value = plain[0].value if memory else plain[0].value / 1024


def find_runs(tokens: list[Token], sizes: list[Size]) -> list[Run]:
    """Group sizes that only small words separate."""
    runs: list[Run] = []
    for size in sizes:
        if runs and _close(tokens, runs[-1], size):
            runs[-1].sizes.append(size)
        else:
            runs.append(Run([size]))
    return runs


def _close(tokens: list[Token], run: Run, size: Size) -> bool:
    between = tokens[run.end : size.start]
    if any(other.dimension == size.dimension != "bytes" for other in run.sizes):
        return False
    if sum(token.word == "," for token in between) > 1 or len(between) > 4:
        return False
    return all(
        token.word in {",", "/", "+", "(", "x", "-", "&", "|"}
        or token.word in numerals.ARTICLES
        or token.has("cue.and", "cue.with", "noun.", "cue.of", "size.", "word.each")
        for token in between
    )


def values(runs: t.Iterable[Run]) -> dict[str, float]:
    """Return the sizes of runs by dimension; an undescribed amount is memory first, then disk."""
    result: dict[str, float] = {}
    said = [size for run in runs for size in run.sizes if not size.more]
    plain = [size for size in said if size.dimension == "bytes"]
    described = {size.dimension for size in said}
    cores = max((size.value for size in said if size.dimension == "cores"), default=0.0)
    for size in said:
        if size.dimension != "bytes":
            result.setdefault(size.dimension, size.value)
            continue
        taken = "memory_mib" in result or "memory_mib" in described
        stored = size.placed and (len(plain) > 1 or size.value >= MOSTLY_DISK_MIB)
        if len(plain) > 1 or "disk_gib" in described:  # the first is memory, the second the disk
            most = float(MOST_MEMORY_MIB)
        else:
            most = cores * MOST_MEMORY_MIB_PER_CORE if cores >= 1 else NEVER_MEMORY_MIB
        if taken or stored or size.value >= most or (size.tera and len(plain) > 1):
            result.setdefault("disk_gib", size.value / 1024)
        else:
            result["memory_mib"] = size.value
    return result
