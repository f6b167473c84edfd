# SPDX-License-Identifier: GPL-3.0-or-later
"""What looks is done by the reader, what writes by the writer."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.purpose import (
    purpose_of,
)

FIXED, DHCP = "10.77.0.21/24", "dhcp"


def variables(major: int, address: str, **machine: t.Any) -> str:
    one = {"kind": "vm", "agent": True, "nics": [{"address": address}], **machine}
    return json.dumps({"pve_major": major, "machines": {"a": one}})


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize(
    ("state", "writes"),
    [
        ("planned", False),
        ("drift", False),
        ("released", False),
        ("applied", True),
        ("absent", True),
        ("imported", True),
        ("rolled_back", True),
    ],
)
def test_what_looks_reads(state: str, writes: bool, check: bool) -> None:
    wanted = "writer" if writes and not check else "reader"
    assert purpose_of(state, variables(9, DHCP), check=check) == wanted
    assert purpose_of(state, variables(8, FIXED), check=check) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (variables(8, DHCP), "writer"),
        (variables(8, DHCP, agent=False), "reader"),
        (variables(8, DHCP, kind="lxc"), "reader"),
        (variables(8, DHCP, nics=[]), "reader"),
        (variables(9, DHCP), "reader"),
        ("", "reader"),
        ("no JSON", "reader"),
        ("[]", "reader"),
    ],
)
def test_on_8_the_guest_agent_is_asked_by_the_writer(text: str, wanted: str) -> None:
    assert purpose_of("planned", text, check=False) == wanted
