# SPDX-License-Identifier: GPL-3.0-or-later
"""The kubeconfig on the controller, beside whatever else the file holds."""

from __future__ import annotations

import base64
import datetime
import hashlib
import typing as t
import urllib.parse

#: A client certificate that ends sooner is exchanged; k3s renews its own from this time on.
RENEWAL = datetime.timedelta(days=120)


class KubeconfigError(ValueError):
    """The kubeconfig cannot be had or kept; the message says why."""


def combined(admin: str, old: str, *, name: str, server: str) -> str:
    """Return the text of a kubeconfig with one cluster, user and context called ``name``.

    ``admin`` is k3s's own, ``old`` what the file holds: other clusters and the current context
    stay as they are. Each server has a client certificate of its own; one that the file holds for
    this cluster stays while it is good, whichever server it is from.

    Raises:
        KubeconfigError: one of them is no kubeconfig.
    """
    import yaml  # not at the top: files below plugins/ are also read where it is missing

    try:
        source, kept = yaml.safe_load(admin), yaml.safe_load(old) or {}
        cluster = dict(source["clusters"][0]["cluster"]) | {"server": server}
        user = source["users"][0]["user"]
        result: dict[str, t.Any] = {"apiVersion": "v1", "kind": "Config"} | dict(kept)
        held = {group: _named(result.get(group), name) for group in ("clusters", "users")}
        if held["clusters"].get("cluster") == cluster and _is_good(held["users"].get("user"), user):
            user = held["users"]["user"]
        entries: dict[str, dict[str, t.Any]] = {
            "clusters": {"name": name, "cluster": cluster},
            "users": {"name": name, "user": user},
            "contexts": {"name": name, "context": {"cluster": name, "user": name}},
        }
        for group, entry in entries.items():
            others = [item for item in result.get(group) or [] if item["name"] != name]
            result[group] = [*others, entry]
        known = {item["name"] for item in result["contexts"]}
    except (yaml.YAMLError, KeyError, IndexError, TypeError, ValueError) as error:
        raise KubeconfigError(f"A kubeconfig cannot be read: {type(error).__name__}.") from None
    if result.get("current-context") not in known:
        result["current-context"] = name
    text: str = yaml.safe_dump(result, sort_keys=False, width=4096)
    return text


def another(
    old: str, *, name: str, addresses: t.Container[str], authorities: t.Container[str]
) -> str:
    """Return the URL of a cluster that is called ``name`` in a kubeconfig and is another one.

    Empty where there is none, and where it has one of ``addresses`` or of ``authorities``, sha256
    of certificates.

    Raises:
        KubeconfigError: it is no kubeconfig.
    """
    import yaml  # as above

    try:
        held = _named((yaml.safe_load(old) or {}).get("clusters"), name).get("cluster") or {}
        server = str(held.get("server", ""))
        authority = base64.b64decode(str(held.get("certificate-authority-data", "")))
        known = urllib.parse.urlsplit(server).hostname in addresses
    except (yaml.YAMLError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise KubeconfigError(f"A kubeconfig cannot be read: {type(error).__name__}.") from None
    return "" if known or hashlib.sha256(authority).hexdigest() in authorities else server


def without(old: str, *, name: str) -> str:
    """Return a kubeconfig without the cluster ``name``; empty when it held nothing else.

    Raises:
        KubeconfigError: it is no kubeconfig.
    """
    import yaml  # as above

    try:
        kept = dict(yaml.safe_load(old) or {})
        groups = {
            group: [item for item in kept.get(group) or [] if item["name"] != name]
            for group in ("clusters", "users", "contexts")
        }
    except (yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        raise KubeconfigError(f"A kubeconfig cannot be read: {type(error).__name__}.") from None
    if not any(groups.values()):
        return ""
    result = kept | groups
    if result.get("current-context") == name:
        result["current-context"] = ""
    text: str = yaml.safe_dump(result, sort_keys=False, width=4096)
    return text


def _named(entries: t.Any, name: str) -> dict[str, t.Any]:
    return next((dict(entry) for entry in entries or () if entry["name"] == name), {})


def _is_good(old: t.Any, new: dict[str, t.Any]) -> bool:
    """Tell whether a client certificate is for the same user, of the same authority, and lasts."""
    if old == new:
        return True
    try:
        (subject, issuer, end), other = _certificate(old), _certificate(new)
    except (KeyError, TypeError, ValueError):
        return False
    lasts = end - datetime.datetime.now(datetime.UTC) > RENEWAL
    return (subject, issuer) == other[:2] and lasts


def _certificate(user: dict[str, t.Any]) -> tuple[str, str, datetime.datetime]:
    """Return subject, issuer and end of the client certificate of a user."""
    from cryptography import x509  # comes with Ansible; not at the top, as PyYAML

    pem = base64.b64decode(user["client-certificate-data"])
    certificate = x509.load_pem_x509_certificate(pem)
    subject, issuer = certificate.subject.rfc4514_string(), certificate.issuer.rfc4514_string()
    return subject, issuer, certificate.not_valid_after_utc
