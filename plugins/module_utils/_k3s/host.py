# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of one Linux host, as far as k3s and what it shares the host with are concerned."""

from __future__ import annotations

import glob
import hashlib
import hmac
import os
import platform
import re
import shutil
import socket
import time
import typing as t
from pathlib import Path

from ansible_collections.clusterwright.proxmox.plugins.module_utils._k3s.api import Api, ApiError

if t.TYPE_CHECKING:
    from ansible_collections.clusterwright.proxmox.plugins.module_utils._k3s.api import Run

UNIT_DIRS = ("etc/systemd/system", "usr/lib/systemd/system", "lib/systemd/system")
MARK = re.compile(
    r"Written by the Ansible role clusterwright\.proxmox\.k3s(?: for the cluster (\S+))?"
)
ETCD_LOG = "server/db/etcd/member/wal"
SQLITE = "server/db/state.db"
NEIGHBOUR_SECONDS = 1.0
PLAIN = re.compile(r"^([a-z][a-z0-9-]*)\+?:\s*(.*)$")


def sha256(path: Path) -> str:
    """Return the sha256 of a file without reading it at once."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        for block in iter(lambda: stream.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def fingerprint(salt: str, text: str) -> str:
    """Return a digest by which two holders of ``salt`` can compare a secret, and nobody else."""
    return hmac.new(salt.encode(), text.encode(), hashlib.sha256).hexdigest()


def password(token: str) -> str:
    """Return the password of a token in its full or its short form."""
    return token.strip().rpartition(":")[2] if token.startswith("K10") else token.strip()


def plain_config(text: str) -> dict[str, t.Any]:
    """Return the top-level scalars and lists of scalars of a ``config.yaml``.

    Hosts need no YAML library for it; whatever is nested deeper keeps its key and no value.
    """
    found: dict[str, t.Any] = {}
    key = ""
    for line in text.splitlines():
        item = re.match(r"^\s*-\s+(.*)$", line)
        if item and key:
            if not isinstance(found[key], list):
                found[key] = []
            found[key].append(item[1].strip().strip("\"'"))
            continue
        match = PLAIN.match(line)
        if match:
            key, value = match[1], match[2].split(" #")[0].strip()
            inline = re.fullmatch(r"\[(.*)\]", value)
            if inline:
                found[key] = [
                    part.strip().strip("\"'") for part in inline[1].split(",") if part.strip()
                ]
            else:
                found[key] = value.strip("\"'")
    return found


class Host:
    """One Linux host below ``root``, asked with ``run``."""

    def __init__(self, run: Run, root: Path = Path("/"), data_dir: str = "var/lib/rancher/k3s"):
        self._run = run
        self._root = root
        self._data = data_dir.lstrip("/")

    def _path(self, path: str) -> Path:
        return self._root / path.lstrip("/")

    def _text(self, path: str) -> str:
        try:
            return self._path(path).read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            return ""

    def _ask(self, *command: str) -> tuple[int, str]:
        code, output, _errors = self._run(list(command))
        return code, output

    def identity(self) -> dict[str, t.Any]:
        """Return who the host is."""
        release = dict(
            line.split("=", 1) for line in self._text("etc/os-release").splitlines() if "=" in line
        )
        selinux = self._text("sys/fs/selinux/enforce")
        return {
            "hostname": platform.node(),
            "machine_id": self._text("etc/machine-id"),
            "architecture": platform.machine(),
            "container": self._ask("systemd-detect-virt", "--container", "--quiet")[0] == 0,
            "kmsg": self._path("dev/kmsg").exists(),
            "os": release.get("ID", "").strip('"'),
            "os_family": f"{release.get('ID', '')} {release.get('ID_LIKE', '')}".replace('"', ""),
            "init": self._text("proc/1/comm"),
            "selinux": {"1": "enforcing", "0": "permissive"}.get(selinux, ""),
            "selinux_policy": self._path("usr/share/selinux/packages/k3s.pp").exists(),
            "cloud_init": "absent",
            "memory_cgroup": self._memory_cgroup(),
        }

    def _memory_cgroup(self) -> bool:
        controllers = self._text("sys/fs/cgroup/cgroup.controllers").split()
        return "memory" in controllers or self._path("sys/fs/cgroup/memory").is_dir()

    def network(self, address: str) -> dict[str, t.Any]:
        """Return the interface and prefix length of ``address``, all addresses and networks."""
        found = {"interface": "", "prefix_length": 0}
        addresses, routes = [], []
        for line in self._ask("ip", "-oneline", "addr", "show")[1].splitlines():
            words = line.split()
            if len(words) > 3 and words[2] in ("inet", "inet6"):
                own, _slash, prefix = words[3].partition("/")
                addresses.append({"interface": words[1], "address": words[3]})
                if own == address:
                    found = {"interface": words[1], "prefix_length": int(prefix or 0)}
        for family in ("-4", "-6"):
            for line in self._ask("ip", family, "route", "show")[1].splitlines():
                words = line.split()
                if words and words[0][0] in "0123456789abcdef" and "dev" in words:
                    device = words[words.index("dev") + 1]
                    via = words[words.index("via") + 1] if "via" in words else ""
                    routes.append({"network": words[0], "interface": device, "via": via})
        default = self._ask("ip", "route", "show", "default")[1].split()
        device = default[default.index("dev") + 1] if "dev" in default else ""
        return {**found, "addresses": addresses, "routes": routes, "default_route": device}

    def somebody_has(self, address: str, own: t.Collection[str]) -> str:
        """Return the MAC address of a neighbour that holds ``address``, empty when none does.

        No neighbour is asked for an address of the host's ``own``.
        """
        if address in own:
            return ""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect((address, 9))
                probe.send(b"")
            except OSError:
                return ""
        deadline = time.monotonic() + NEIGHBOUR_SECONDS
        while time.monotonic() < deadline:
            words = self._ask("ip", "neigh", "show", "to", address)[1].split()
            if "lladdr" in words and "FAILED" not in words:
                return words[words.index("lladdr") + 1]
            if "FAILED" in words:
                return ""
            time.sleep(0.1)
        return ""

    def kernel(self, sysctls: list[str]) -> dict[str, t.Any]:
        """Return swap, firewall and kernel parameters."""
        fstab = [line.split() for line in self._text("etc/fstab").splitlines()]
        values = {name: self._text("proc/sys/" + name.replace(".", "/")) for name in sysctls}
        return {
            "swap": [line.split()[0] for line in self._text("proc/swaps").splitlines()[1:]],
            "fstab_swap": any(
                len(words) > 2 and words[2] == "swap" and not words[0].startswith("#")
                for words in fstab
            ),
            "firewall": self._firewall(),
            "sysctls": {name: value for name, value in values.items() if value},
        }

    def _firewall(self) -> str:
        if "ENABLED=yes" in self._text("etc/ufw/ufw.conf").splitlines():
            return "ufw"
        if self._ask("systemctl", "is-active", "--quiet", "firewalld.service")[0] == 0:
            return "firewalld"
        rules = self._ask("nft", "list", "ruleset")[1]
        if re.search(r"hook input [^}]*policy drop", rules):
            return "nftables"
        return ""

    def files(
        self, paths: list[str], secret_paths: t.Sequence[str] = (), salt: str = ""
    ) -> dict[str, t.Any]:
        """Return what the files hold, as one comparable line each."""
        lines, folders = [], set()
        for path in [*paths, *secret_paths]:
            real = self._path(path)
            if os.path.isdir(real.parent):
                folders.add(os.path.dirname(path))
            if os.path.isfile(real) and os.access(real, os.R_OK):
                status = real.stat()
                digest = sha256(real)
                if path in secret_paths:
                    digest = fingerprint(salt, digest)
                lines.append(f"{path} {digest} {status.st_mode & 0o7777:04o}")
        return {"files": lines, "folders": sorted(folders)}

    def services(self, services: dict[str, list[str]]) -> dict[str, t.Any]:
        """Return the state of each unit and whether it runs with older files."""
        return {name: self._service(name, inputs) for name, inputs in services.items()}

    def _service(self, name: str, inputs: list[str]) -> dict[str, bool]:
        fields = "LoadState,ActiveState,UnitFileState,MainPID"
        output = self._ask("systemctl", "show", "--property", fields, name + ".service")[1]
        unit = dict(line.split("=", 1) for line in output.splitlines() if "=" in line)
        started = self._started(unit.get("MainPID", "0"))
        return {
            "known": unit.get("LoadState") == "loaded",
            "active": unit.get("ActiveState") == "active",
            "enabled": unit.get("UnitFileState") == "enabled",
            "outdated": any(self._modified(path) > started for path in inputs)
            if started
            else False,
        }

    def _modified(self, path: str) -> float:
        try:
            return self._path(path).stat().st_mtime
        except OSError:
            return 0.0

    def _started(self, pid: str) -> float:
        """Return when the process started in seconds since the epoch, 0 when there is none.

        Ticks since boot are added to the boot time of the same clock that file times come from.
        """
        stat = self._text(f"proc/{pid}/stat")
        boot = [line.split()[1] for line in self._text("proc/stat").splitlines() if "btime" in line]
        if pid == "0" or not stat or not boot:
            return 0.0
        ticks = int(stat.rpartition(")")[2].split()[19])
        return int(boot[0]) + 1 + ticks / os.sysconf("SC_CLK_TCK")

    def space(self, paths: t.Sequence[str]) -> dict[str, dict[str, t.Any]]:
        """Return for each folder how much is free and whether it can be written."""
        result = {}
        for path in paths:
            real = self._path(path)
            while not os.path.exists(real):
                real = real.parent
            usage = os.statvfs(real)
            result[path] = {
                "free_mib": usage.f_bavail * usage.f_frsize >> 20,
                "writable": not usage.f_flag & os.ST_RDONLY,
            }
        return result

    def mark(self, path: str) -> str | None:
        """Return whose file it is.

        None: there is none; empty: not the role's; ``?``: the role's, of a cluster unknown; else
        the name of the cluster.
        """
        text = self._text(path)
        if not text and not os.path.exists(self._path(path)):
            return None
        found = MARK.search(text[:400])
        return (found[1] or "?") if found else ""

    def k3s(self, binary: str, config_dir: str, salt: str) -> dict[str, t.Any]:
        """Return what of k3s is there, whose it is, and what it was told."""
        units: dict[str, t.Any] = {}
        for folder in UNIT_DIRS:
            for name in sorted(glob.glob(str(self._path(folder) / "k3s*.service"))):
                units.setdefault(os.path.basename(name), self._unit(Path(name)))
        config = self._text(f"{config_dir}/config.yaml")
        drop_ins = {}
        for name in sorted(glob.glob(str(self._path(config_dir) / "config.yaml.d/*.y*ml"))):
            path = "/" + os.path.relpath(name, self._root)
            plain_text = plain_config(self._text(path))
            drop_ins[path] = {"mark": self.mark(path), "config": _shown(plain_text)}
        plain = plain_config(config)
        return {
            "units": units,
            "config_mark": self.mark(f"{config_dir}/config.yaml"),
            "config": _shown(plain),
            "config_drop_ins": drop_ins,
            "cluster_init": plain.get("cluster-init") == "true"
            or any("--cluster-init" in unit["arguments"] for unit in units.values()),
            "datastore": self._datastore(),
            "agent_data": os.path.exists(self._path(f"{self._data}/agent/client-kubelet.crt")),
            "ca_sha256": self._ca(),
            "token": self._token(salt),
            "k3s_version": self._version(binary),
            "foreign_binaries": [
                path
                for path in ("/usr/local/bin/k3s", "/opt/bin/k3s", "/usr/bin/k3s")
                if path != binary and os.path.exists(self._path(path))
            ],
        }

    def _unit(self, path: Path) -> dict[str, t.Any]:
        inside = "/" + os.path.relpath(path, self._root)
        text = self._text(inside)
        joined = text.replace("\\\n", " ")
        start = [line for line in joined.splitlines() if line.startswith("ExecStart=")]
        drop_ins = sorted(glob.glob(str(path) + ".d/*.conf"))
        return {
            "path": inside,
            "mark": self.mark(inside),
            "arguments": [_masked(word.strip("'\"")) for line in start for word in line.split()],
            "drop_ins": ["/" + os.path.relpath(name, self._root) for name in drop_ins],
        }

    def _datastore(self) -> str:
        if os.path.exists(self._path(f"{self._data}/{ETCD_LOG}")):
            return "etcd"
        return "sqlite" if os.path.exists(self._path(f"{self._data}/{SQLITE}")) else ""

    def _ca(self) -> str:
        for name in ("server/tls/server-ca.crt", "agent/server-ca.crt"):
            path = self._path(f"{self._data}/{name}")
            if os.access(path, os.R_OK):
                return sha256(path)
        return ""

    def _token(self, salt: str) -> str:
        text = self._text(f"{self._data}/server/token")
        return fingerprint(salt, password(text)) if text else ""

    def _version(self, binary: str) -> str:
        if not os.path.exists(self._path(binary)):
            return ""
        code, output = self._ask(str(self._path(binary)), "--version")
        return output.splitlines()[0] if code == 0 and output else "broken"

    def api(self, binary: str) -> dict[str, t.Any]:
        """Return the cluster's nodes, or why the API of this server does not tell them."""
        try:
            return {"api": "ok", "nodes": Api(self._run, binary).nodes()}
        except ApiError as error:
            return {"api": str(error), "nodes": []}


def _masked(word: str) -> str:
    return re.sub(r"(?i)((?:token|password|secret|endpoint|auth)[a-z-]*=).*", r"\1…", word)


def _shown(config: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return a configuration without values that may be credentials."""
    secret = re.compile(r"token$|secret|access-key|datastore-endpoint|vpn-auth|password|proxy")
    return {key: "…" if secret.search(key) else value for key, value in config.items()}


def wait_for_cloud_init(run: Run, timeout_seconds: int) -> str:
    """Wait until cloud-init has finished and return its status."""
    if shutil.which("cloud-init") is None:
        return "absent"
    code, output, _errors = run(["timeout", str(timeout_seconds), "cloud-init", "status", "--wait"])
    if code == 124:
        return "running"
    return output.rpartition("status:")[2].strip() or "unknown"
