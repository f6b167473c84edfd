# SPDX-License-Identifier: GPL-3.0-or-later
"""One kubeconfig for several clusters, of which each run changes its own alone."""

from __future__ import annotations

import base64
import datetime
import hashlib
import typing as t

import pytest
import yaml
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._kubeconfig import (
    KubeconfigError,
    another,
    combined,
    without,
)
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def kubeconfig(name: str, server: str, secret: str) -> str:
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": name, "cluster": {"server": server}}],
            "users": [{"name": name, "user": {"client-key-data": secret}}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
            "current-context": name,
        }
    )


ADMIN = kubeconfig("default", "https://127.0.0.1:6443", "new")


def merged(old: str) -> dict[str, t.Any]:
    text = combined(ADMIN, old, name="demo", server="https://10.77.0.100:6443")
    return yaml.safe_load(text)


def test_a_new_file_has_the_cluster_under_its_name_and_address() -> None:
    found = merged("")
    assert found["clusters"] == [
        {"name": "demo", "cluster": {"server": "https://10.77.0.100:6443"}}
    ]
    assert found["current-context"] == "demo"


def test_other_clusters_and_the_current_context_stay() -> None:
    found = merged(kubeconfig("production", "https://192.0.2.1:6443", "old"))
    assert [item["name"] for item in found["contexts"]] == ["production", "demo"]
    assert found["users"][0]["user"] == {"client-key-data": "old"}
    assert found["current-context"] == "production"


def test_a_second_run_changes_nothing() -> None:
    once = combined(ADMIN, "", name="demo", server="https://10.77.0.100:6443")
    assert combined(ADMIN, once, name="demo", server="https://10.77.0.100:6443") == once


@pytest.mark.parametrize("old", ["- a list", "clusters: text", "{"])
def test_a_file_that_is_no_kubeconfig_is_not_overwritten(old: str) -> None:
    with pytest.raises(KubeconfigError):
        merged(old)


def signed(issuer: str, days: int) -> dict[str, str]:
    """Return a user with a client certificate of its own."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "system:admin")]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    return {"client-certificate-data": base64.b64encode(pem).decode()}


def of_server(user: dict[str, str]) -> str:
    found = yaml.safe_load(ADMIN)
    found["users"][0]["user"] = user
    return yaml.safe_dump(found)


@pytest.mark.parametrize(
    ("issuer", "days", "address", "stays"),
    [
        ("ca", 365, "https://10.77.0.100:6443", True),  # of another server of the cluster
        ("other", 365, "https://10.77.0.100:6443", False),  # the authority was exchanged
        ("ca", 100, "https://10.77.0.100:6443", False),  # it ends soon
        ("ca", 365, "https://10.77.0.101:6443", False),  # the address moved
    ],
)
def test_a_good_client_certificate_stays(issuer: str, days: int, address: str, stays: bool) -> None:
    server = "https://10.77.0.100:6443"
    old = combined(of_server(signed(issuer, days)), "", name="demo", server=address)
    new = combined(of_server(signed("ca", 365)), old, name="demo", server=server)
    assert (yaml.safe_load(new)["users"] == yaml.safe_load(old)["users"]) == stays


@pytest.mark.parametrize(("current", "after"), [("production", "production"), ("demo", "")])
def test_only_its_own_cluster_is_taken_out(current: str, after: str) -> None:
    old = kubeconfig("production", "https://192.0.2.1:6443", "old")
    both = yaml.safe_load(combined(ADMIN, old, name="demo", server="https://10.77.0.100:6443"))
    found = yaml.safe_load(
        without(yaml.safe_dump(both | {"current-context": current}), name="demo")
    )
    assert found == yaml.safe_load(old) | {"current-context": after}


def test_a_file_that_holds_nothing_else_goes() -> None:
    assert (
        without(combined(ADMIN, "", name="demo", server="https://192.0.2.1:6443"), name="demo")
        == ""
    )
    assert without("", name="demo") == ""
    with pytest.raises(KubeconfigError):
        without("a: [", name="demo")


@pytest.mark.parametrize(
    ("name", "server", "authority", "other"),
    [
        ("demo", "https://192.0.2.9:6443", "theirs", "https://192.0.2.9:6443"),
        ("demo", "https://10.77.0.11:6443", "theirs", ""),
        ("demo", "https://[fd77::11]:6443", "theirs", ""),
        ("demo", "https://192.0.2.9:6443", "ours", ""),
        ("prod", "https://192.0.2.9:6443", "theirs", ""),
    ],
    ids=["another", "made anew", "of the other IP version", "moved", "other name"],
)
def test_another_cluster_of_the_same_name_is_seen(
    name: str, server: str, authority: str, other: str
) -> None:
    held = yaml.safe_load(kubeconfig(name, server, "old"))
    data = base64.b64encode(authority.encode()).decode()
    held["clusters"][0]["cluster"]["certificate-authority-data"] = data
    found = another(
        yaml.safe_dump(held),
        name="demo",
        addresses={"10.77.0.11", "fd77::11"},
        authorities={hashlib.sha256(b"ours").hexdigest()},
    )
    assert found == other


@pytest.mark.parametrize("old", ["", "apiVersion: v1", "clusters: null"])
def test_a_file_without_clusters_holds_no_other(old: str) -> None:
    assert another(old, name="demo", addresses=(), authorities=()) == ""
