# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin as ansible-inventory runs it, against a real HTTPS server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from ansible_collections.clusterwright.proxmox.plugins.inventory import guests
from lab.pve import PveServer
from unit.plugins.module_utils._pve import generated
from unit.plugins.module_utils._pve.support import (
    Answer,
    Request,
    Server,
    make_certificate,
    recorded,
)

SECRET = "7b3f0c52-0000-4000-8000-canarycanary"
COLLECTIONS = Path(guests.__file__).parents[5]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls"), "127.0.0.1")


def inventory(
    folder: Path, server: Server, certificate: Path, **options: t.Any
) -> subprocess.CompletedProcess[str]:
    """Run ansible-inventory on a file with these options."""
    connection = {
        "api_token_secret": "{{ lookup('ansible.builtin.env', 'INVENTORY_SECRET') }}",
        "ca_path": str(certificate),
    }
    environment = {
        "PROXMOX_HOST": f"127.0.0.1:{server.port}",
        "PROXMOX_TOKEN_ID": "automation@pve!inventory",
        "INVENTORY_SECRET": SECRET,
    }
    return ansible_inventory(folder, environment, "--list", **connection, **options)


def ansible_inventory(
    folder: Path, environment: dict[str, str], action: str, **options: t.Any
) -> subprocess.CompletedProcess[str]:
    """Run ansible-inventory on a file with these options and nothing else of the user's."""
    source = folder / "proxmox.guests.yml"
    source.write_text(json.dumps({"plugin": "clusterwright.proxmox.guests", **options}))
    return subprocess.run(
        [str(Path(sys.executable).parent / "ansible-inventory"), "-i", str(source), action],
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
            "ANSIBLE_LOCAL_TEMP": str(folder / "tmp"),
            "ANSIBLE_INVENTORY_UNPARSED_FAILED": "true",
            **environment,
        },
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def listing(result: subprocess.CompletedProcess[str]) -> tuple[dict[str, t.Any], dict[str, t.Any]]:
    """Return groups → hosts and host → variables."""
    assert result.returncode == 0, result.stderr
    # ansible-inventory marks text that is never evaluated as a template
    data = json.loads(result.stdout, object_hook=lambda item: item.get("__ansible_unsafe", item))
    hosts = data.pop("_meta")["hostvars"]
    return {name: sorted(group.get("hosts", [])) for name, group in data.items()}, hosts


def serving(answers: dict[str, Answer]) -> t.Callable[[Request], Answer]:
    return lambda request: answers.get(request.path, Answer(None, 501, "not implemented"))


def small_cluster() -> dict[str, Answer]:
    """Return two machines of ours, one foreign one and one of our templates."""
    answers = generated.cluster(1, 4)
    machines = [
        item for item in answers["/cluster/resources"].body["data"] if item["type"] == "qemu"
    ]
    machines[0] |= {"pool": "prod", "tags": "clusterwright;cw-web;role-server;env-production;blue"}
    machines[2] |= {"tags": "someone-else"}
    machines[3] |= {"template": 1}
    return answers


def test_our_machines_in_their_groups(tmp_path: Path, certificate: Path) -> None:
    with Server(certificate, serving(small_cluster())).serve() as server:
        groups, hosts = listing(inventory(tmp_path, server, certificate))
    assert sorted(hosts) == ["vm-100", "vm-101"]
    assert hosts["vm-100"]["ansible_host"] == "10.1.0.1"
    assert hosts["vm-100"]["proxmox_memory_mib"] >= 1024
    assert groups["role_server"] == groups["cluster_web"] == groups["pool_prod"] == ["vm-100"]
    assert groups["role_agent"] == groups["cluster_big"] == ["vm-101"]
    assert groups["env_production"] == groups["tag_clusterwright"] == ["vm-100", "vm-101"]
    assert groups["node_pve1"] == groups["type_qemu"] == groups["status_running"]
    assert groups["tag_blue"] == ["vm-100"]
    assert len(server.requests) == 1 + 2 * len(hosts)


def test_all_guests_constructed_and_cached(tmp_path: Path, certificate: Path) -> None:
    options = {
        "all_guests": True,
        "addresses": False,
        "cache": True,
        "cache_plugin": "ansible.builtin.jsonfile",
        "cache_connection": str(tmp_path / "cache"),
        "compose": {"size": "proxmox_memory_mib // 1024"},
        "groups": {"ours": "'clusterwright' in proxmox_tags"},
        "keyed_groups": [{"key": "proxmox_name", "prefix": "name"}],
    }
    with Server(certificate, serving(small_cluster())).serve() as server:
        first = listing(inventory(tmp_path, server, certificate, **options))
        second = listing(inventory(tmp_path, server, certificate, **options))
    assert first == second
    assert len(server.requests) == 1
    groups, hosts = first
    assert sorted(hosts) == ["vm-100", "vm-101", "vm-102"]
    assert "ansible_host" not in hosts["vm-100"]
    assert groups["ours"] == ["vm-100", "vm-101"] and groups["name_vm_102"] == ["vm-102"]
    assert hosts["vm-102"]["size"] == hosts["vm-102"]["proxmox_memory_mib"] // 1024


