# SPDX-License-Identifier: GPL-3.0-or-later
"""Hardening by the CIS benchmark, as the hardening guide of k3s gives it."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._model import Host

CIPHERS = ",".join(
    f"TLS_ECDHE_{kind}_WITH_{cipher}"
    for cipher in ("AES_256_GCM_SHA384", "AES_128_GCM_SHA256", "CHACHA20_POLY1305_SHA256")
    for kind in ("ECDSA", "RSA")
)
EXEMPT = ("kube-system", "cis-operator-system", "compliance-operator-system")


def cis_config(host: Host) -> dict[str, t.Any]:
    """Return the keys of ``config.yaml`` that the profile adds on this host."""
    config: dict[str, t.Any] = {
        "protect-kernel-defaults": True,
        "kubelet-arg": ["streaming-connection-idle-timeout=5m", f"tls-cipher-suites={CIPHERS}"],
    }
    if not host.is_server:
        return config
    server = f"{host.data_dir}/server"
    return config | {
        "kube-apiserver-arg": [
            "enable-admission-plugins=NodeRestriction,EventRateLimit",
            f"admission-control-config-file={server}/psa.yaml",
            f"audit-log-path={server}/logs/audit.log",
            f"audit-policy-file={server}/audit.yaml",
            "audit-log-maxage=30",
            "audit-log-maxbackup=10",
            "audit-log-maxsize=100",
            "service-account-extend-token-expiration=false",
        ],
        "kube-controller-manager-arg": ["terminated-pod-gc-threshold=100"],
    }


def cis_documents(host: Host) -> dict[str, dict[str, t.Any]]:
    """Return {path: document} of the files that the API server reads."""
    if not host.is_server:
        return {}
    server = f"{host.data_dir}/server"
    levels = {
        f"{mode}{suffix}": value
        for mode in ("enforce", "audit", "warn")
        for suffix, value in (("", "restricted"), ("-version", "latest"))
    }
    exempt = sorted({*EXEMPT, *host.options["cis_exempt_namespaces"]})
    admission = {
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "AdmissionConfiguration",
        "plugins": [
            {
                "name": "PodSecurity",
                "configuration": {
                    "apiVersion": "pod-security.admission.config.k8s.io/v1",
                    "kind": "PodSecurityConfiguration",
                    "defaults": levels,
                    "exemptions": {"usernames": [], "runtimeClasses": [], "namespaces": exempt},
                },
            },
            {
                "name": "EventRateLimit",
                "configuration": {
                    "apiVersion": "eventratelimit.admission.k8s.io/v1alpha1",
                    "kind": "Configuration",
                    "limits": [{"type": "Server", "qps": 5000, "burst": 20000}],
                },
            },
        ],
    }
    audit = {"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "rules": [{"level": "Metadata"}]}
    return {
        f"{server}/psa.yaml": admission,
        f"{server}/audit.yaml": audit,
        # its folder is what the API server needs to write its audit log
        f"{server}/logs/clusterwright.yaml": {},
    }
