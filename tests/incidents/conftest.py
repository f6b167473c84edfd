# SPDX-License-Identifier: GPL-3.0-or-later
"""Real Terraform on the simulated Proxmox VE, with guests of other people on it."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

import pytest
from integration.terraform.conftest import Lab, lab, pve, tools
from lab.pve import PveServer

__all__ = ["lab", "pve", "tools"]


@dataclass(frozen=True)
class Everything:
    """Each guest with its configuration and power, each volume of each storage."""

    guests: dict[int, tuple[str, str, str, dict[str, t.Any]]]
    volumes: frozenset[str]

    @classmethod
    def of(cls, server: PveServer) -> Everything:
        """Read it inside the simulation."""
        state = server.state
        guests = [*state.vms, *getattr(state, "cts", [])]
        return cls(
            {
                int(g.vmid): (str(g.name), str(g.node), str(g.status), dict(g.config))
                for g in guests
            },
            frozenset(
                f"{storage}:{name}"
                for storage, found in state.storages.items()
                for name in found["volumes"]
            ),
        )


@dataclass(frozen=True)
class Nothing:
    """Asserts that nothing of what was there is lost."""

    server: PveServer
    before: Everything

    def lost(self, *, but: t.Container[int] = ()) -> None:
        """Every guest is as it was, but for some that may have been changed, and has its disks."""
        now = Everything.of(self.server)
        assert self.before.volumes <= now.volumes
        for vmid, guest in self.before.guests.items():
            assert vmid in now.guests, f"{vmid} is gone"
            if vmid not in but:
                assert now.guests[vmid] == guest
            assert now.guests[vmid][2] == guest[2], f"{vmid} was stopped or started"


@pytest.fixture
def watch(lab: Lab) -> t.Callable[[], Nothing]:
    """Remember what there is from now on."""
    return lambda: Nothing(lab.pve, Everything.of(lab.pve))
