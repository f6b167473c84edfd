# SPDX-License-Identifier: GPL-3.0-or-later
"""A word that nobody knows is asked about where a thing can stand, and set aside elsewhere."""

from __future__ import annotations

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._reading import (
    Reading,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._account import account
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._reader import (
    statements,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._words import (
    Vocabulary,
)

VOCABULARY = Vocabulary()


def read(text: str) -> Reading:
    """Return the reading of a text with its account."""
    return account(statements(text, VOCABULARY), VOCABULARY)


@pytest.mark.parametrize(
    "text",
    [
        "a VM with {}",
        "redis and {} on two VMs",
        "redis, {} and nginx, one VM each",
        "HA cluster with {}",
        "please install the {} on a VM with 4 GB",
        "for {} 100 users",
        "{} for 20 users",
        "I want a {} with 4 GB RAM",
        "a new {} with 2 cores",
        "a VM on {} with 4 GB",
        "3 {} with 4 GB each",
        "a VM with 4 GB RAM, 2 cores, {}",
        "nginx in front of {}",
        "My {} should get a VM with 4 GB",
        "Our team uses Nextcloud. {} should be added.",
        "I have a NUC. I'd like {} on it.",
        "eine VM mit {} und 4 GB RAM",
        "zwei Container, einer für Redis und einer für {}",
        "bitte {} installieren",
        "eine VM auf {} mit 4 GB und 2 Kernen",
        "wir möchten ein {} aufsetzen, 50 Nutzer",
        "Wir haben einen NUC mit 32 GB. Darauf soll {} laufen.",
        "une VM avec {} et 4 Go de RAM",
        "il me faut {} et un serveur mail",
        "un cluster k3s de trois noeuds avec {}",
        "une VM pour {} avec 4 Go",
        "une VM sur {} avec 4 Go et 2 coeurs",
    ],
)
@pytest.mark.parametrize("word", ["Quuxdb", "zorblatt"])
def test_a_thing_that_is_unknown_is_asked_about(text: str, word: str) -> None:
    reading = read(text.format(word))
    asked = [question.text for question in reading.questions]
    unknown = [str(s.value) for s in reading.statements if s.topic == "software"]
    assert any(word in said for said in [*asked, *unknown])


GITEA = {"cores": 2, "memory_mib": 4096}


@pytest.mark.parametrize(
    "text",
    [
        "We bought a refurbished Latitude 5420 with 64 GB. Please set up a Gitea VM with 2 cores"
        " and 4 GB RAM.",
        "The Zyxel does the DHCP. I need a Gitea VM with 2 cores and 4 GB RAM.",
        "Our HPE MicroServer Gen10 idles. I want a Gitea VM with 2 cores and 4 GB RAM.",
        "On the spare Proxmox box (Xeon E-2236, 64 GB) I want a Gitea VM with 2 cores, 4 GB RAM.",
        "A battle-tested Gitea VM with 2 cores and 4 GB RAM, snappily if possible.",
        "Replacing my old Fujitsu. A Gitea VM with 2 cores and 4 GB RAM.",
        "We want to move from Bitbucket 8 to Gitea, 2 cores and 4 GB RAM.",
        "For the Oktoberfest we need a Gitea VM with 2 cores and 4 GB RAM.",
        "Wir haben einen Esprimo Q958 ergattert. Bitte eine Gitea-VM, 2 Kerne, 4 GB RAM.",
        "Der Kasten ist ein Xeon E-2236 mit 64 GB. Eine Gitea-VM mit 2 Kernen und 4 GB RAM.",
        "Das Gefrickel übernimmt der Mikrotik. Ich brauche eine Gitea-VM, 2 Kerne, 4 GB RAM.",
        "Für den Adventsbasar brauchen wir eine Gitea-VM mit 2 Kernen und 4 GB RAM.",
        "Eine bewährte Gitea-VM mit 2 Kernen und 4 GB RAM, die möglichst geräuschlos läuft.",
        "Wir wollen auf Gitea umsatteln: eine VM mit 2 Kernen und 4 GB RAM.",
        "Nous avons récupéré un Esprimo Q958 de 32 Go. Une VM Gitea avec 2 coeurs, 4 Go de RAM.",
        "La Livebox fait le DHCP. Je veux une VM Gitea avec 2 coeurs et 4 Go de RAM.",
        "Pour la kermesse il nous faut une VM Gitea avec 2 coeurs et 4 Go de RAM.",
        "Gitea pour une SARL, 2 coeurs et 4 Go de RAM, discrètement rangée.",
        "La machine est un Ryzen 7 avec 64 Go. Une VM Gitea avec 2 coeurs et 4 Go de RAM.",
    ],
)
def test_a_word_that_changes_no_machine_is_set_aside(text: str) -> None:
    reading = read(text)
    wished = [s for s in reading.statements if s.kind == "wish"]
    sizes = {s.topic: s.value for s in wished if s.topic in ("cores", "memory_mib", "disk_gib")}
    assert not reading.questions
    assert sizes == GITEA
    assert {s.value for s in wished if s.topic == "software"} == {"gitea"}
    assert not [s for s in wished if s.topic in ("name", "count", "address")]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Gitea for the Oktoberfest, 2 cores, 4 GB", "Oktoberfest"),
        ("Der Zyxel macht DHCP. Eine Gitea-VM mit 4 GB", "Zyxel"),
        ("Gitea pour la kermesse, 4 Go de RAM", "kermesse"),
        ("We bought a Latitude 5420. I want Gitea for 5 users", "Latitude 5420"),
    ],
)
def test_what_is_set_aside_can_be_seen(text: str, words: str) -> None:
    reading = read(text)
    seen = [q.text for q in reading.aside]
    seen += [s.quote.text for s in reading.statements if s.kind in ("remark", "exists")]
    assert any(words in quote for quote in seen)


@pytest.mark.parametrize(
    ("text", "topic", "value"),
    [
        ("The hostname is web1. A Gitea VM with 4 GB RAM.", "name", "web1"),
        ("A Gitea VM with 2 cores. The disk is 40 GB.", "disk_gib", 40),
        ("Eine Gitea-VM mit 2 Kernen. Der Hostname ist web1.", "name", "web1"),
        ("Une VM Gitea avec 2 coeurs. La RAM fait 4 Go.", "memory_mib", 4096),
    ],
)
def test_a_sentence_about_what_is_wished_goes_on_with_it(
    text: str, topic: str, value: object
) -> None:
    wished = [s for s in read(text).statements if s.kind == "wish"]
    assert [s.value for s in wished if s.topic == topic] == [value]


@pytest.mark.parametrize(
    "text",
    [
        "A wiki VM with 4 cores and 8 GB RAM, and MariaDB on a VM of its own with 2 cores and"
        " 3 GB RAM",
        "Eine Gitea-VM mit 4 Kernen und 8 GB RAM, MariaDB auf einer eigenen VM mit 2 Kernen und"
        " 3 GB RAM",
        "Une VM Gitea avec 4 coeurs et 8 Go de RAM, et MariaDB sur une VM à part avec 2 coeurs et"
        " 3 Go de RAM",
    ],
)
def test_a_machine_of_its_own_has_its_own_sizes(text: str) -> None:
    reading = read(text)
    sizes: dict[str, list[object]] = {}
    for statement in reading.statements:
        if statement.topic in ("cores", "memory_mib"):
            sizes.setdefault(statement.thing, []).append(statement.value)
    assert not reading.questions
    assert list(sizes.values()) == [[4, 8192], [2, 3072]]
