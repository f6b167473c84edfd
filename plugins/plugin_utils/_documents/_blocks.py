# SPDX-License-Identifier: GPL-3.0-or-later
"""What a page is made of, written as Markdown or as HTML; every text is escaped in both."""

from __future__ import annotations

import html
import re
import typing as t
from dataclasses import dataclass

_MARKDOWN = re.compile(r"([\\`*_\[\]<>|#&~])")
_NO_NAME = re.compile(r"[^a-z0-9]+")
Pictures = t.Mapping[str, str]


@dataclass(frozen=True)
class Code:
    """A name, value or command inside a sentence."""

    text: str


@dataclass(frozen=True)
class Link:
    """A way to another file of the same folder, or to an address."""

    text: str
    target: str


Part = str | Code | Link
Line = Part | tuple[Part, ...]


class Block(t.Protocol):
    """One part of a page."""

    def markdown(self) -> str:
        """Return it for a Markdown file; empty: nothing to show."""

    def html(self, pictures: Pictures) -> str:
        """Return it for the page; ``pictures`` are drawings by file."""


@dataclass(frozen=True)
class Heading:
    """A section; level 1 is the page's title."""

    text: str
    level: int = 2

    def markdown(self) -> str:
        """See ``Block``."""
        return f"{'#' * self.level} {_escaped(self.text)}"

    def html(self, pictures: Pictures) -> str:
        """See ``Block``; the whole page has a title above all of them."""
        level = self.level + 1
        return f"<h{level}>{html.escape(self.text)}</h{level}>"


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    line: Line

    def markdown(self) -> str:
        """See ``Block``."""
        return _in_markdown(self.line)

    def html(self, pictures: Pictures) -> str:
        """See ``Block``."""
        return f"<p>{_in_html(self.line)}</p>"


@dataclass(frozen=True)
class Items:
    """A list."""

    lines: tuple[Line, ...]

    def markdown(self) -> str:
        """See ``Block``."""
        return "\n".join(f"- {_in_markdown(line)}" for line in self.lines)

    def html(self, pictures: Pictures) -> str:
        """See ``Block``."""
        return "<ul>" + "".join(f"<li>{_in_html(line)}</li>" for line in self.lines) + "</ul>"


@dataclass(frozen=True)
class Table:
    """Rows below headers."""

    headers: tuple[str, ...]
    rows: tuple[tuple[Line, ...], ...]

    def markdown(self) -> str:
        """See ``Block``."""
        cells = [[_in_markdown(cell) for cell in row] for row in self.rows]
        lines = [list(self.headers), ["---"] * len(self.headers), *cells]
        return "\n".join("| " + " | ".join(line) + " |" for line in lines) if cells else ""

    def html(self, pictures: Pictures) -> str:
        """See ``Block``."""
        if not self.rows:
            return ""
        head = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in self.headers)
        body = "".join(
            "<tr>" + "".join(f"<td>{_in_html(cell)}</td>" for cell in row) + "</tr>"
            for row in self.rows
        )
        return (
            '<div class="scroll" tabindex="0"><table><thead><tr>'
            f"{head}</tr></thead><tbody>{body}</tbody></table></div>"
        )


@dataclass(frozen=True)
class Commands:
    """Lines for a shell, as they are typed."""

    lines: tuple[str, ...]

    def markdown(self) -> str:
        """See ``Block``."""
        return "\n".join(["~~~~sh", *self.lines, "~~~~"])

    def html(self, pictures: Pictures) -> str:
        """See ``Block``."""
        text = "\n".join(self.lines)
        return f"<pre>{html.escape(text)}</pre>"


@dataclass(frozen=True)
class Picture:
    """A drawing of the folder."""

    file: str
    shows: str

    def markdown(self) -> str:
        """See ``Block``."""
        return f"![{_escaped(self.shows)}]({self.file})"

    def html(self, pictures: Pictures) -> str:
        """See ``Block``; the drawing becomes part of the page."""
        return f'<figure class="drawing">{pictures[self.file]}</figure>'


def anchor(text: str) -> str:
    """Return the name of a section in the page."""
    return _NO_NAME.sub("-", text.lower()).strip("-")


def markdown(blocks: t.Iterable[Block]) -> str:
    """Return a Markdown file."""
    return "\n\n".join(filter(None, (block.markdown() for block in blocks))) + "\n"


def page(blocks: t.Iterable[Block], pictures: Pictures) -> str:
    """Return HTML for the body of a page."""
    return "\n".join(filter(None, (block.html(pictures) for block in blocks)))


def _parts(line: Line) -> tuple[Part, ...]:
    return line if isinstance(line, tuple) else (line,)


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", str(text))


def _escaped(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", _plain(text))


def _in_markdown(line: Line) -> str:
    shown = []
    for part in _parts(line):
        if isinstance(part, Link):
            shown.append(f"[{_escaped(part.text)}]({part.target})")
        elif isinstance(part, Code):
            # A pipe ends a cell of a table, also inside backquotes.
            text = _plain(part.text).replace("|", "\\|")
            shown.append(f"`` {text} ``" if "`" in text else f"`{text}`")
        else:
            shown.append(_escaped(part))
    return "".join(shown).strip()


def _in_html(line: Line) -> str:
    shown = []
    for part in _parts(line):
        if isinstance(part, Link):
            target = part.target
            if target.endswith(".md"):
                target = f"#{anchor(target.removesuffix('.md'))}"
            text = html.escape(_plain(part.text))
            shown.append(f'<a href="{html.escape(target)}">{text}</a>')
        elif isinstance(part, Code):
            shown.append(f"<code>{html.escape(_plain(part.text))}</code>")
        else:
            shown.append(html.escape(part))
    return "".join(shown)
