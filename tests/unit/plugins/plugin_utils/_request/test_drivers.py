# SPDX-License-Identifier: GPL-3.0-or-later
"""Named software with what its size depends on."""

from __future__ import annotations

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request import read_request

Expected = tuple[str, str | None, dict[str, float]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("GitLab for fifteen hundred developers", ("gitlab", None, {"users": 1500})),
        ("GitLab with 50k users and 1000 RPS", ("gitlab", None, {"users": 50000, "rps": 1000})),
        ("Gitaly nodes for GitLab with two thousand people", ("gitlab", "gitaly", {"users": 2000})),
        ("PostgreSQL for a GitLab with 3,000 users", ("gitlab", "postgresql", {"users": 3000})),
        ("PostgreSQL mit 200 GB Daten", ("postgresql", None, {"data_gib": 200})),
        ("PostgreSQL for Nextcloud with 50 users", ("postgresql", None, {"users": 50})),
        ("Control plane for a k3s cluster with 700 agents", ("k3s", "server", {"agents": 700})),
        ("k3s server, about nine hundred joined agents", ("k3s", "server", {"agents": 900})),
        ("External database for a 120-node k3s cluster", ("k3s", "datastore", {"nodes": 120})),
        ("RKE2 control plane node, 300 agents", ("rke2", "server", {"agents": 300})),
        ("Kubernetes master for 120 nodes", ("kubernetes", "server", {"nodes": 120})),
        (
            "OpenShift masters for a cluster with 40 workers",
            ("openshift", "server", {"workers": 40}),
        ),
        ("etcd member for a Kubernetes cluster of 500 nodes", ("etcd", None, {"nodes": 500})),
        (
            "Rancher managing 90 clusters / 900 nodes",
            ("rancher", None, {"clusters": 90, "nodes": 900}),
        ),
        ("Rancher in docker, at most 3 clusters", ("rancher", "docker", {"clusters": 3})),
        (
            "CoreDNS for 2000 pods and 300 services",
            ("coredns", None, {"pods": 2000, "services": 300}),
        ),
        ("metrics-server in a sixty node cluster", ("metrics-server", None, {"nodes": 60})),
        (
            "istiod for 200 services with 400 sidecars",
            ("istio", "istiod", {"services": 200, "sidecars": 400}),
        ),
        ("Loki, half a terabyte of logs a day", ("loki", None, {"ingest_gib_per_day": 512})),
        (
            "Loki for 50 GB of logs per day, keep 30 days",
            ("loki", None, {"ingest_gib_per_day": 50, "retention_days": 30}),
        ),
        (
            "Tempo distributor for 20 MB/s of traces",
            ("tempo", "distributor", {"throughput_mib_per_second": 20}),
        ),
        ("Mimir with 2M active series", ("mimir", None, {"series": 2_000_000})),
        (
            "Mimir distributors for 50,000 samples per second",
            ("mimir", "distributor", {"samples_per_second": 50000}),
        ),
        (
            "Keycloak: 30 logins/s and 200 token refreshes/s",
            ("keycloak", None, {"logins": 30, "refreshes": 200}),
        ),
        (
            "Database for Keycloak with 100 logins a second",
            ("keycloak", "database", {"logins": 100}),
        ),
        (
            "JupyterHub for 20 students at once, two gigabytes each",
            ("jupyterhub", None, {"concurrent_users": 20, "memory_mib_per_user": 2048}),
        ),
        ("Ceph storage server with twelve OSDs", ("ceph", "osd", {"osds": 12})),
        ("MinIO with 40 TiB attached", ("minio", None, {"data_gib": 40960})),
        ("Ollama with 70B models", ("ollama", None, {"parameters_b": 70})),
        ("Ollama for a thirteen-billion-parameter model", ("ollama", None, {"parameters_b": 13})),
        (
            "Prometheus, 30k samples per second, 6 weeks retention",
            ("prometheus", None, {"samples_per_second": 30000, "retention_days": 42}),
        ),
        ("ScyllaDB with sixteen logical cores", ("scylladb", None, {"cores": 16, "lcores": 16})),
        ("Nextcloud pour une cinquantaine d'utilisateurs", ("nextcloud", None, {"users": 50})),
        (
            "MariaDB für zweihundertfünfzig gleichzeitige Nutzer",
            ("mariadb", None, {"concurrent_users": 250}),
        ),
        ("YugabyteDB node for 1,200 tablets", ("yugabytedb", None, {"tablets": 1200})),
        ("GitLab for 400-500 developers", ("gitlab", None, {"users": 500})),
        ("k3s server for above 1800 agents", ("k3s", "server", {"agents": 1801})),
        ("server node of a k3s cluster, some 350 agents", ("k3s", "server", {"agents": 350})),
        ("one k3s server for 2500 edge agents", ("k3s", "server", {"agents": 2500})),
        ("k3s with 3 server nodes and 2000 agents", ("k3s", "server", {"agents": 2000})),
        ("RKE2 servers, seventeen hundred workers", ("rke2", "server", {"agents": 1700})),
        ("two-hundred-node k3s cluster: database server", ("k3s", "datastore", {"nodes": 200})),
        ("External MySQL for k3s; 700 nodes", ("k3s", "datastore", {"nodes": 700})),
        ("Serveur PostgreSQL externe pour k3s, 400 nœuds", ("k3s", "datastore", {"nodes": 400})),
        ("Rails of a GitLab for 5000 users", ("gitlab", "rails", {"users": 5000})),
        ("Sidekiq in a GitLab with 3,000 users", ("gitlab", "sidekiq", {"users": 3000})),
        ("Mimir with 2M series: total for the ingesters", ("mimir", "ingester", {"series": 2e6})),
        ("Ceph storage server with 12 HDDs", ("ceph", "osd", {"osds": 12})),
        ("Ceph OSD host: 24 disks, one OSD each", ("ceph", "osd", {"osds": 24})),
        ("mon + mgr node, Ceph with 800 OSDs", ("ceph", "monitor", {"osds": 800})),
        (
            "JupyterHub for 60 students, 40 work simultaneously",
            ("jupyterhub", None, {"users": 60, "concurrent_users": 40}),
        ),
        ("Zabbix with 5000 metrics", ("zabbix", None, {"series": 5000})),
        ("Zabbix for 300 hosts", ("zabbix", None, {"devices": 300})),
        ("Prometheus scraping 150 nodes", ("prometheus", None, {"nodes": 150})),
        ("Elasticsearch with a 30 GB heap", ("elasticsearch", None, {"heap_gib": 30})),
        ("InfluxDB, 4000 writes per second", ("influxdb", None, {"samples_per_second": 4000})),
        ("Nextcloud for a team of twelve", ("nextcloud", None, {"users": 12})),
        ("Jira with twenty agents", ("jira", None, {"agents": 20})),
        ("Mattermost, about sixty members", ("mattermost", None, {"users": 60})),
    ],
)
def test_software_and_drivers(text: str, expected: Expected) -> None:
    apps = [(app.family, app.component, app.drivers) for app in read_request(text).apps]
    family, component, drivers = expected
    assert [(name, part) for name, part, _drivers in apps] == [(family, component)]
    assert drivers.items() <= apps[0][2].items()