def test_guests_of_one_name_stay_apart(tmp_path: Path, certificate: Path) -> None:
    answers = recorded("cluster_9.json")
    resources = answers["/cluster/resources"].body["data"]
    for item in resources:
        if item.get("vmid") in (100, 150):
            item["name"] = "twin"
        if item.get("vmid") == 101:
            del item["name"]
    with Server(certificate, serving(answers)).serve() as server:
        _groups, hosts = listing(
            inventory(tmp_path, server, certificate, all_guests=True, addresses=False)
        )
    assert {"twin-100", "twin-150", "guest-101", "live103"} <= hosts.keys()
    assert {item["proxmox_vmid"] for item in hosts.values()} == {
        item["vmid"] for item in resources if "vmid" in item and not item["template"]
    }


def test_text_of_the_cluster_is_never_evaluated(tmp_path: Path, certificate: Path) -> None:
    answers = small_cluster()
    for item in answers["/cluster/resources"].body["data"]:
        if item.get("vmid") == 100:
            item["pool"] = "{{ 6 * 7 }}"
    with Server(certificate, serving(answers)).serve() as server:
        groups, hosts = listing(
            inventory(
                tmp_path, server, certificate, addresses=False, compose={"copy": "proxmox_pool"}
            )
        )
    assert "42" not in json.dumps([groups, hosts["vm-100"]["copy"]])


def test_a_failure_is_one_sentence(tmp_path: Path, certificate: Path) -> None:
    refused = Answer(None, 401, "Authentication failed!")
    with Server(certificate, lambda request: refused).serve() as server:
        result = inventory(tmp_path, server, certificate)
    assert "does not accept the API token automation@pve!inventory" in result.stderr
    assert "Traceback" not in result.stderr and SECRET not in result.stderr
    assert len(server.requests) == 1


GRAPH = """\
@all:
  |--@ungrouped:
  |--@tag_clusterwright:
  |  |--nas
  |  |--pihole
  |--@cluster_house:
  |  |--nas
  |  |--pihole
  |--@env_production:
  |  |--nas
  |--@role_vm:
  |  |--nas
  |--@tag_storage:
  |  |--nas
  |--@node_pve1:
  |  |--nas
  |--@type_qemu:
  |  |--nas
  |--@status_running:
  |  |--nas
  |  |--pihole
  |--@pool_production:
  |  |--nas
  |--@role_container:
  |  |--pihole
  |--@node_pve3:
  |  |--pihole
  |--@type_lxc:
  |  |--pihole
"""


@pytest.mark.parametrize("version", ["8.4", "9.1"])
@pytest.mark.parametrize("host", ["PROXMOX_HOST", "PROXMOX_URL"])
def test_graph_of_a_simulated_cluster(tmp_path: Path, version: str, host: str) -> None:
    with PveServer(version=version) as server:
        server.state.vm(100).config["tags"] = (
            "clusterwright;cw-house;env-production;role-vm;storage"
        )
        server.state.ct(102).config["tags"] = "clusterwright;cw-house;role-container"
        identity, _, secret = server.make_token().partition("=")
        environment = {
            host: server.endpoint,
            "PROXMOX_TOKEN_ID": identity,
            "PROXMOX_TOKEN_SECRET": secret,
            "PROXMOX_CA_PATH": str(server.ca_file),
        }
        server.clear_calls()
        shown = ansible_inventory(tmp_path, environment, "--graph")
        assert (shown.returncode, shown.stdout) == (0, GRAPH), shown.stderr
        assert len(server.calls) == 1 + 2 * 2
        everything = listing(ansible_inventory(tmp_path, environment, "--list", all_guests=True))
        assert not server.state.crashes
    assert set(everything[1]) == {"nas", "homeassistant", "pihole"}
    assert everything[1]["pihole"]["ansible_host"] == "10.77.0.7"


@pytest.mark.parametrize(
    ("checked", "said"),
    [("true", "is not trusted: set ca_path"), ("false", "validate_certs is false")],
)
def test_certificates_go_unchecked_only_on_request_and_with_a_warning(
    tmp_path: Path, certificate: Path, checked: str, said: str
) -> None:
    with Server(certificate, serving(small_cluster())).serve() as server:
        environment = {
            "PROXMOX_HOST": f"127.0.0.1:{server.port}",
            "PROXMOX_USER": "automation@pve",
            "PROXMOX_TOKEN_ID": "inventory",
            "PROXMOX_TOKEN_SECRET": SECRET,
            "PROXMOX_VALIDATE_CERTS": checked,
        }
        shown = ansible_inventory(tmp_path, environment, "--graph", addresses=False)
    assert said in " ".join(shown.stderr.split())
    assert ("vm-100" in shown.stdout) == (checked == "false") == bool(server.requests)
