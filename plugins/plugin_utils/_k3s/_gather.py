# SPDX-License-Identifier: GPL-3.0-or-later
"""From Ansible's variables to a ``Cluster``."""

from __future__ import annotations

import hashlib
import typing as t
from pathlib import Path

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s import _kubeconfig, _token
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._model import (
    Cluster,
    Host,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._validate import parsed

OPTIONS, FACTS = "__k3s", "__k3s_facts"


def plain(value: t.Any) -> t.Any:
    """Return a value of Ansible's as plain data, without the marks that it carries."""
    if isinstance(value, t.Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    for kind in (bool, int, float):
        if isinstance(value, kind):
            return kind(value)
    return value if value is None else str(value)


def spelled(options: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return options with addresses as hosts write them ("fd00:0::1" is "fd00::1")."""

    def shortest(part: str) -> str:
        return str(parsed(part.strip()) or part.strip())

    named = (key for key in ("node_address", "vip") if options.get(key))
    return options | {key: ",".join(map(shortest, str(options[key]).split(","))) for key in named}


def gather(task_vars: t.Mapping[str, t.Any], *, facts: bool) -> Cluster:
    """Return the cluster as this run sees it; hosts outside the play are left out.

    Raises:
        TokenError: the token file cannot be used.
    """
    own = task_vars[OPTIONS]
    salt = salt_of(task_vars)
    hosts = []
    for name in [*own["servers"], *own["agents"]]:
        known = _variables(task_vars, name)
        options = known.get(OPTIONS)
        if options is None:
            continue
        found = known.get(FACTS) if facts else None
        hosts.append(
            Host(str(name), spelled(plain(options)) | {"salt": salt}, plain(found) or None)
        )
    if not hosts:
        hosts = [Host(str(task_vars["inventory_hostname"]), spelled(plain(own)))]
    token = _token.read(token_path(task_vars))
    return Cluster(tuple(hosts), _token.fingerprint(salt, token) if token else None)


def kubeconfig_path(task_vars: t.Mapping[str, t.Any]) -> Path:
    """Return where the kubeconfig lies on the controller."""
    return Path(str(task_vars[OPTIONS]["kubeconfig_path"])).expanduser()


def another_cluster(path: Path, cluster: Cluster) -> str:
    """Return the URL of another cluster of this name in a kubeconfig, empty where there is none.

    Raises:
        KubeconfigError: it is no kubeconfig.
    """
    addresses = {address for host in cluster.hosts for address in host.addresses}
    return _kubeconfig.another(
        path.read_text(encoding="utf-8") if path.is_file() else "",
        name=cluster.name,
        addresses=addresses | {cluster.vip},
        authorities={str(host.fact.get("ca_sha256")) for host in cluster.hosts},
    )


def token_path(task_vars: t.Mapping[str, t.Any]) -> Path:
    """Return where the token lies on the controller."""
    return Path(str(task_vars[OPTIONS]["token_file"])).expanduser()


def own_host(task_vars: t.Mapping[str, t.Any]) -> Host:
    """Return the host that a task runs on, without facts."""
    options = plain(task_vars[OPTIONS]) | {"salt": salt_of(task_vars)}
    return Host(str(task_vars["inventory_hostname"]), spelled(options))


def salt_of(task_vars: t.Mapping[str, t.Any]) -> str:
    """Return the key by which secrets are compared in this run, one for all hosts."""
    own = task_vars[OPTIONS]
    first = (own["servers"] or own["agents"] or [task_vars["inventory_hostname"]])[0]
    options = _variables(task_vars, first).get(OPTIONS) or own
    return str(options["salt"])


def clock_offset(here: tuple[float, float], there: tuple[float, float]) -> float:
    """Return how far the other clock is ahead at least, in seconds; 0 where it may be right.

    Both name when the same work began and ended, here with the way to it and back, which may take
    longer than clocks may differ.
    """
    least, most = there[1] - here[1], there[0] - here[0]
    return round(max(least, 0.0) + min(most, 0.0), 3)


def _variables(task_vars: t.Mapping[str, t.Any], name: str) -> t.Mapping[str, t.Any]:
    """Return the variables of a host; nothing for a name that the inventory does not know."""
    known: t.Mapping[str, t.Mapping[str, t.Any]] = task_vars["hostvars"]
    if name not in known:  # its get() makes an undefined value of what is missing
        return {}
    return known[name]


def checksums(paths: t.Iterable[str]) -> dict[str, str]:
    """Return {file: sha256}, empty for a file that is not there."""
    found = {}
    for path in paths:
        digest = hashlib.sha256()
        try:
            with Path(path).expanduser().open("rb") as stream:
                for block in iter(lambda: stream.read(1 << 20), b""):
                    digest.update(block)
            found[path] = digest.hexdigest()
        except OSError:
            found[path] = ""
    return found
