# SPDX-License-Identifier: GPL-3.0-or-later
"""Where in a clause an unknown word can be a thing, software, an add-on or a place.

An unknown word is asked about only there. Anywhere else (a verb, an adverb, a modifier of a known
noun, an occasion, hardware) it changes no machine and is set aside.
"""

from __future__ import annotations

import itertools
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._data import (
    function_words,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._numbers import (
    numerals,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._tokens import Token

_NOUNS = ("thing.", "role.", "part.", "addon.", "cni.", "word.addon")
_ORDERS = (
    *("verb.create", "verb.add", "verb.remove", "verb.replace", "verb.upgrade", "verb.move"),
    *("verb.rename", "verb.set", "cue.not", "cue.off", "cue.more", "cue.only", "cue.instead"),
    *("cue.correction", "word.not_needed"),
)
_JOINS = ("cue.and", "cue.or")
_BEGINS = frozenset({".", ":", ";", "(", "!", "?", "\n", "-", '"', ">", "*"})


#: What is asked of the token at an index: is it unknown, is it written like a name?
Place = t.Callable[[int], bool]


def can_be_a_thing(
    tokens: t.Sequence[Token], index: int, language: str, unknown: Place, named: Place
) -> bool:
    """Tell whether the unknown word at ``index`` stands where a thing or a place can."""
    first, last = index, index
    while first > 0 and unknown(first - 1):
        first -= 1
    while last + 1 < len(tokens) and unknown(last + 1):
        last += 1
    while last + 2 < len(tokens) and tokens[last + 1].word == "-" and tokens[last + 2].glued:
        last += 2  # "battle-tested"
    written = language != "de" and any(named(at) for at in range(first, last + 1))
    if _verb_behind(tokens, last) and not tokens[max(first - 2, 0)].has("cue.for"):
        return True
    following = tokens[last + 1] if last + 1 < len(tokens) else None
    if following is not None and following.has("role.") and not written:
        return False  # "generic workers"
    small = language == "de" and not any(named(at) for at in range(first, last + 1))
    if small and _german_verb(tokens, first, last):
        return False
    return _behind(tokens, first, last, written, unknown)


def stands_apart(inside: t.Sequence[Token], word: Token, language: str) -> bool:
    """Tell whether the sentence that holds a word is one beside the order.

    "My colleague sees to the rest." Such a sentence names, counts and orders nothing that is
    known, and speaks of somebody or something; a list of unknown words does not, and neither does
    one that adds to the order.
    """
    closed = function_words()
    if inside[0].word in closed["pointers"]:
        return False  # it speaks of the machine
    if any(token.kind in ("num", "lit") or token.name or token.mib is not None for token in inside):
        return False
    small = ("verb.", "cue.more", "cue.with", "cue.for", "cue.correction")
    known = (*small, "unit.", "noun.", "word.first", "word.second", *_NOUNS)
    wanted = (closed["modals"] - closed["futures"]) | closed["additions"] | closed["takings"]
    if any(token.software or token.has(*known) or token.word in wanted for token in inside):
        return False
    told = closed["determiners"] | closed["pronouns"] | closed["passives"]
    told |= closed["french_pronouns"] if language == "fr" else frozenset()
    denies = inside[0].has("cue.not") and len(inside) < 4  # "no rush"
    return (
        denies
        or word.has("cue.not", "cue.off")
        or any(token.word.partition("'")[0] in told or token.word in told for token in inside)
    )


def _verb_behind(tokens: t.Sequence[Token], last: int) -> bool:
    """Tell whether an order stands directly behind, as in German ("foobar entfernen")."""
    return last + 1 < len(tokens) and tokens[last + 1].has("verb.create", *_ORDERS[1:8])


def _german_verb(tokens: t.Sequence[Token], first: int, last: int) -> bool:
    """Tell whether a small word at the end of a German clause is its verb ("auf k3s umsteigen")."""
    before = tokens[first - 1] if first else None
    following = tokens[last + 1] if last + 1 < len(tokens) else None
    ends = following is None or following.word in _BEGINS or following.word in {",", "werden"}
    part = itertools.takewhile(lambda token: token.kind == "word", reversed(tokens[:first]))
    modal = any(token.of("german_modals") for token in part)  # "das soll pve2 mit prüfen"
    joins = _JOINS if modal else ("cue.with", "cue.for", *_JOINS)
    listed = before is None or before.has(*joins) or before.kind == "mark"
    return ends and not listed and tokens[last].word.endswith(("en", "ern", "eln", "t"))


def _behind(
    tokens: t.Sequence[Token], first: int, last: int, written: bool, unknown: Place
) -> bool:
    """Tell it by what stands before the group of unknown words."""
    if first == 0 or tokens[first - 1].word in _BEGINS:
        return not _begins_a_phrase(tokens, last)
    before = tokens[first - 1]
    if before.of("determiners") and not before.has("cue.for"):
        return _determined(tokens, first - 1, last, written)
    if before.word == "," or before.has(*_JOINS):
        return _joined(tokens, first - 1, last, written, unknown)
    nothing = before.of("nothings")
    if nothing or before.has("cue.from") or _is_for_space(tokens, first - 1):
        return False
    if _opens(before):
        return True
    noun = before.software is not None or before.has(*_NOUNS)
    return written or (not noun and _described(tokens, first, last))


def _opens(before: Token) -> bool:
    """Tell whether a word asks for a thing or a place behind it."""
    closed = function_words()
    small = before.word in closed["places"] | closed["german_modals"] or before.word in "+/&"
    asks = before.has("cue.with", "cue.for", "cue.behind", "thing.", "word.addon", *_ORDERS)
    return small or asks or before.kind == "num"


def _is_for_space(tokens: t.Sequence[Token], at: int) -> bool:
    """Tell whether a "for" belongs to a size, not to a machine ("300 GB space for photos")."""
    if at < 2 or not tokens[at].has("cue.for") or tokens[at - 2].mib is None:
        return False
    return not tokens[at - 1].concept or tokens[at - 1].has("noun.disk")


def _begins_a_phrase(tokens: t.Sequence[Token], last: int) -> bool:
    """Tell whether a word has an object or subject of its own: it is a verb ("Selling my …")."""
    following = tokens[last + 1] if last + 1 < len(tokens) else None
    closed = function_words()
    others = closed["determiners"] | closed["pronouns"] | closed["conjunctions"]
    return following is not None and following.word in others


def _determined(tokens: t.Sequence[Token], article: int, last: int, written: bool) -> bool:
    """Tell it of a word with an article: the object of an order, or a place."""
    before = tokens[article - 1] if article else None
    following = tokens[last + 1] if last + 1 < len(tokens) else None
    if following is not None and (following.software is not None or following.has("part.")):
        return False  # a modifier of what is known
    if before is None or before.word in _BEGINS:
        told = following is not None and following.kind == "word" and not following.concept
        told = told or bool(
            following and following.has("cue.of") and tokens[article].of("definite")
        )
        return not told or (following is not None and following.of("modals"))
    ordered = before.has(*_ORDERS) or before.of("places")
    listed = before.has(*_JOINS, "cue.more", "verb.add") or before.word == ","
    one = listed and tokens[article].word in numerals().articles  # "…, and a wiki for the team"
    ordered = ordered or (one and ends_a_noun(following))
    return ordered or (written and not before.has("cue.for", "cue.of"))


def ends_a_noun(following: Token | None) -> bool:
    """Tell whether a noun may end before a token: nothing, a mark, or a small word of a list."""
    if following is None or following.kind == "mark":
        return True
    return following.has("cue.for", "cue.with", *_JOINS)


def _joined(tokens: t.Sequence[Token], link: int, last: int, written: bool, unknown: Place) -> bool:
    """Tell it of a member of a list: as the member before it, and not where a clause begins."""
    if _begins_a_phrase(tokens, last) or link == 0:
        return False
    before = tokens[link - 1]
    noun = before.software is not None or before.has(*_NOUNS) or unknown(link - 1)
    sized = before.mib is not None or before.has("noun.", "unit.", "word.version")
    return noun or written or (sized and _ends(tokens, last))


def _ends(tokens: t.Sequence[Token], last: int) -> bool:
    following = tokens[last + 1] if last + 1 < len(tokens) else None
    if following is None or following.kind == "mark" or following.software is not None:
        return True
    return bool(following.concept) and not following.has("cue.not", "verb.")


def _described(tokens: t.Sequence[Token], first: int, last: int) -> bool:
    """Tell it of a word behind one adjective ("with some foobar", "install the latest foobar")."""
    closed = function_words()
    at = first - 1
    if tokens[at].word in closed["pronouns"] or tokens[at].kind != "word" or tokens[at].concept:
        return False
    if at and tokens[at - 1].word in closed["determiners"]:
        at -= 1
    following = tokens[last + 1] if last + 1 < len(tokens) else None
    begins = at == 0 or tokens[at - 1].word in _BEGINS
    begins = begins and (
        following is None or following.kind != "word" or following.has("cue.with", "cue.for")
    )
    return begins or tokens[at - 1].has("cue.with", *_ORDERS[:8])