@pytest.mark.parametrize(
    ("text", "levels"),
    [
        ("shop service, P99 < 50 ms", {"p99_ms": 50}),
        ("shop API with p95 latency under 0.2 s", {"p95_ms": 200}),
        ("order service with 99.9 % availability", {"availability_percent": 99.9}),
        ("order service, zero downtime", {"zero_downtime": True}),
        ("payment service, latency below 80 ms", {"latency_ms": 80}),
        ("un portail web avec une latence p99 de 120 ms", {"p99_ms": 120}),
    ],
)
def test_service_levels(text: str, levels: dict[str, float]) -> None:
    assert read_request(text).sla == levels


@pytest.mark.parametrize(
    ("text", "families"),
    [
        ("Node.js + MongoDB + Redis", ["nodejs", "mongodb", "redis"]),
        ("Production YugabyteDB, Cassandra-compatible API only", ["yugabytedb"]),
        ("k3s cluster with monitoring", []),
        ("Wiki.js or whatever", []),
    ],
)
def test_families(text: str, families: list[str]) -> None:
    assert [app.family for app in read_request(text).apps] == families


@pytest.mark.parametrize(
    ("text", "scale"),
    [
        ("Vault, light use", "small"),
        ("Vault with a consistently high load", "large"),
        ("a small PostgreSQL", "small"),
        ("ein großer MinIO", "large"),
        ("PostgreSQL", None),
    ],
)
def test_scale_words(text: str, scale: str | None) -> None:
    assert read_request(text).scale == scale


@pytest.mark.parametrize("text", ["Ollama with 13B models, no GPU", "ollama without gpu"])
def test_a_declined_gpu_is_not_asked_for(text: str) -> None:
    assert all(machine.gpu is None for machine in read_request(text).machines)
