# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose guest it is decides what may be done with it."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

import pytest
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.guests import (
    Guest,
    differences,
    foreign,
    taken,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.summary import (
    Action,
    ResourceChange,
)

OURS = frozenset({"clusterwright", "cw-demo"})


@dataclass
class FakeGuests:
    """A cluster with some guests; ``hidden`` VMIDs are taken but cannot be seen."""

    guests: list[Guest] = field(default_factory=list)
    hidden: tuple[int, ...] = ()
    configs: dict[int, dict[str, t.Any]] = field(default_factory=dict)

    def all(self) -> list[Guest]:
        return self.guests

    def is_free(self, vmid: int) -> bool:
        return vmid not in self.hidden and vmid not in {guest.vmid for guest in self.guests}

    def config(self, guest: Guest) -> dict[str, t.Any]:
        return self.configs[guest.vmid]


def change(action: Action = "create", **fields: t.Any) -> ResourceChange:
    return ResourceChange(
        **{"name": "web", "address": "a", "action": action, "kind": "vm", "vmid": 100, **fields}
    )


@pytest.mark.parametrize(
    ("guests", "hidden", "words"),
    [
        ([], (), None),
        ([Guest(100, "vm", "pve1", "nas")], (), "VMID 100 of web belongs to VM 100 nas on pve1"),
        ([Guest(100, "lxc", "pve1")], (), "container 100 (no name yet) on pve1"),
        ([], (100,), "a guest that this user may not see"),
        ([Guest(7, "vm", "pve1", "web")], (), "the name web is borne by VM 7 web"),
        ([Guest(7, "vm", "pve1", "web", OURS)], (), None),
        (
            [Guest(100, "vm", "pve1", "web", OURS)],
            (),
            "carries the tags of demo, but the Terraform",
        ),
    ],
)
def test_taken(guests: list[Guest], hidden: tuple[int, ...], words: str | None) -> None:
    cluster = FakeGuests(guests, hidden)
    if words is None:
        assert taken([change()], cluster, "demo") == []
        return
    [said] = taken([change()], cluster, "demo")
    assert words in said


@pytest.mark.parametrize("action", ["update", "replace", "delete"])
@pytest.mark.parametrize(
    ("tags", "unfinished", "refused"),
    [
        (OURS, (), False),
        (frozenset(), (), True),
        (frozenset({"clusterwright", "cw-other"}), (), True),
        (frozenset({"cw-demo"}), (), True),
        (frozenset(), ("web",), False),
    ],
)
def test_foreign(
    action: Action, tags: frozenset[str], unfinished: tuple[str, ...], refused: bool
) -> None:
    cluster = FakeGuests([Guest(100, "vm", "pve1", "web", tags)])
    if not refused:
        assert foreign([change(action)], cluster, "demo", unfinished) == []
        return
    [said] = foreign([change(action)], cluster, "demo", unfinished)
    assert "without the tags clusterwright and cw-demo" in said


def test_machine_that_is_gone_may_be_deleted_from_the_state() -> None:
    assert foreign([change("delete")], FakeGuests(), "demo") == []


@pytest.mark.parametrize(
    ("guest", "config", "expected"),
    [
        (Guest(100, "vm", "pve1", "web", OURS), {}, []),
        (
            Guest(100, "vm", "pve1"),
            {"name": "web", "tags": "clusterwright;cw-demo"},
            [],
        ),
        (
            Guest(100, "vm", "pve1", "other", OURS),
            {},
            ["VMID 100 is named other, not web."],
        ),
        (
            Guest(100, "lxc", "pve1", "web"),
            {"hostname": "web", "tags": "theirs"},
            ["web (VMID 100) lacks the tags of the deployment."],
        ),
        (None, {}, ["web (VMID 100) is not there."]),
    ],
)
def test_differences(guest: Guest | None, config: dict[str, t.Any], expected: list[str]) -> None:
    cluster = FakeGuests([guest] if guest else [], configs={100: config})
    assert differences({"web": {"vmid": 100, "node": "pve1"}}, cluster, "demo") == expected
