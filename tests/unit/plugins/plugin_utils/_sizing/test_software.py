# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of named software, data that is kept, operating systems that exist."""

from __future__ import annotations

import json
import typing as t
from collections import Counter
from pathlib import Path

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import Request, Site
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing import size
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._sizing.builders import (  # noqa: E501
    finding_ids,
    group,
    guest,
    node,
    plan,
    request,
    site,
    snapshot,
    storage,
)


def app(*families: str | dict[str, t.Any], **fields: t.Any) -> Request:
    apps = [{"family": entry} if isinstance(entry, str) else entry for entry in families]
    return request(kind="app", apps=apps, **fields)


def test_a_part_of_software_gets_the_size_of_the_part() -> None:
    parts = ({"family": "gitlab", "component": name} for name in ("postgresql", "redis"))
    result = plan(app(*parts, drivers={"users": 5000.0}))
    assert group(result, "postgresql") == (3, 4, 15360)
    assert group(result, "redis") == (3, 2, 8192)
    assert sum(machine.group == "postgresql" for machine in result.machines) == 3


@pytest.mark.parametrize(
    ("family", "drivers", "least_gib"),
    [
        ("table-database", {"data_gib": 200.0}, 240),
        ("immich", {"photos": 500_000.0}, 3000),
        ("nextcloud", {"users": 20.0, "data_gib": 700.0}, 700),
        ("frobnicator", {"data_gib": 300.0}, 360),
        ("graylog", {"ingest_gib_per_day": 10.0, "retention_days": 20.0}, 240),
        ("elasticsearch", {"ingest_gib_per_day": 100.0, "retention_days": 30.0}, 2500),
    ],
)
def test_a_disk_holds_the_data_that_was_said(
    family: str, drivers: dict[str, float], least_gib: int
) -> None:
    large = snapshot(
        3,
        [storage("tank", f"pve{i}", total_gib=40_000.0, available_gib=39_000.0) for i in (1, 2, 3)],
    )
    machines = plan(app(family, drivers=drivers), large).machines
    assert max(machine.disks[0].size_gib for machine in machines) >= least_gib


@pytest.mark.parametrize(
    ("disk_gib", "errors", "warnings"),
    [
        (1000, set(), {"data.headroom"}),
        (20, set(), {"minimum.disk_gib"}),
    ],
)
def test_a_disk_that_was_said_is_kept_and_holds_the_data(
    disk_gib: int, errors: set[str], warnings: set[str]
) -> None:
    wanted = app("proxmox-backup-server", machines=[{"role": "vm", "disk_gib": disk_gib}])
    result = plan(wanted)
    assert finding_ids(result, "error") == errors
    assert warnings <= finding_ids(result, "warning")
    if not errors:
        assert result.machines[0].disks[0].size_gib == disk_gib
        assert result.machines[0].memory_mib >= 5000


@pytest.fixture
def two_disks(tmp_path: Path) -> Site:
    """Return a site that knows software whose document names a system disk and a data disk."""
    family = {
        "family": "archive",
        "title": "Archive",
        "category": "file",
        "grade": "vendor-table",
        "citation": {"title": "Archive guide", "where": "chapter 1", "as_of": "2026-01"},
        "drivers": {"data_gib": {"title": "GiB of data"}},
        "components": {
            "server": {
                "title": "Archive",
                "rules": [
                    {
                        "vcpu": 2,
                        "memory_mib": 4096,
                        "disk_gib": {"minimum": 40},
                        "data_disk_gib": {"minimum": 100, "recommended": 200},
                    }
                ],
            }
        },
    }
    (tmp_path / "archive.yml").write_text(json.dumps(family), encoding="utf-8")
    return site(knowledge_dirs=[str(tmp_path)])


def on_one_machine(*families: str, **said: t.Any) -> Request:
    software = [{"family": family} for family in families]
    return request(things=[{"type": "machines", "id": "t1", "software": software, **said}])


@pytest.mark.parametrize(
    ("families", "said", "disks"),
    [
        (["archive"], {}, [40, 200]),
        (["archive"], {"loads": {"data_gib": 500.0}}, [40, 600]),
        (["archive"], {"disk_gib": 300}, [300]),
        (["archive"], {"data_disks_gib": [900]}, [40, 900]),
        (["archive", "grafana"], {}, [50, 200]),
        (["archive", "grafana"], {"disk_gib": 300}, [300]),
    ],
)
def test_a_second_disk_that_a_document_names_is_made(
    families: list[str], said: dict[str, t.Any], disks: list[int], two_disks: Site
) -> None:
    result = size(on_one_machine(*families, **said), snapshot(3), two_disks)
    assert [disk.size_gib for disk in result.machines[0].disks] == disks


