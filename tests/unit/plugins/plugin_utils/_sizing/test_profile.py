# SPDX-License-Identifier: GPL-3.0-or-later
"""What a site profile says wrong is told at the first stage, with the key that says it."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._profile import (
    key_problem,
    other_system,
)
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._sizing.builders import (  # noqa: E501
    KEY,
    plan,
    request,
    site,
    snapshot,
)

BROKEN = KEY.replace("AAAAC3", "AAAAC4")


@pytest.mark.parametrize(
    ("changes", "where", "words"),
    [
        ({"ssh_public_keys": ["ssh-ed25519 AAAA… you@laptop"]}, "ssh_public_keys[0]", "~/.ssh/"),
        ({"ssh_public_keys": [KEY, "ssh-ed25519 AAAA x"]}, "ssh_public_keys[1]", "no whole"),
        ({"ssh_public_keys": ["AAAAB3NzaC1yc2E="]}, "ssh_public_keys[0]", "is no public SSH key"),
        ({"template": {"vmid": 9000, "user": "root"}}, "template.user", "root, whose login"),
        ({"user": "root"}, "user", "root, whose login"),
        ({"user": "Jane Doe"}, "user", "cannot be the name of a Linux user"),
        ({"network": {"subnet": "10.77.1.0"}}, "network.subnet", "such as 10.77.1.0/24"),
        ({"template": {"vmid": 9000, "os": "windows 11"}}, "template.os", "is debian"),
    ],
)
def test_each_is_refused_with_its_key(changes: dict[str, t.Any], where: str, words: str) -> None:
    made = plan(request(), snapshot(2), site(**changes))
    assert made.status == "refused"
    [finding] = [f for f in made.findings if f.severity == "error"]
    assert finding.field == f"site.{where}" and words in made.summary
    assert words in finding.message and finding.message.count(".") >= 1


@pytest.mark.parametrize(
    ("text", "good"),
    [
        (KEY, True),
        (KEY.rpartition(" ")[0], True),
        (BROKEN, False),
        (KEY.replace("ssh-ed25519 ", "ssh-rsa ", 1), False),
        (KEY[: len(KEY) // 2], False),
        ("", False),
        ("no-pty " + KEY, False),
    ],
)
def test_public_keys(text: str, good: bool) -> None:
    assert (key_problem(text) == "") is good


@pytest.mark.parametrize(
    ("name", "said", "other"),
    [
        ("debian-12-cloud", "debian 12", ""),
        ("debian12", "debian 12", ""),
        ("bookworm-generic", "debian 12", ""),
        ("bookworm-generic", "debian 11", "debian 12"),
        ("ubuntu-2404", "ubuntu 24.04", ""),
        ("noble", "ubuntu 24.04", ""),
        ("ubuntu-22.04-lts", "debian 12", "ubuntu 22.04"),
        ("debian-11-cloud", "debian 12", "debian 11"),
        ("rocky-9.5", "rocky linux 9", ""),
        ("golden-image", "debian 12", ""),
        ("debian-base", "debian 12", ""),
        ("debian-12-cloud", "debian", ""),
        ("debian-12-cloud", "windows 11", "debian 12"),
        ("windows-2022-core", "windows server 2022", ""),
    ],
)
def test_the_system_that_a_template_is_called_after(name: str, said: str, other: str) -> None:
    assert other_system(name, said) == other


def test_a_key_of_an_example_is_a_warning() -> None:
    made = plan(request(), snapshot(2), site(ssh_public_keys=["ssh-ed25519 AAAA me@example.org"]))
    assert made.status == "ready"
    assert [f.severity for f in made.findings if f.id == "site.ssh_public_keys"] == ["warning"]
