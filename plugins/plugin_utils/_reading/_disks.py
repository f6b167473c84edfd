# SPDX-License-Identifier: GPL-3.0-or-later
"""Several disks of one machine: "two disks of 500 GB", "3 disks: 40, 100 and 500 GB"."""

from __future__ import annotations

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._reading import (
    Question,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._chunks import (
    Chunk,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._data import (
    function_words,
    load,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._sized import (
    SizeReader,
)

#: As many disks as the SCSI bus of a guest takes (Proxmox VE, qm.conf: scsi0 to scsi30).
MAX_DISKS = 31
_SMALL = ("cue.of", "cue.to", "cue.each", "cue.and", "cue.with", "noun.")


class DiskReader(SizeReader):
    """Says the system disk and the data disks of the thing at hand."""

    def disk_row(self, found: list[Chunk], place: int) -> bool:
        """Take "two disks" and the amounts behind it; ask where these are not so many."""
        chunk = found[place]
        if chunk.what != "disks" or not self.has_own_disks():
            return False
        count, (row, alike) = int(chunk.value), self.amounts_of(found, place)
        where = (chunk.start, chunk.end)
        self.attribute("whole", count, where, about="disks")
        if not 2 <= count <= MAX_DISKS or len(row) != (1 if alike else count):
            self.ask_disks(count, where)
        elif len(row) == 1:
            where = (chunk.start, row[0].end)
            self.attribute("disk_gib", _gib(row[0]), where)
            self.attribute("data_disk_gib", _gib(row[0]), where)
        else:
            system = next((i for i, one in enumerate(row) if not _is_data(one)), 0)
            for index, one in enumerate(row):
                topic = "disk_gib" if index == system else "data_disk_gib"
                self.attribute(topic, _gib(one), (one.start, one.end))
        for one in row:
            found[found.index(one)] = Chunk("mark", one.start, one.end)
        return True

    def has_own_disks(self) -> bool:
        """Tell whether disks are the machine's, and no load of a program that serves them."""
        thing = self.target()
        served = load("software.yml")["renamed_loads"]
        return thing is None or not any("disks" in served.get(f, ()) for f in thing.families)

    def amounts_of(self, found: list[Chunk], place: int) -> tuple[list[Chunk], bool]:
        """Return the amounts behind a number of disks, and whether one of them is that of all.

        It is where "each" or "of" leads, unless one more follows with "and".
        """
        row: list[Chunk] = []
        alike = False
        for at in range(place + 1, len(found)):
            chunk = found[at]
            if _is_amount(chunk):
                if alike and row and not found[at - 1].has("cue.and"):
                    break
                row.append(chunk)
                if len(row) == found[place].value:
                    break
            elif chunk.has("cue.each", "cue.of", "cue.to"):
                alike = alike or not row or found[at - 1] is row[-1]
            elif not (chunk.kind == "mark" or chunk.has(*_SMALL) or self.labels(found, at, row)):
                break
        return row, alike and len(row) == 1

    def labels(self, found: list[Chunk], at: int, row: list[Chunk]) -> bool:
        """Tell whether a word says what the disk before it is for ("40 GB system")."""
        behind = bool(row) and found[at - 1] is row[-1]
        small = found[at].what in function_words()["determiners"]
        return small or (behind and found[at].kind in ("word", "cue"))

    def ask_disks(self, count: int, where: tuple[int, int]) -> None:
        """Ask for the size of disks that are counted only."""
        quote = self.quote(*where)
        text = f'Which size has each of the {count} disks ("{quote.text}")?'
        self.questions.append(Question(id="reading.disks", text=text, quote=quote))

    def are_disks(self, found: list[Chunk], place: int) -> bool:
        """Take "four" before the size of disks as four of them ("four 500 GB data disks")."""
        chunk = found[place]
        ahead = [c for c in found[place + 1 : place + 4] if c.what != "x"][:2]
        size = ahead[0].size if ahead else None
        if size is None or chunk.kind != "number" or not 2 <= chunk.value < MAX_DISKS:
            return False
        further = size.topic == "data_disk_gib"
        noun = self.tokens[ahead[0].end - 1]
        served = any(c.kind == "head" for c in ahead[1:]) or self.target() is None
        if not further and (served or size.topic != "disk_gib" or noun.driver != "disks"):
            return False
        about = "data_disks" if further else "disks"
        self.attribute("whole", chunk.value, (chunk.start, chunk.end), about=about)
        if not further:
            where = (ahead[0].start, ahead[0].end)
            self.attribute("data_disk_gib", size.value, where)
        return True


def _is_amount(chunk: Chunk) -> bool:
    if chunk.size is not None:
        return chunk.size.topic in ("bytes", "disk_gib", "data_disk_gib")
    return _is_data(chunk)


def _is_data(chunk: Chunk) -> bool:
    told = chunk.size is not None and chunk.size.topic == "data_disk_gib"
    return told or (chunk.load is not None and chunk.load.driver == "data_gib")


def _gib(chunk: Chunk) -> float:
    if chunk.size is None:
        return float(chunk.value)
    return chunk.size.value / 1024 if chunk.size.topic == "bytes" else chunk.size.value