@pytest.mark.parametrize("families", [["archive"], ["archive", "grafana"]])
def test_one_disk_that_was_said_holds_what_both_must(families: list[str], two_disks: Site) -> None:
    result = size(on_one_machine(*families, disk_gib=100), snapshot(3), two_disks)
    assert "minimum.disk_gib" in finding_ids(result, "error")


def test_agents_are_the_devices_of_software_that_knows_only_those() -> None:
    result = plan(app("k0s", drivers={"nodes": 400.0}))
    assert group(result, "k0s")[1:] == (8, 16384)


@pytest.mark.parametrize(
    ("family", "count", "users", "counts"),
    [
        ("gitlab", 1, 400.0, {"gitlab": 1}),  # parts that one machine holds are not counted up
        ("gitlab", 1, 2000.0, {"rails": 2, "gitaly": 1}),  # "one GitLab" is one system
        ("mongodb", 3, 50.0, {"mongodb": 3}),
        ("nextcloud", 3, 800.0, {"nextcloud": 3, "database": 2}),
    ],
)
def test_a_count_is_that_of_the_first_part(
    family: str, count: int, users: float, counts: dict[str, int]
) -> None:
    wanted = app({"family": family, "count": count}, drivers={"users": users})
    hosts = [node(f"pve{i}", cpus=128, memory_mib=2**20) for i in range(1, 13)]
    found = Counter(machine.group for machine in plan(wanted, snapshot(hosts)).machines)
    assert counts.items() <= found.items()


def test_a_part_that_a_small_set_up_lacks_is_there_when_it_is_named() -> None:
    result = plan(app({"family": "nextcloud", "component": "load-balancer"}))
    assert [machine.group for machine in result.machines] == ["load-balancer"]


def test_a_server_with_a_gpu_is_one_for_models() -> None:
    mappings = [{"id": "gpu", "nodes": ["pve1"]}]
    wanted = request(kind="vm", machines=[{"role": "vm", "gpu": 1}])
    result = plan(wanted, snapshot(pci_mappings=mappings))
    assert (result.machines[0].cores, result.machines[0].memory_mib) == (8, 32768)


SYSTEMS: dict[str, tuple[str, str, str | None]] = {
    "the site's own": ("debian 12", "vm", "template 9000"),
    "without a release": ("debian", "vm", "template 9000"),
    "another template": ("windows 11", "vm", "template 9001"),
    "by its code name": ("ubuntu 24.04", "vm", "template 9002"),
    "an ISO": ("rocky linux 9", "vm", "iso local:iso/Rocky-9.4-x86_64-minimal.iso"),
    "a container template": (
        "alpine 3.20",
        "lxc",
        "lxc_template local:vztmpl/alpine-3.20-default_amd64.tar.xz",
    ),
    "another release": ("debian 11", "vm", None),
    "nothing of it": ("freebsd", "vm", None),
    "drivers are no system": ("windows server 2022", "vm", None),
}


@pytest.mark.parametrize("case", SYSTEMS)
def test_a_system_that_was_said_is_one_that_exists(case: str) -> None:
    said, kind, expected = SYSTEMS[case]
    names = ["Rocky-9.4-x86_64-minimal.iso", "virtio-win-2022.iso"]
    volumes = [
        *({"volume_id": f"local:iso/{n}", "storage": "local", "content": "iso"} for n in names),
        {
            "volume_id": "local:vztmpl/alpine-3.20-default_amd64.tar.xz",
            "storage": "local",
            "content": "vztmpl",
        },
    ]
    templates = [
        guest(9001, "win11-base", "pve1", template=True, disk_gib=40.0),
        guest(9002, "noble-server", "pve1", template=True, disk_gib=3.0),
    ]
    facts = snapshot(3, guests=templates, volumes=volumes)
    wish = {"role": "container" if kind == "lxc" else "vm", "os": said, "cores": 2}
    at = site(lxc_template="local:vztmpl/debian-12-standard_amd64.tar.zst")
    result = plan(request(kind=kind, machines=[wish]), facts, at)
    if expected is None:
        assert "source.os" in finding_ids(result, "error")
        assert "debian-12" in result.summary and "win11-base" in result.summary
    else:
        source = result.machines[0].source
        assert f"{source.type} {source.vmid or source.volume_id}" == expected


def test_without_facts_the_site_decides_about_the_system() -> None:
    wanted = request(kind="vm", machines=[{"role": "vm", "os": "freebsd", "cores": 1}])
    assert size(wanted, None, site()).status == "ready"


@pytest.mark.parametrize("families", [("frobnic", "zorgle"), ("frobnic", "frobnic")])
def test_unknown_software_of_one_machine_has_one_table(families: tuple[str, str]) -> None:
    [one] = size(on_one_machine(families[0]), snapshot(3), site()).machines
    [both] = size(on_one_machine(*families), snapshot(3), site()).machines
    assert (both.cores, both.memory_mib) == (one.cores, one.memory_mib)
