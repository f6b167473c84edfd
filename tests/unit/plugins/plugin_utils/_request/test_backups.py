# SPDX-License-Identifier: GPL-3.0-or-later
"""Backups that a sentence asks for become jobs when their storage is known."""

from __future__ import annotations

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._protection import (
    Keep,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request import (
    Vocabulary,
    read_request,
)

STORAGES = Vocabulary(storages=("local", "nas-backup", "tank"))


@pytest.mark.parametrize(
    ("text", "storage", "schedule", "keep"),
    [
        ("gitlab with nightly backups kept for 14 days", "nas-backup", "02:00", Keep(daily=14)),
        ("gitlab with weekly backups on tank", "tank", "sun 03:00", Keep()),
        ("Nextcloud mit täglichen Backups auf tank, 4 Wochen", "tank", "02:00", Keep(weekly=4)),
        ("nextcloud avec sauvegardes quotidiennes", "nas-backup", "02:00", Keep()),
        ("a wiki.js VM, backups every night", "nas-backup", "02:00", Keep()),
    ],
)
def test_backups_become_a_job(text: str, storage: str, schedule: str, keep: Keep) -> None:
    request = read_request(text, vocabulary=STORAGES)

    (job,) = request.backups
    assert (job.storage, job.schedule, job.keep) == (storage, schedule, keep)
    assert "retention_days" not in request.drivers


@pytest.mark.parametrize("storages", [(), ("local",), ("backup-a", "backup-b")])
def test_without_one_storage_for_backups_there_is_a_warning(storages: tuple[str, ...]) -> None:
    request = read_request("gitlab with nightly backups", vocabulary=Vocabulary(storages=storages))

    assert request.backups == ()
    assert [f.id for f in request.findings if f.field == "backups"] == ["request.backups"]


@pytest.mark.parametrize("text", ["backup server for 10 TB", "a VM for nightly builds"])
def test_other_sentences_ask_for_no_backups(text: str) -> None:
    request = read_request(text, vocabulary=STORAGES)

    assert request.backups == ()
    assert all(finding.field != "backups" for finding in request.findings)


def test_each_software_has_its_own_drivers() -> None:
    request = read_request("moodle for 600 pupils and nextcloud for 40 teachers")

    assert {app.family: app.drivers for app in request.apps} == {
        "moodle": {"users": 600},
        "nextcloud": {"users": 40},
    }


def test_balanced_software_runs_on_two_machines() -> None:
    (app,) = read_request("load balanced wordpress for 10000 visitors per day").apps

    assert (app.family, app.count) == ("wordpress", 2)
