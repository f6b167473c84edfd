# SPDX-License-Identifier: GPL-3.0-or-later
"""A schedule is a calendar event of Proxmox VE, or it is refused with one that is."""

from __future__ import annotations

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    ContractError,
    parse,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._protection import (
    Backup,
    ReplicationRule,
)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "02:30",
            "2:30",
            "21:00",
            "*/15",
            "*/30",
            "22",
            "0",
            "8..17:0/30",
            "*:0/15",
            "12:0..59/5",
        ),
        *("mon..fri 21:00", "mon,wed,fri 3:15", "sat", "Sunday 04:00", "sat 22:30:15"),
        *("daily", "weekly", "monthly", "*-*-1", "*-1..7 02:00", "sat *-1..7 15:00", "2026-12-24"),
    ],
)
def test_calendar_events_are_taken(text: str) -> None:
    assert parse(ReplicationRule, {"schedule": text}).schedule == text


@pytest.mark.parametrize(
    "text",
    [
        *("at night", "often", "", " ", "25:00", "12:60", "99", "every day at 3", "02.30", "3am"),
        *("someday 21:00", "mon-fri", "*/", "0 3 * * *", "{{ x }}", "02:30\nx", "nightly"),
    ],
)
def test_other_words_are_refused_with_an_example(text: str) -> None:
    job = {"name": "nightly", "storage": "nas", "schedule": text}
    with pytest.raises(ContractError, match="is no calendar event of Proxmox VE; write for"):
        parse(Backup, job)
