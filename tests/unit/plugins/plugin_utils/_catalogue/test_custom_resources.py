# SPDX-License-Identifier: GPL-3.0-or-later
"""Every custom resource that is written fits the definition of its real kind."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils import _catalogue

KINDS = yaml.safe_load((Path(__file__).parent / "custom_resources.yml").read_text())
TYPES = {"string": str, "integer": int, "boolean": bool, "object": dict}
#: Kinds that Kubernetes itself has: the API of the lab's clusters takes them or not.
BUILT_IN = re.compile(r"(v1|apps/v1|rbac\.authorization\.k8s\.io/v1) ")
SETTINGS: dict[str, dict[str, t.Any]] = {
    "cert-manager": {"letsencrypt_email": "a@example.org"},
    "metallb": {
        "addresses": "192.0.2.100-192.0.2.120",
        "mode": "bgp",
        "peers": '[{"my_asn": "64512", "peer_asn": 64513, "peer_address": "192.0.2.1"}]',
    },
    "prometheus": {"pve_hosts": ["192.0.2.2"]},
    "rancher": {"hostname": "rancher.example.org"},
    "velero": {"bucket": "b", "endpoint": "https://s3.example.org", "access_key_id": "id"},
}


def faults(value: t.Any, said: t.Any, path: str) -> t.Iterator[str]:
    """Yield what does not fit, by its place."""
    wanted: dict[str, t.Any] = {"type": said} if isinstance(said, str) else said
    if "each" in wanted:
        if not isinstance(value, list):
            yield f"{path} is no list"
            return
        for item in value:
            yield from faults(item, wanted["each"], f"{path}[]")
    elif "keys" in wanted:
        known = {*wanted["keys"], *wanted.get("more", ())}
        yield from (f"{path} cannot have {key}" for key in value.keys() - known)
        yield from (f"{path} needs {key}" for key in {*wanted.get("required", ())} - value.keys())
        for key in value.keys() & wanted["keys"].keys():
            yield from faults(value[key], wanted["keys"][key], f"{path}.{key}")
    elif type(value) is not TYPES[wanted["type"]]:
        yield f"{path} is {value!r}, no {wanted['type']}"
    elif "enum" in wanted and value not in wanted["enum"]:
        yield f"{path} is {value!r}, none of {wanted['enum']}"
    elif "pattern" in wanted and not re.search(str(wanted["pattern"]), str(value)):
        yield f"{path} is {value!r}"


def releases(**settings: dict[str, t.Any]) -> list[dict[str, t.Any]]:
    """Return all that goes together, with every object."""
    names = sorted(set(_catalogue.load_catalogue().entries) - {"cilium", "ingress-nginx"})
    found = _catalogue.resolve(names, _catalogue.Given(servers=3, settings=SETTINGS | settings))
    assert not found.refusals and not found.questions
    return [_catalogue.release_of(chosen, found) for chosen in found.entries]


def written(by: str) -> list[dict[str, t.Any]]:
    """Return all manifests of the roles or of an engine."""
    found = releases()
    if by != "roles":
        return [item for items in _catalogue.gitops(found, by).values() for item in items]
    layer2 = releases(metallb={"addresses": "192.0.2.96/28"})
    manifests = [
        item
        for release in (*found, *layer2)
        for part in ("objects_before", "objects")
        for item in release[part]
    ]
    [calico] = (release for release in found if release["name"] == "calico")
    said = {k: v for k, v in calico["values"]["installation"].items() if k != "enabled"}
    installation = {"apiVersion": "operator.tigera.io/v1", "kind": "Installation", "spec": said}
    return [*manifests, installation]


@pytest.mark.parametrize("by", ["roles", *_catalogue.ENGINES])
def test_it_fits_its_definition(by: str) -> None:
    looked_at = set()
    for item in written(by):
        kind = f"{item['apiVersion']} {item['kind']}"
        if not BUILT_IN.match(kind):
            assert list(faults(item["spec"], KINDS[kind], kind)) == []
            looked_at.add(kind)
    assert looked_at


def test_every_definition_is_used() -> None:
    used = {
        f"{item['apiVersion']} {item['kind']}"
        for by in ("roles", *_catalogue.ENGINES)
        for item in written(by)
    }
    assert KINDS.keys() <= used


@pytest.mark.parametrize(
    ("spec", "fault"),
    [
        ({"myASN": 1, "peerAdress": "192.0.2.1"}, "cannot have peerAdress"),
        ({"peerASN": 2}, "needs myASN"),
        ({"myASN": "1"}, ".myASN is '1', no integer"),
    ],
)
def test_what_does_not_fit_is_seen(spec: dict[str, t.Any], fault: str) -> None:
    assert any(fault in text for text in faults(spec, KINDS["metallb.io/v1beta2 BGPPeer"], ""))
