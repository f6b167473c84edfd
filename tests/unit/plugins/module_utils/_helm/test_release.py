# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose a release is, before anything of it is written."""

from __future__ import annotations

import base64
import datetime
import gzip
import json
import typing as t

import pytest
from ansible_collections.clusterwright.proxmox.plugins.module_utils._helm.release import (
    Found,
    Wanted,
    judge,
    look,
    strangers,
)

WANTED = Wanted("traefik", "web", "traefik", "demo")
ADOPTING = Wanted("traefik", "web", "traefik", "demo", adopt=True)
OURS = {"owner": "demo", "revision": "1", "operation": ""}


def there(**changes: t.Any) -> Found:
    base: dict[str, t.Any] = {
        "status": "deployed",
        "revision": 2,
        "chart": "traefik",
        "version": "41.0.0",
        "age_seconds": 60.0,
        "mark": OURS,
        "namespace_phase": "Active",
    }
    return Found(**base | changes)


@pytest.mark.parametrize(
    ("found", "action", "recovery"),
    [
        (Found(), "install", ""),
        (there(), "upgrade", ""),
        (there(status="failed"), "upgrade", ""),
        (
            there(status="pending-upgrade", revision=2, mark=OURS | {"operation": "now"}),
            "recover",
            "rollback",
        ),
        (
            there(
                status="pending-install",
                revision=1,
                mark=OURS | {"revision": "0", "operation": "now"},
            ),
            "recover",
            "uninstall",
        ),
        (there(status="pending-upgrade", age_seconds=7200.0), "recover", "rollback"),
    ],
)
def test_what_is_ours_goes_on(found: Found, action: str, recovery: str) -> None:
    verdict = judge(WANTED, found)
    assert (verdict.action, verdict.recovery) == (action, recovery)


@pytest.mark.parametrize(
    ("wanted", "found", "sentence"),
    [
        (WANTED, there(mark={}), "was not made by this deployment. Take it over by naming traefik"),
        (WANTED, there(mark={"owner": "other"}), "belongs to other. Take it over"),
        (WANTED, there(chart="haproxy"), "is of another chart (haproxy 41.0.0, not traefik)"),
        (ADOPTING, there(chart="haproxy", mark={}), "is of another chart"),
        (
            WANTED,
            there(status="pending-upgrade"),
            "Somebody is changing traefik in web (pending-upgrade since 60 s)",
        ),
        (
            WANTED,
            there(status="pending-upgrade", mark=OURS | {"operation": "now", "revision": "2"}),
            "Somebody is changing traefik",
        ),
        (
            ADOPTING,
            there(status="pending-install", mark={}, age_seconds=9000.0),
            "began 150 min ago; nothing of it is touched",
        ),
        (WANTED, Found(namespace_phase="Terminating"), "The namespace web is being deleted"),
    ],
)
def test_what_is_somebody_elses_is_refused(wanted: Wanted, found: Found, sentence: str) -> None:
    verdict = judge(wanted, found)
    assert verdict.action == "refuse"
    assert sentence in verdict.reason


def test_a_release_of_the_same_chart_is_taken_over_by_name() -> None:
    assert judge(ADOPTING, there(mark={})).action == "adopt"


class FakeCluster:
    """Holds what tests put there, by kind and name."""

    def __init__(self, *items: dict[str, t.Any]) -> None:
        self.items = items

    def get(self, _version: str, kind: str, name: str, namespace: str = "") -> t.Any:
        for item in self.items:
            here = item["metadata"].get("namespace", "")
            if (item["kind"], item["metadata"]["name"]) == (kind, name) and here in ("", namespace):
                return item
        return None

    def list(self, _version: str, kind: str, namespace: str = "", **_named: str) -> list[t.Any]:
        return [item for item in self.items if item["kind"] == kind]


def helm_secret(number: int, status: str, deployed: str) -> dict[str, t.Any]:
    release = {
        "version": number,
        "info": {"status": status, "last_deployed": deployed},
        "chart": {"metadata": {"name": "traefik", "version": f"41.{number}.0"}},
        "config": {"replicas": number},
    }
    text = base64.b64encode(gzip.compress(json.dumps(release).encode()))
    return {
        "kind": "Secret",
        "metadata": {"name": f"v{number}", "labels": {"version": str(number)}},
        "data": {"release": base64.b64encode(text).decode()},
    }


def test_the_newest_revision_and_our_mark_are_read() -> None:
    now = datetime.datetime.now(datetime.UTC)
    text = (now - datetime.timedelta(minutes=5)).isoformat().replace("+00:00", "123Z")
    cluster: t.Any = FakeCluster(
        {"kind": "Namespace", "metadata": {"name": "web"}, "status": {"phase": "Active"}},
        {"kind": "ConfigMap", "metadata": {"name": "clusterwright.traefik"}, "data": OURS},
        helm_secret(9, "superseded", text),
        helm_secret(10, "pending-upgrade", text),
    )
    found = look(cluster, "traefik", "web")
    assert (found.revision, found.status, found.version) == (10, "pending-upgrade", "41.10.0")
    assert found.mark == OURS and found.values == {"replicas": 10}
    assert 290 < found.age_seconds < 400


def thing(**annotations: str) -> dict[str, t.Any]:
    return {
        "kind": "Deployment",
        "metadata": {"name": "traefik", "namespace": "web", "annotations": annotations},
    }


@pytest.mark.parametrize(
    ("annotations", "sentence", "adoptable"),
    [
        ({}, "exists already and is of no release", True),
        (
            {"objectset.rio.cattle.io/owner-name": "metrics-server"},
            "of the component metrics-server that k3s brings itself",
            False,
        ),
        (
            {"meta.helm.sh/release-name": "x", "meta.helm.sh/release-namespace": "y"},
            "of the release x in y",
            False,
        ),
    ],
)
def test_objects_of_others_are_named(
    annotations: dict[str, str], sentence: str, adoptable: bool
) -> None:
    cluster: t.Any = FakeCluster(thing(**annotations))
    named = {"api_version": "apps/v1", "kind": "Deployment", "namespace": "web", "name": "traefik"}
    [found] = strangers(cluster, WANTED, [named])
    assert sentence in found["cause"] and found["adoptable"] is adoptable
    assert judge(WANTED, Found(), [found]).action == "refuse"
    assert (judge(ADOPTING, Found(), [found]).action == "adopt") is adoptable


def test_our_own_objects_are_no_strangers() -> None:
    own = thing(**{"meta.helm.sh/release-name": "traefik", "meta.helm.sh/release-namespace": "web"})
    cluster: t.Any = FakeCluster(own)
    named = {"api_version": "apps/v1", "kind": "Deployment", "namespace": "web", "name": "traefik"}
    assert strangers(cluster, WANTED, [named]) == []
