# SPDX-License-Identifier: GPL-3.0-or-later
"""The chain of the ledger: each entry carries the hash of the one before. Pure functions.

An entry says which row of which table became what (the digest of the row), or went. With a key
the hashes are HMACs, so that only who knows the key can make a chain that holds.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import typing as t
from dataclasses import dataclass

Row = t.Mapping[str, t.Any]
START = "0" * 64
GONE = "-" * 64


def digest_of(row: Row) -> str:
    """Return the sha256 of a row; columns without a value are left out, as new ones have none."""
    kept = {name: value for name, value in row.items() if value is not None}
    text = json.dumps(kept, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def link(entry: Row, key: bytes) -> str:
    """Return the hash of an entry; it covers everything but itself."""
    fields = [entry[f] for f in ("seq", "at", "table", "key", "op", "row_sha256", "prev")]
    text = json.dumps(fields, ensure_ascii=False).encode()
    return (hmac.new(key, text, "sha256") if key else hashlib.sha256(text)).hexdigest()


@dataclass(frozen=True)
class Audit:
    """What came of checking a chain: its head, and every row that is not as it was written.

    ``missing`` are the pinned heads that the chain does not hold and nobody acknowledged, oldest
    first; ``acknowledged`` has a sentence for each cut that somebody did.
    """

    entries: int
    head: str
    problems: tuple[str, ...] = ()
    missing: tuple[Row, ...] = ()
    acknowledged: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Return whether nothing was touched."""
        return not self.problems


def verify(
    entries: t.Iterable[Row],
    rows: t.Mapping[tuple[str, str], str],
    key: bytes,
    pins: t.Iterable[Row] = (),
    acknowledgements: t.Iterable[Row] = (),
) -> Audit:
    """Check the chain, that the tables are what it says, and that it holds every pinned head.

    A pinned head may only be missing where a row of the ledger says who acknowledged that.

    Args:
        entries: the chain in its order.
        rows: digest of each row that is there, by table and key.
        key: of the HMAC; empty when there is none.
        pins: heads that were written down elsewhere, ``{"seq", "hash"}``.
        acknowledgements: rows ``{"heads", "by", "at", "reason"}`` of the ledger.
    """
    broken: list[tuple[int, str]] = []
    last: dict[tuple[str, str], Row] = {}
    hashes: dict[int, str] = {0: START}
    before = START
    count = 0
    for count, entry in enumerate(entries, 1):
        name = f"{entry['table']} {entry['key']} of {entry['at']} (entry {entry['seq']})"
        if entry["seq"] != count:
            broken.append((count, f"An entry was removed or added before {name}."))
            break
        if entry["prev"] != before or link(entry, key) != entry["hash"]:
            broken.append((count, f"{name} was changed, or the key is another one."))
            break
        before = hashes[count] = entry["hash"]
        last[entry["table"], entry["key"]] = entry
    if not broken:
        broken += _touched(last, rows)
    problems = [text for _seq, text in sorted(broken)]
    if problems:  # of a chain that does not hold nothing more can be told
        return Audit(count, before, tuple(problems))
    told = list(acknowledgements)
    marks = {(int(pin["seq"]), str(pin["hash"])) for pin in pins}
    gone = {(seq, value) for seq, value in marks if hashes.get(seq) != value}
    excused = {(int(head["seq"]), str(head["hash"])) for row in told for head in row["heads"]}
    missing = [{"seq": seq, "hash": value} for seq, value in sorted(gone - excused)]
    return Audit(
        count,
        before,
        tuple(_cut(count, missing)),
        tuple(missing),
        tuple(_acknowledged(row) for row in told),
    )


def _cut(entries: int, missing: t.Sequence[Row]) -> t.Iterator[str]:
    if not missing:
        return
    newest = missing[-1]
    beside = f", and {len(missing) - 1} pinned before it" if len(missing) > 1 else ""
    yield (
        f"The chain ends at entry {entries}: entry {newest['seq']} with the hash {newest['hash']},"
        f" which was pinned{beside}, is not in it; rows were cut off, or an older copy was put"
        " back."
    )


def _acknowledged(row: Row) -> str:
    newest = row["heads"][-1]
    return (
        f"The rows up to entry {newest['seq']} with the hash {newest['hash']} are gone;"
        f" {row['by']} acknowledged that on {row['at']}: {row['reason']}"
    )


def _touched(
    last: t.Mapping[tuple[str, str], Row], rows: t.Mapping[tuple[str, str], str]
) -> t.Iterator[tuple[int, str]]:
    for place, entry in last.items():
        name = f"{entry['table']} {entry['key']} of {entry['at']} (entry {entry['seq']})"
        there = rows.get(place)
        if entry["op"] == "drop" and there is not None:
            yield entry["seq"], f"{name} was put back after it had gone."
        elif entry["op"] == "put" and there is None:
            yield entry["seq"], f"{name} was removed."
        elif entry["op"] == "put" and there != entry["row_sha256"]:
            yield entry["seq"], f"{name} was changed."
    for table, key in sorted(rows.keys() - last.keys()):
        yield len(last) + 1, f"{table} {key} was added without an entry."
