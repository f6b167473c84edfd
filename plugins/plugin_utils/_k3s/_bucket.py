# SPDX-License-Identifier: GPL-3.0-or-later
"""The bucket that snapshots go to: what a server asks of it, and what follows from the answer."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._model import (
        Cluster,
        Host,
    )

ENDPOINT, REGION = "s3.amazonaws.com", "us-east-1"


def bucket_of(host: Host) -> dict[str, t.Any]:
    """Return how a server reaches its bucket, as ``look`` of the hosts' bucket.py takes it.

    Empty where there is none, and where only k3s itself can ask: by a proxy, or with credentials
    that are not in its configuration.
    """
    own = {key.removeprefix("etcd-s3-"): value for key, value in host.own_config.items()}
    needed = ("bucket", "access-key", "secret-key")
    if not (host.is_server and _on(own.get("etcd-s3")) and all(own.get(key) for key in needed)):
        return {}
    if own.get("proxy") or any(
        "PROXY" in str(name).upper() for name in host.options.get("environment") or ()
    ):
        return {}
    endpoint = str(own.get("endpoint") or ENDPOINT)
    region = str(own.get("region") or REGION)
    lookup = own.get("bucket-lookup-type")
    if endpoint == ENDPOINT:
        endpoint = f"s3.{region}.amazonaws.com"
    return {
        "endpoint": endpoint,
        "bucket": str(own["bucket"]),
        "region": region,
        "access_key": str(own["access-key"]),
        "secret_key": str(own["secret-key"]),
        "session_token": str(own.get("session-token") or ""),
        "insecure": _on(own.get("insecure")),
        "skip_verify": _on(own.get("skip-ssl-verify")),
        "ca": str(own.get("endpoint-ca") or ""),
        "by_name": lookup == "dns" or (lookup != "path" and endpoint.endswith(".amazonaws.com")),
    }


def wanted_object(host: Host) -> str:
    """Return the key of the snapshot that shall be restored; empty when it is no name in S3."""
    name = str(host.options.get("snapshot") or "")
    if not name or name.startswith("/") or host.options["snapshot_src"]:
        return ""
    folder = str(host.own_config.get("etcd-s3-folder") or "").strip("/")
    return f"{folder}/{name}" if folder else name


def snapshot_path(host: Host) -> str:
    """Return the file on the host that shall be restored; empty when it is none."""
    name = str(host.options.get("snapshot") or "")
    return name if name.startswith("/") and not host.options["snapshot_src"] else ""


def bucket_problems(
    cluster: Cluster, *, must_answer: bool = False, what: str = "keep snapshots in S3"
) -> list[str]:
    """Return why the servers cannot do with their bucket ``what`` they are told to.

    A bucket that does not answer may come later, unless it ``must_answer`` now.
    """
    found: dict[str, str] = {}
    for host in cluster.servers:
        said = host.fact.get("bucket") or {}
        why = said.get("refused") or (must_answer and said.get("silent"))
        if why:
            found.setdefault(why, host.name)
    return [f"{name} cannot {what}: {why}." for why, name in found.items()]


def snapshot_problems(cluster: Cluster) -> list[str]:
    """Return why the snapshot that shall be restored cannot be had."""
    founder = cluster.founder
    path, name = snapshot_path(founder), wanted_object(founder)
    present = {line.split(" ")[0] for line in founder.fact.get("files", ())}
    if path and path not in present:
        return [f"{path} is not on {founder.name}."]
    if not name:
        return []
    if not _on(founder.own_config.get("etcd-s3")):
        return [
            f"k3s_snapshot {name} is a name in S3, and k3s_server_config has no etcd-s3; give a "
            f"path on {founder.name}, or the bucket."
        ]
    what = f"take the snapshot {name} from S3"
    return bucket_problems(cluster, must_answer=True, what=what)


def _on(value: t.Any) -> bool:
    return str(value).lower() == "true"
