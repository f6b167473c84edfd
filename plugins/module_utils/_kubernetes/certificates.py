# SPDX-License-Identifier: GPL-3.0-or-later
"""How long the certificates of a cluster still hold."""

from __future__ import annotations

import base64
import datetime
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.checks import (
    name_of,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.runner import (
    NotYet,
)

if t.TYPE_CHECKING:
    from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.access import (
        Cluster,
    )
    from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.reach import (
        Network,
    )

API_PORT = 6443
#: k3s renews its certificates when it starts and they end within 90 days (120 in newer releases).
RESTART = "ssh {{user}}@{address} sudo systemctl restart k3s"


class Certificate(t.NamedTuple):
    """One certificate: what it is for, how many days it still holds, and what renews it."""

    what: str
    days: int
    mend: str


def days_left(pem: str, now: datetime.datetime) -> int:
    """Return for how many whole days a certificate still holds; negative: it is over.

    Raises:
        ValueError: not a certificate.
    """
    from cryptography.x509 import load_pem_x509_certificate

    return (load_pem_x509_certificate(pem.encode()).not_valid_after_utc - now).days


def certificates(
    cluster: Cluster, network: Network, servers: t.Iterable[str], now: datetime.datetime
) -> list[Certificate]:
    """Return those of the API at each server's address, of the kubeconfig and of TLS secrets."""
    found = [
        Certificate(
            f"the API at {server}",
            days_left(network.certificate(server, API_PORT), now),
            RESTART.format(address=server),
        )
        for server in servers
    ]
    own = cluster.client_certificate()
    if own:
        found.append(Certificate("the kubeconfig", days_left(own, now), "{apply}"))
    for secret in cluster.list("v1", "Secret", fields="type=kubernetes.io/tls"):
        namespace, name = secret["metadata"]["namespace"], name_of(secret)
        pem = base64.b64decode((secret.get("data") or {}).get("tls.crt") or "").decode()
        issued = "cert-manager.io/certificate-name" in (secret["metadata"].get("annotations") or {})
        mend = f"{{kubectl}} -n {namespace} " + (
            f"delete secret {name}" if issued else f"describe secret {name}"
        )
        try:
            days = days_left(pem, now)
        except ValueError:
            raise NotYet(f"The TLS secret {namespace}/{name} holds no certificate.", mend) from None
        found.append(Certificate(f"the TLS secret {namespace}/{name}", days, mend))
    return found


def check_certificates(found: t.Sequence[Certificate], least_days: int) -> str:
    """Every certificate holds for at least so many days."""
    if not found:
        raise NotYet("No certificate was found at all.")
    soon = sorted((item for item in found if item.days < least_days), key=lambda item: item.days)
    if soon:
        said = "; ".join(
            f"{item.what} {'ended' if item.days < 0 else f'ends in {item.days} days'}"
            for item in soon
        )
        raise NotYet(f"Certificates: {said}.", soon[0].mend)
    first = min(found, key=lambda item: item.days)
    return f"{len(found)} certificates; the first to end is {first.what}, in {first.days} days."
