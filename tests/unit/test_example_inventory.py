# SPDX-License-Identifier: GPL-3.0-or-later
"""The example that people copy is whole and valid, and names no secret."""

from __future__ import annotations

import re
import sys
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import Site, parse

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
GROUP_VARS = ROOT / "inventory/example/group_vars/all"
sys.path.insert(0, str(ROOT / "tests"))
from reference import site_page  # noqa: E402


def read(name: str, *, whole: bool = False) -> dict[str, t.Any]:
    """Return a file of the example; ``whole``: with the keys that it shows as comments."""
    text = (GROUP_VARS / name).read_text(encoding="utf-8")
    if whole:
        text = re.sub(r"^(\s*)# (?=[a-z_]+:(?: |$)|- |  )", r"\1", text, flags=re.MULTILINE)
    found = yaml.safe_load(text)
    assert isinstance(found, dict)
    return found


def keys(value: t.Any, prefix: str) -> t.Iterator[str]:
    """Yield the dotted keys of a profile, in the words of the page about it."""
    yield prefix
    if isinstance(value, dict):
        free = prefix in ("site.environments", "site.software")
        for name, below in value.items():
            yield from keys(below, f"{prefix}.{'NAME' if free else name}")
    elif isinstance(value, list):
        for item in value:
            yield from keys(item, f"{prefix}[]")


@pytest.mark.parametrize("whole", [False, True])
def test_the_site_profile_is_valid(whole: bool) -> None:
    site = parse(Site, read("site.yml", whole=whole)["site"])
    assert site.environments["development"].auto_approve
    assert not site.environments["production"].auto_approve
    assert len(site.backups) == whole, "a job needs a right on everything"


def test_every_key_of_the_profile_is_shown() -> None:
    documented = set(re.findall(r"^\| `(site[^`]+)`", site_page(), re.MULTILINE))
    rare = {"guests", "pool", "enabled"} | {"last", "hourly", "monthly", "yearly"}
    rarely = {key for key in documented if "backups" in key and key.rpartition(".")[2] in rare}
    assert documented - rarely - set(keys(read("site.yml", whole=True)["site"], "site")) == set()


def test_every_key_is_documented() -> None:
    for line in site_page().splitlines():
        if line.startswith("| `site"):
            _, key, kind, _unit, default, example, what, _ = re.split(r"(?<!\\) ?\|", line)
            assert all(cell.strip() for cell in (key, kind, default, example, what)), line


def test_nothing_beside_the_hosts_is_taken_for_an_inventory() -> None:
    """Ansible reads every file in the folder of an inventory but those below group_vars."""
    copied = re.search(r"scp \S+/(\S+) inventory/(\S+)", README)
    assert copied is not None
    path = read("proxmox.yml")["proxmox_ca_path"]
    assert path == f"{{{{ inventory_dir }}}}/{copied[2]}{copied[1]}"
    assert copied[2].startswith("group_vars/")
    assert [file.name for file in (ROOT / "inventory/example").iterdir() if file.is_file()] == [
        "hosts.yml"
    ]


DEFAULTS = yaml.safe_load((ROOT / "roles/pipeline/defaults/main.yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("variables", "environment", "place"),
    [
        ({"inventory_dir": "/srv/inventory"}, {"HOME": "/home/ada"}, "/srv/inventory/.cl"),
        ({"inventory_dir": "None"}, {"HOME": "/home/ada"}, "/home/ada/.local/state/cl"),
        ({}, {"HOME": "/home/ada", "XDG_STATE_HOME": "/state"}, "/state/cl"),
        (
            {"inventory_dir": "/srv/inventory", "deployments_dir": "/srv/own"},
            {"CLUSTERWRIGHT_DEPLOYMENTS_DIR": "/srv/other"},
            "/srv/own",
        ),
        (
            {"inventory_dir": "/srv/inventory"},
            {"CLUSTERWRIGHT_DEPLOYMENTS_DIR": "/srv/other"},
            "/srv/other",
        ),
    ],
)
def test_deployments_are_where_the_inventory_is_whatever_folder_a_run_starts_in(
    variables: dict[str, str],
    environment: dict[str, str],
    place: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("HOME", "XDG_STATE_HOME", "CLUSTERWRIGHT_DEPLOYMENTS_DIR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    templar = Templar(DataLoader(), variables=variables)
    found = templar.template(trust_as_template(DEFAULTS["pipeline_deployments_dir"]))
    assert str(found).startswith(place)


def test_the_secret_comes_from_the_environment() -> None:
    connection = read("proxmox.yml", whole=True)
    secrets = [name for name in connection if name.endswith(("_secret", "_password"))]
    assert secrets
    assert all("ansible.builtin.env" in str(connection[name]) for name in secrets)
