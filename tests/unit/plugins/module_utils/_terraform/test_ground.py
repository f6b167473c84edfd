# SPDX-License-Identifier: GPL-3.0-or-later
"""What is refused when planning, what stays of a plan, and closing sentences made from what is."""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform import (
    changes,
    records,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.errors import (
    TerraformError,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.ground import Ground
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.guards import (
    refuse_plan,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.guests import Guest
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.summary import (
    Action,
    FieldChange,
    ResourceChange,
    Summary,
)

OURS = frozenset({"clusterwright", "cw-demo"})
WEB = Guest(100, "vm", "pve1", "web", OURS)


@dataclass
class Broken:
    """A Terraform that cannot do anything."""

    directory: Path

    def initialise(self, *, copy: bool = False) -> None:
        raise TerraformError("403 Forbidden.")


@dataclass
class Cluster:
    """Guests with one configuration."""

    guests: list[Guest]
    found: dict[str, t.Any] = field(default_factory=dict)

    def all(self) -> list[Guest]:
        return self.guests

    def is_free(self, vmid: int) -> bool:
        return vmid not in {guest.vmid for guest in self.guests}

    def config(self, guest: Guest) -> dict[str, t.Any]:
        return {"name": guest.name, **self.found}


def ground(folder: Path, *guests: Guest, **config: t.Any) -> t.Any:
    """Return a deployment of one machine, web with VMID 100."""
    rendered = {"deployment": "demo", "machines": {"web": {"vmid": 100, "node": "pve1"}}}
    (folder / records.VARIABLES).write_text(json.dumps(rendered))
    return Ground(t.cast("t.Any", Broken(folder)), Cluster(list(guests), config))


def applied(folder: Path, *, finished: bool) -> None:
    made = records.Creation("web", "a", 100, "vm", "pve1")
    records.write_journal(folder, records.Journal("a" * 64, 1.0, (made,), finished=finished))


@pytest.mark.parametrize(
    ("finished", "guests", "told"),
    [
        (None, [WEB], "There is nothing to roll back."),
        (
            True,
            [WEB],
            "There is nothing to roll back: the last run came to its end, and web (VMID 100 on"
            " pve1) is there.",
        ),
        (True, [], "There is nothing to roll back."),
        (True, [Guest(100, "vm", "pve1", "nas")], "There is nothing to roll back."),
        (
            False,
            [WEB],
            "The roll back was not finished. web (VMID 100 on pve1) remains on Proxmox VE. 403"
            " Forbidden.",
        ),
        (
            False,
            [Guest(100, "vm", "pve1", "")],  # on a host that went away
            "The roll back was not finished. web (VMID 100 on pve1) remains on Proxmox VE. 403"
            " Forbidden.",
        ),
        (
            False,
            [Guest(100, "vm", "pve1", "nas")],
            "The roll back was not finished. Nothing remains on Proxmox VE. 403 Forbidden.",
        ),
    ],
)
def test_the_closing_sentence_is_made_from_what_is_there(
    finished: bool | None, guests: list[Guest], told: str, tmp_path: Path
) -> None:
    there = ground(tmp_path, *guests)
    if finished is not None:
        applied(tmp_path, finished=finished)
    try:
        said = changes.rolled_back(there)["msg"]
    except TerraformError as error:
        said = str(error)
    assert said == told


def change(action: Action, *fields: FieldChange) -> Summary:
    made = ResourceChange("web", "a", action, kind="vm", vmid=100, tags=tuple(OURS), fields=fields)
    return Summary((made,))


@pytest.mark.parametrize(
    ("summary", "config", "words"),
    [
        (change("update", FieldChange("disk.0.size", "80", "50")), {}, "no disk can shrink"),
        (change("update", FieldChange("tags", "a", "b")), {"lock": "backup"}, "locked (backup)"),
        (change("delete"), {"protection": "1"}, "protects it"),
        (change("update", FieldChange("tags", "a", "b")), {}, ""),
    ],
)
def test_what_cannot_be_applied_is_no_plan(
    summary: Summary, config: dict[str, t.Any], words: str, tmp_path: Path
) -> None:
    there = ground(tmp_path, WEB, **config)
    try:
        refuse_plan(there, summary, there.guests)
        said = ""
    except TerraformError as error:
        said = str(error)
    assert bool(said) == bool(words) and words in said


@pytest.mark.parametrize("content", ["same", "other"])
def test_a_plan_that_says_the_same_keeps_its_sha256(content: str, tmp_path: Path) -> None:
    saved = tmp_path / records.PLAN_FILE
    saved.write_text("looked at")
    first = records.PlanRecord(
        "demo", records.sha256_of(saved), "v", 1.0, 3, "lineage", content_sha256="same"
    )
    records.write_plan_record(tmp_path, first)
    earlier = records.put_aside(tmp_path)
    saved.write_text("planned again")
    again = replace(first, sha256=records.sha256_of(saved), created_at=2.0, content_sha256=content)
    kept = records.keep_the_same(tmp_path, earlier, again)
    assert (kept.sha256 == first.sha256) is (content == "same")
    assert records.sha256_of(saved) == kept.sha256
