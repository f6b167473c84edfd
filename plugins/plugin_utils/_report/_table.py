# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain-text tables for a terminal."""

from __future__ import annotations

import textwrap
import typing as t

#: Characters of a line: what a terminal shows beside other windows.
WIDTH = 100
#: The last column is never wrapped narrower than this, although the line becomes longer.
MIN_LAST = 24


def table(
    headers: t.Sequence[str], rows: t.Iterable[t.Sequence[t.Any]], *, width: int = WIDTH
) -> str:
    """Return aligned columns; the last one is wrapped so that lines have ``width`` characters."""
    cells = [[str(value) for value in row] for row in rows]
    widths = [
        max(len(header), *(len(row[i]) for row in cells)) if cells else len(header)
        for i, header in enumerate(headers[:-1])
    ]
    last = max(MIN_LAST, width - sum(widths) - 2 * len(widths))

    def line(values: t.Sequence[str]) -> str:
        fixed = [value.ljust(width) for value, width in zip(values, widths, strict=False)]
        return "  ".join([*fixed, values[-1]]).rstrip()

    lines = [line(list(headers)), line([*("-" * width for width in widths), "-" * 8])]
    for row in cells:
        wrapped = textwrap.wrap(row[-1], last) or [""]
        lines.append(line([*row[:-1], wrapped[0]]))
        lines.extend(line([*[""] * len(widths), more]) for more in wrapped[1:])
    return "\n".join(lines)


def gib(mib: float) -> str:
    """Return MiB as GiB with as few digits as it needs."""
    return f"{mib / 1024:g} GiB" if mib >= 1024 and mib % 256 == 0 else f"{mib:g} MiB"
