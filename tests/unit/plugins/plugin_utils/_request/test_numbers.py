# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers in digits and words, sizes in all units."""

from __future__ import annotations

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request import read_request
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.numerals import (
    digits,
    words,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("seven", 7),
        ("twenty five", 25),
        ("two hundred and fifty", 250),
        ("fifteen hundred", 1500),
        ("three thousand two hundred", 3200),
        ("a hundred", 100),
        ("a dozen", 12),
        ("two million", 2_000_000),
        ("one and a half", 1.5),
        ("half a", 0.5),
        ("dix sept", 17),
        ("vingt", 20),
        ("soixante dix", 70),
        ("quatre vingt dix", 90),
        ("deux cents", 200),
        ("une vingtaine", 20),
        ("zweiunddreissig", 32),
        ("funfhundert", 500),
        ("zweitausendfunfhundert", 2500),
        ("hundertzwanzig", 120),
        ("anderthalb", 1.5),
    ],
)
def test_number_words(text: str, value: float) -> None:
    parts = text.split()
    assert words(parts, 0) == (value, len(parts))


@pytest.mark.parametrize("text", ["the", "a cluster", "nodes", ""])
def test_no_number(text: str) -> None:
    assert words(text.split(), 0) is None


@pytest.mark.parametrize(
    ("text", "language", "value"),
    [
        ("1,200", "en", 1200),
        ("1,200", "de", 1.2),
        ("1.200", "de", 1200),
        ("1.5", "en", 1.5),
        ("1,5", "fr", 1.5),
        ("1,234,567", "en", 1234567),
        ("1.234,5", "de", 1234.5),
        ("1,234.5", "en", 1234.5),
        ("0.125", "de", 0.125),
        ("1.31.4", "en", None),
    ],
)
def test_digits(text: str, language: str, value: float | None) -> None:
    assert digits(text, language) == value


@pytest.mark.parametrize(
    ("size", "memory_mib"),
    [
        ("8GB", 8192),
        ("8 GiB", 8192),
        ("8g", 8192),
        ("8 gigs", 8192),
        ("8 gigabytes", 8192),
        ("8 Go", 8192),
        ("8 gigaoctets", 8192),
        ("8192 MB", 8192),
        ("8192 Mo", 8192),
        ("512M", 512),
        ("0.5 GB", 512),
        ("half a gig", 512),
        ("1.5 GiB", 1536),
        ("one gigabyte", 1024),
        ("1 TB", 1048576),
        ("eight GB", 8192),
        ("acht GB", 8192),
        ("huit Go", 8192),
    ],
)
def test_memory_in_all_units(size: str, memory_mib: int) -> None:
    machine = read_request(f"vm with {size} of RAM").machines[0]
    assert (machine.memory_mib, machine.disk_gib) == (memory_mib, None)


@pytest.mark.parametrize(
    "word",
    ["core", "cores", "vCPU", "vcpus", "CPUs", "threads", "Kerne", "cœurs", "processors", "c"],
)
def test_cores_in_all_words(word: str) -> None:
    glued = "" if word == "c" else " "
    assert read_request(f"vm with 6{glued}{word} and 4 GB").machines[0].cores == 6
