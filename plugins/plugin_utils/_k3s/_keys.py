# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys of k3s's ``config.yaml``: who knows them, and what they must not part."""

from __future__ import annotations

import difflib
import typing as t

_NODE_TEXTS = """
    airgap-extra-registry alsologtostderr bind-address config container-runtime-endpoint data-dir
    debug default-runtime disable-default-registry-endpoint docker enable-pprof flannel-cni-conf
    flannel-conf flannel-iface image-credential-provider-bin-dir image-credential-provider-config
    image-service-endpoint kube-proxy-arg kubelet-arg lb-server-port log node-external-dns
    node-external-ip node-internal-dns node-ip node-label node-name node-taint nonroot-devices
    pause-image prefer-bundled-bin private-registry protect-kernel-defaults resolv-conf rootless
    selinux server snapshotter token token-file v vmodule vpn-auth vpn-auth-file with-node-id
"""
_SERVER_TEXTS = """
    advertise-address advertise-port agent-token agent-token-file cluster-cidr cluster-dns
    cluster-domain cluster-init cluster-reset cluster-reset-restore-path datastore-cafile
    datastore-certfile datastore-endpoint datastore-keyfile default-local-storage-path disable
    disable-agent disable-apiserver disable-cloud-controller disable-controller-manager
    disable-etcd disable-helm-controller disable-kube-proxy disable-network-policy
    disable-scheduler egress-selector-mode embedded-registry etcd-arg etcd-disable-snapshots
    etcd-expose-metrics etcd-s3 etcd-s3-access-key etcd-s3-bucket etcd-s3-bucket-lookup-type
    etcd-s3-config-secret etcd-s3-endpoint etcd-s3-endpoint-ca etcd-s3-folder etcd-s3-insecure
    etcd-s3-proxy etcd-s3-region etcd-s3-retention etcd-s3-secret-key etcd-s3-session-token
    etcd-s3-skip-ssl-verify etcd-s3-timeout etcd-snapshot-compress etcd-snapshot-dir
    etcd-snapshot-name etcd-snapshot-retention etcd-snapshot-schedule-cron flannel-backend
    flannel-external-ip flannel-ipv6-masq helm-controller-arg helm-job-image https-listen-port
    kube-apiserver-arg kube-cloud-controller-manager-arg kube-controller-manager-arg
    kube-scheduler-arg secrets-encryption secrets-encryption-provider service-cidr
    service-node-port-range servicelb-namespace supervisor-metrics system-default-registry tls-san
    tls-san-security write-kubeconfig write-kubeconfig-group write-kubeconfig-mode
"""
AGENT_KEYS = frozenset(_NODE_TEXTS.split()) | {"disable-apiserver-lb"}
SERVER_KEYS = frozenset(_NODE_TEXTS.split()) | frozenset(_SERVER_TEXTS.split())

#: set by the role alone: another value would part the cluster, or start something else
RESERVED_KEYS = frozenset(
    [
        "agent-token",
        "agent-token-file",
        "cluster-init",
        "cluster-reset",
        "config",
        "token",
        "cluster-reset-restore-path",
        "node-name",
        "server",
        "token-file",
        "with-node-id",
    ]
)
#: k3s has these in parts the role does not manage
UNSUPPORTED_KEYS = {
    "disable-agent": "every server is a node here",
    "disable-apiserver": "every server is whole here",
    "disable-controller-manager": "every server is whole here",
    "disable-etcd": "every server is whole here",
    **dict.fromkeys(
        ("datastore-endpoint", "datastore-cafile", "datastore-certfile", "datastore-keyfile"),
        "the servers share embedded etcd here",
    ),
    "docker": "containerd is used",
    "rootless": "k3s runs as root here",
}
#: a text of one of these holds several values with commas between them
COMMA_KEYS = frozenset(["tls-san", "disable", "cluster-cidr", "service-cidr", "cluster-dns"])
LIST_KEYS = COMMA_KEYS | {
    key
    for key in SERVER_KEYS
    if key.endswith("-arg")
    or key in ("node-label", "node-taint", "node-ip", "node-external-ip", "node-internal-dns")
    or key in ("node-external-dns", "airgap-extra-registry")
}
#: options of the role that must be equal on all servers because k3s compares them when one joins
CLUSTER_LEVEL_KEYS = frozenset(
    [
        "cluster-dns",
        "cluster-cidr",
        "cluster-domain",
        "disable-cloud-controller",
        "disable",
        "disable-helm-controller",
        "disable-network-policy",
        "disable-kube-proxy",
        "egress-selector-mode",
        "embedded-registry",
        "flannel-backend",
        "flannel-external-ip",
        "flannel-ipv6-masq",
        "secrets-encryption",
        "secrets-encryption-provider",
        "service-cidr",
        "https-listen-port",
    ]
)
#: fixed when the cluster is made, with the value k3s takes when nothing is said
FIXED_KEYS = {
    "cluster-cidr": "10.42.0.0/16",
    "service-cidr": "10.43.0.0/16",
    "cluster-domain": "cluster.local",
}
#: values that are credentials, or may hold one
SECRET_KEYS = frozenset(
    [
        "etcd-s3-access-key",
        "etcd-s3-secret-key",
        "etcd-s3-session-token",
        "etcd-s3-proxy",
        "datastore-endpoint",
        "vpn-auth",
        "token",
        "agent-token",
    ]
)
#: read by k3s when the node registers, applied to the node by the API afterwards
REGISTRATION_KEYS = ("node-label", "node-taint")


def key_of_variable(name: str) -> str:
    """Return the key that k3s takes from a variable of its environment, empty for another one."""
    if not name.startswith("K3S_"):
        return ""
    key = name.removeprefix("K3S_").lower().replace("_", "-")
    return {"url": "server", "config-file": "config"}.get(key, key)


def values(key: str, value: t.Any) -> t.Any:
    """Return a key's value in the one form that the role works with: lists for ``LIST_KEYS``."""
    if key not in LIST_KEYS:
        return value
    items = value if isinstance(value, list) else [] if value in (None, "") else [value]
    texts = [str(item) for item in items]
    if key in COMMA_KEYS:
        texts = [part.strip() for text in texts for part in text.split(",") if part.strip()]
    return texts


def merged(*parts: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return one configuration of several: lists are joined, a later plain value wins.

    ``key+`` is k3s's way to say that a value is added; here every list is.
    """
    result: dict[str, t.Any] = {}
    for part in parts:
        for name, value in part.items():
            key = name.rstrip("+")
            item = values(key, value)
            if key in LIST_KEYS:
                known = result.get(key, [])
                item = known + [text for text in item if text not in known]
            result[key] = item
    return {key: value for key, value in result.items() if value not in ([], None, "")}


def near(name: str, known: t.Iterable[str]) -> str:
    """Return `` (did you mean X?)`` for the nearest known name, else an empty text."""
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=0.7)
    return f" (did you mean {found[0]}?)" if found else ""
