# SPDX-License-Identifier: GPL-3.0-or-later
"""What a model sees of a sentence, and the way back to the person's words."""

from __future__ import annotations

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._masked import Masked
from hypothesis import given
from hypothesis import strategies as st

NAMES = {"n": ["pve1", "pve3"], "s": ["local-zfs"], "v": ["web1"]}
SENTENCE = (
    "vm web1 on PVE3 with 4 GB and 40 GB on local-zfs, ip 10.0.0.5/24, see https://wiki.example/x,"
    " password is Sommer2026! and not pve1"
)


def test_nothing_of_the_site_is_seen() -> None:
    seen = Masked(SENTENCE, NAMES).seen
    assert seen == (
        "vm v1 on n2 with 4 GB and 40 GB on s1, ip a1, see l1 password is [redacted] and not n1"
    )


@pytest.mark.parametrize(
    ("quote", "words", "start"),
    [
        ("on n2", "on PVE3", 8),
        ("not n1", "not pve1", SENTENCE.index("not pve1")),
        ("4 GB", "4 GB", SENTENCE.index("4 GB")),
        ("v1 ON  n2", "web1 on PVE3", 3),
        ("ip a1", "ip 10.0.0.5/24", SENTENCE.index("ip 10")),
        ("GB", "GB", None),  # in two places
    ],
)
def test_quotes_are_told_in_the_persons_words(quote: str, words: str, start: int | None) -> None:
    assert Masked(SENTENCE, NAMES).original(quote) == (words, start)


@pytest.mark.parametrize("quote", ["pve3", "web1", "n3", "", "   ", "Sommer2026!"])
def test_what_was_not_seen_is_no_quote(quote: str) -> None:
    assert Masked(SENTENCE, NAMES).original(quote) is None


def test_values_and_complaints_go_both_ways() -> None:
    masked = Masked(SENTENCE, NAMES)
    assert masked.value("n2") == "PVE3"
    assert masked.value("debian12") == "debian12"
    assert masked.hide("What should PVE3 mean?") == "What should n2 mean?"


@given(st.text(alphabet="ab1 .-:/@pve\n", max_size=60))
def test_any_sentence_survives(text: str) -> None:
    masked = Masked(text, {"n": ["pve1", "a-b"], "v": ["b1"]})
    whole = masked.original(masked.seen)
    assert whole is None or whole[0].split() == text.split()
    for word in masked.seen.split():
        assert masked.original(word) is not None
