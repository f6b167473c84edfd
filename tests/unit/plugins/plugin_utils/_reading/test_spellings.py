# SPDX-License-Identifier: GPL-3.0-or-later
"""However something is written, and whatever is said around it, it is read the same."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import to_data
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._knowledge import load_knowledge
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading import (
    Vocabulary,
    read_request,
)

VOCABULARY = Vocabulary(software=load_knowledge().vocabulary)

SAME = yaml.safe_load((Path(__file__).parent / "same.yml").read_text(encoding="utf-8"))

#: 4 cores, 8 GiB of memory, 100 GiB of disk.
SPELLINGS = [
    "4c/8g/100g",
    "4c 8g 100g",
    "4C/8G/100G",
    "4 vCPU / 8 GiB / 100 GiB",
    "4 vcpu, 8 gb, 100 gb",
    "4vCPU 8GB 100GB",
    "4x CPU, 8 GB RAM, 100 GB disk",
    "cpu=4 ram=8G disk=100G",
    "CPU: 4, RAM: 8 GB, Disk: 100 GB",
    "CPU 4, RAM 8, disk 100",
    "(4 CPU, 8 RAM, 100 HDD)",
    "with 4 cores, 8 gigs of ram and a 100 gig disk",
    "with four cores and 8 GB memory, 100 GB of storage",
    "cores: 4\nmemory: 8 GB\ndisk: 100 GB",
    "8GB RAM 4 CPU 100GB SSD",
    "4-core, 8-gig, 100 GB disk",
    "4 cpus + 8192 MB ram + 102400 MB disk",
    "100 GB disk, 8 GB memory, quad core",
    "RAM 8GB | CPU 4 | SSD 100GB",
    "needs 4 cores, 8GB of memory, and about 100GB of disk space",
    "mit 4 Kernen, 8 GB RAM und 100 GB Platte",
    "4 Kerne, 8 GB Arbeitsspeicher, 100er Platte",
    "mit vier Kernen, acht GB Speicher und hundert GB Festplatte",
    "CPU-Kerne: 4, Arbeitsspeicher: 8 GB, Festplatte: 100 GB",
    "4 CPU-Kerne, 8 GB RAM, 100 GB SSD-Speicher",
    "avec 4 cœurs, 8 Go de RAM et 100 Go de disque",
    "4 vCPU, 8 Go de mémoire vive, 100 Go d'espace disque",
    "CPU : 4, RAM : 8 Go, disque : 100 Go",
    "quatre cœurs, huit Go de mémoire, cent Go de stockage",
]


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("lead", ["Gitea {}", "Gitea VM: {}", "Gitea, {}"])
def test_sizes(spelling: str, lead: str) -> None:
    asked = read_request(lead.format(spelling), VOCABULARY)
    assert asked.answer == "plan", asked.questions
    (thing,) = asked.things
    assert (thing.cores, thing.memory_mib, thing.disk_gib) == (4, 8192, 100)
    assert [software.family for software in thing.software] == ["gitea"]


def things(text: str) -> list[dict[str, t.Any]]:
    """Return the things that are asked for, without ids and the words they were read from."""

    def bare(value: t.Any) -> t.Any:
        if isinstance(value, dict):
            return {k: bare(v) for k, v in value.items() if k not in ("id", "said")}
        return [bare(item) for item in value] if isinstance(value, list) else value

    asked = read_request(text, VOCABULARY)
    assert asked.answer == "plan", asked.questions
    found: list[dict[str, t.Any]] = bare(to_data(asked)["things"])
    return found


@pytest.mark.parametrize(
    ("text", "other"),
    [(text, group[0]) for group in SAME["same"].values() for text in group[1:]],
)
def test_same(text: str, other: str) -> None:
    assert things(text) == things(other)


@pytest.mark.parametrize(
    ("around", "order"),
    [(words, row["order"]) for row in SAME["around"].values() for words in row["around"]],
)
def test_around(around: str, order: str) -> None:
    assert things(around.format(order)) == things(order)


@pytest.mark.parametrize("row", ["ids 100-900000000", "named web1 to web900000000"])
def test_a_row_that_nobody_means_is_asked_about(row: str) -> None:
    asked = read_request(f"debian VMs {row}, 2 cores, 4 GB, 20 GB disk", VOCABULARY)
    assert asked.answer == "ask"
    assert any("say at most" in question.text for question in asked.questions)
