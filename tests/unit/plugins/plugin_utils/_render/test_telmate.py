# SPDX-License-Identifier: GPL-3.0-or-later
"""What Telmate/proxmox cannot do is refused before anything is written."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils import _render
from unit.plugins.plugin_utils._render.samples import container, iso_vm, machine, plan

NIC = machine()["nics"][0]
DISK = machine()["disks"][0]


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (machine(ha={"enabled": True}), "HA with limits and rules (demo-web-1)"),
        (machine(replication=[{"target": "pve2"}]), "replication (demo-web-1)"),
        (machine(nics=[{**NIC, "firewall": True}]), "the firewall of a guest (demo-web-1)"),
        (machine(source={"type": "image", "volume_id": "local:import/x.qcow2"}), "an image"),
        (machine(source={"type": "existing", "volume_id": "local:x"}), "taking over existing"),
        (iso_vm(cloud_init=machine()["cloud_init"]), "installer beside cloud-init (demo-iso-1)"),
        (machine(tags=["v1.2"]), "tags with . or +"),
        (container(nics=[{"bridge": "vmbr0"}]), "container's address by DHCP (demo-ct-1)"),
        (machine(nics=[{**NIC, "model": "e1000e"}]), "e1000e"),
        (machine(nics=[NIC, *[{"bridge": "vmbr0"}] * 8]), "more than 8 network interfaces"),
    ],
)
def test_refused(made: dict[str, t.Any], words: str) -> None:
    with pytest.raises(_render.RenderError) as error:
        _render.render(plan(made), provider="telmate")
    assert words in str(error.value) and "Render it for bpg" in str(error.value)
    assert _render.render(plan(made))


def test_backup_jobs_are_refused() -> None:
    job = {"name": "nightly", "storage": "nas", "schedule": "21:00"}
    with pytest.raises(_render.RenderError, match=r"backup jobs \(nightly\)"):
        _render.render(plan(backups=[job]), provider="telmate")


def test_everything_that_is_lacking_is_said_at_once() -> None:
    machines = [
        machine(ha={"enabled": True}, tags=["a+b"]),
        machine("demo-web-2", 20002, ha={"enabled": True}),
    ]
    with pytest.raises(_render.RenderError) as error:
        _render.render(plan(*machines), provider="telmate")
    assert "rules (demo-web-1, demo-web-2); tags with . or + (demo-web-1)." in str(error.value)


@pytest.mark.parametrize("made", [machine(), container(), iso_vm()])
def test_both_providers_get_the_same_data(made: dict[str, t.Any]) -> None:
    assert _render.render(plan(made), provider="telmate") == _render.render(plan(made))


def test_the_other_root_module_goes() -> None:
    bpg, telmate = (_render.static_files(name) for name in ("bpg", "telmate"))
    assert bpg["variables.tf"] == telmate["variables.tf"]
    assert bpg["versions.tf"] != telmate["versions.tf"]
    with pytest.raises(_render.RenderError, match="choose from bpg, telmate"):
        _render.static_files("../defaults")


def test_a_change_of_the_provider_removes_the_files_of_the_other(tmp_path: t.Any) -> None:
    data = _render.render(plan(machine()))
    for name, text in {**_render.static_files("bpg"), **data}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    wanted = {**_render.static_files("telmate"), **data}
    found = {change.name: change.after for change in _render.changes(tmp_path, wanted)}
    only_bpg = set(_render.static_files("bpg")) - set(_render.static_files("telmate"))
    assert only_bpg and {name for name, after in found.items() if after is None} == only_bpg
