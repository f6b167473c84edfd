# SPDX-License-Identifier: GPL-3.0-or-later
"""What every part of the reader of changes writes down: statements, questions, quotes."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._reading import (
    Question,
    Quote,
    Statement,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._aims import (
    Aim,
    Aims,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._chunks import (
    Chunk,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._orders import (
    Piece,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._record import (
    Record,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._tokens import (
    Token,
)


class Stating:
    """The statements of the orders of one text, and what is remembered between them."""

    def __init__(self, text: str, previous: Record | None) -> None:
        self.text = text
        self.previous = previous
        self.aims = Aims(previous)
        self.statements: list[Statement] = []
        self.questions: list[Question] = []
        self.number = 0
        self.targets: list[Aim] = []  # of the order before
        self.mentioned: list[Aim] = []  # what was spoken of last
        self.latest: list[Aim] = []  # of the order before, or of what was told since
        self.recounted = False  # the order before changed how many there are of what it named
        self.spoken: list[Aim] = []  # of all orders
        self.ordered = False  # the sentence had an order already
        self.verb = ""
        self.trend = ""  # what the end of a list of amounts does with all of them
        self.how = ""  # what the number before did
        self.hint = ""  # the size that the text speaks of
        self.tokens: list[Token] = []

    def quote(self, start: int, end: int) -> Quote:
        """Return the words from token ``start`` to before ``end``."""
        low, high = self.tokens[start].start, self.tokens[end - 1].end
        return Quote(text=self.text[low : min(high, low + 240)], start=low)

    def add(self, quote: Quote, topic: str, **fields: t.Any) -> None:
        """Add one statement of the order that is read."""
        value = fields.pop("value", None)
        value = int(value) if isinstance(value, float) and value == int(value) else value
        fields = {"kind": "change", "thing": f"c{self.number}", "value": value, **fields}
        self.statements.append(Statement(quote=quote, topic=topic, **fields))  # type: ignore[arg-type]

    def say(self, topic: str, value: t.Any, chunk: Chunk, verb: str, **more: t.Any) -> None:
        """Add one change of the order's targets."""
        quote = more.pop("quote", None) or self.quote(chunk.start, chunk.end)
        self.add(quote, topic, value=value, verb=verb, **more)

    def ask(self, rule: str, text: str, chunk: Chunk, choices: tuple[str, ...] = ()) -> None:
        """Ask what a chunk means."""
        quote = self.quote(chunk.start, chunk.end)
        text = text.replace("{}", quote.text)
        self.questions.append(
            Question(id=f"change.{rule}", text=text, quote=quote, choices=choices)
        )

    def cover(self, piece: Piece, used: list[Chunk]) -> None:
        """Say which small words the order was read from."""
        for chunk in used:
            self.add(self.quote(chunk.start, chunk.end), "whole", about="said")
