# SPDX-License-Identifier: GPL-3.0-or-later
"""Pieces that only together are an order: a list, a verb and its number, a noun and its verb."""

from __future__ import annotations

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._aims import Aims
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._orders import (
    MORE,
    NOUNS,
    Piece,
    is_name,
    only,
    words,
)

#: Verbs that need a value, or a direction, to be an order.
_TRANSITIVE = ("verb.increase", "verb.decrease", "verb.set", "verb.add", "verb.move")


def joined(found: list[Piece], aims: Aims) -> list[Piece]:
    """Join to an order the bare nouns of its list, and a verb to its number.

    A piece that stands in a list with an order and is nothing that is known has ``unknown``.
    """
    result: list[Piece] = []
    waiting: Piece | None = None
    for place, piece in enumerate(found):
        last = result[-1] if result and result[-1].kind == "order" else None
        if last is not None and only(piece, "number") and last.cues("cue.instead"):
            result[-1] = _together(last, piece)
            continue
        if last is not None and only(piece, "size") and _is_one_more(last):
            result[-1] = _together(last, piece)
            continue
        if place and piece.words() <= words("pronouns"):  # "le monitoring, lui, on le garde"
            continue
        if piece.kind == "bare" and not (
            aims.find(piece) or piece.dimensions() or aims.addons(piece)
        ):
            piece.kind = "talk"
        if piece.fragment and (waiting or last):
            known = piece.kind == "bare"
            piece.unknown = (
                _unread(piece, aims) if known else _unknown(piece, waiting or last, aims)
            )
            piece.kind = "talk" if piece.unknown else piece.kind
        if waiting is not None and (piece.kind == "talk" or (waiting.verbs() and piece.verbs())):
            result.append(waiting)
            waiting = None
        if piece.kind == "talk":
            result.append(piece)
        elif piece.kind == "bare" and not waiting and last and _back(last, found[place:], aims):
            result[-1] = _together(last, piece)
        else:
            whole = _together(waiting, piece) if waiting is not None else piece
            waiting = whole if _is_open(whole, found[place + 1 :]) else None
            if waiting is None:
                result.append(whole)
            if whole.kind == "bare" and waiting is None:
                whole.kind = "order" if last is not None and not whole.excepted else "talk"
    return result + ([waiting] if waiting else [])


def _is_one_more(piece: Piece) -> bool:
    """Tell whether an order only asks for one more of something ("another redis, *2 GB*")."""
    one = [h for h in piece.of("head") if (h.software or h.role()) and not h.plural]
    asked = piece.cues("cue.more", "verb.add", "word.second")
    return bool(asked and len(one) == 1 and not piece.of("size") and not piece.dimensions())


def _unknown(piece: Piece, last: Piece | None, aims: Aims) -> str:
    """Return what a list names that is nothing known ("install cert-manager and *frobnitz*")."""
    if last is None or piece.opening is None or not piece.opening.has("cue.and"):
        return ""
    addons = last.of("flag") or aims.addons(last)
    return aims.stranger(piece, anywhere=True) or (piece.said(piece.chunks[0]) if addons else "")


def _unread(piece: Piece, aims: Aims) -> str:
    """Return a word beside a noun of a list that nothing was read from ("and *restart* db1")."""
    nouns = piece.nouns() or piece.of("flag")
    content = [c for c in piece.content() if not aims.of_word(piece.tokens[c.start])]
    if not content or not nouns:
        return ""
    if piece.chunks[0] is content[0]:
        return piece.said(content[0])
    return aims.stranger(piece, anywhere=True) if content[-1].start > nouns[-1].start else ""


def _together(first: Piece, second: Piece) -> Piece:
    """Return two pieces as one; the separator stays between them."""
    between = [second.opening] if second.opening is not None else []
    kind = "order" if "order" in (first.kind, second.kind) else first.kind
    chunks = [*first.chunks, *between, *second.chunks]
    excepted = first.excepted or second.excepted
    return Piece(chunks, first.tokens, first.opening, kind, excepted)


def _is_open(piece: Piece, rest: list[Piece]) -> bool:
    """Tell whether a piece still waits for what shall become of what it names."""
    if not rest or piece.excepted or piece.cues("verb.keep"):
        return False
    stays = rest[-1].cues("verb.keep", "verb.remove", "word.not_needed")
    if stays and only(piece, "flag", "word") and rest[-1].words() & words("pronouns"):
        return True
    verbs = piece.cues(*_TRANSITIVE)
    done = [c for c in piece.verbs() if c not in verbs] or piece.values()
    done = done or piece.cues("cue.not", "cue.off", "word.not_needed")
    whole = piece.of("head") and not piece.dimensions()  # "one worker less", "one more worker"
    done = done or (piece.cues("cue.less", "cue.more") if whole else [])
    return not done and not (verbs and piece.cues(*MORE))


def _back(last: Piece, rest: list[Piece], aims: Aims) -> bool:
    """Tell whether a bare noun belongs to the order before it, and not to the one behind."""
    piece = rest[0]
    both = piece.dimensions() and aims.find(piece)
    if both and last.dimensions() and aims.find(last):
        return False
    following = next((p for p in rest[1:] if p.kind != "bare"), None)
    if following is None or following.kind == "talk" or piece.opening is None:
        return True
    if following.opening is not None and following.opening.what == ":":
        return False  # "web1: 8 GB, *web2*: 6 GB"
    begins = following.chunks[0].kind in NOUNS or is_name(following.chunks[0])
    return piece.opening.has("cue.and", "cue.or") or not begins
