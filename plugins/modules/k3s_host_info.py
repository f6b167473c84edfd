#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) The clusterwright maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Collect what the k3s role decides on, in one execution."""

from __future__ import annotations

DOCUMENTATION = r"""
module: k3s_host_info
author:
  - The clusterwright maintainers (@clusterwright)
version_added: 0.1.0
short_description: Collects what decides whether and how k3s is set up on a host
description:
  - Reads identity, network, clock, swap, firewall, files and services of one Linux host.
  - Replaces many small tasks of the role P(clusterwright.proxmox.k3s#role), so that a second run
    over a cluster that is as wanted costs one execution for each host.
attributes:
  check_mode:
    description: Runs in check mode as otherwise, because it changes nothing.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
  platform:
    description: Hosts it runs on.
    platforms: linux
    support: full
options:
  address:
    description: Address of the host in its cluster; the interface that carries it is looked up.
    type: str
    required: true
  controller_time:
    description: Seconds since the epoch on the controller, to compare the clocks.
    type: float
    required: true
  paths:
    description: Files whose mode and sha256 are wanted.
    type: list
    elements: path
    default: []
  services:
    description: Names of systemd units without suffix, each with the files it reads when it starts.
    type: dict
    default: {}
  commands:
    description: Commands to look for.
    type: list
    elements: str
    default: []
  sysctls:
    description: Kernel parameters to read.
    type: list
    elements: str
    default: []
  cloud_init_timeout_seconds:
    description: How long to wait until cloud-init has finished, where it is installed.
    type: int
    default: 300
"""

EXAMPLES = r"""
- name: Look at the host
  clusterwright.proxmox.k3s_host_info:
    address: 192.0.2.21
    controller_time: "{{ now(utc=true).timestamp() }}"
    paths:
      - /etc/rancher/k3s/config.yaml
    services:
      k3s:
        - /etc/rancher/k3s/config.yaml
  register: host
"""

RETURN = r"""
address:
  description: The address that was given, so that other hosts can refer to it.
  type: str
  returned: always
hostname:
  description: Name the kernel knows.
  type: str
  returned: always
machine_id:
  description: Content of C(/etc/machine-id), empty when there is none.
  type: str
  returned: always
architecture:
  description: Machine type of the kernel.
  type: str
  returned: always
  sample: x86_64
container:
  description: Whether the host shares its kernel with others, which sets kernel parameters.
  type: bool
  returned: always
interface:
  description: Interface that carries O(address), empty when none does.
  type: str
  returned: always
  sample: eth0
prefix_length:
  description: Prefix length of O(address) on that interface.
  type: int
  returned: always
  sample: 24
clock_offset_seconds:
  description: How far the clock is ahead of the controller, less what the connection took.
  type: float
  returned: always
swap:
  description: Active swap areas.
  type: list
  elements: str
  returned: always
fstab_swap:
  description: Whether C(/etc/fstab) mounts swap.
  type: bool
  returned: always
firewall:
  description: Active firewall manager, V(ufw), V(firewalld) or empty.
  type: str
  returned: always
cloud_init:
  description: Status of cloud-init, V(absent) where it is not installed.
  type: str
  returned: always
  sample: done
missing_commands:
  description: Commands of O(commands) that are missing.
  type: list
  elements: str
  returned: always
sysctls:
  description: Values by name; a parameter that does not exist is left out.
  type: dict
  returned: always
etcd_data:
  description: Whether the host holds data of a cluster's etcd.
  type: bool
  returned: always
k3s_version:
  description: First line of C(k3s --version), empty when k3s is not installed.
  type: str
  returned: always
files:
  description: One line C(path sha256 mode) for each existing file of O(paths).
  type: list
  elements: str
  returned: always
folders:
  description: Folders of O(paths) that exist.
  type: list
  elements: str
  returned: always
services:
  description: By name V(known), V(active), V(enabled), and V(outdated) when an input file is newer
    than the running process.
  type: dict
  returned: always
"""

import hashlib
import os
import platform
import shutil
import time
import typing as t
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

if t.TYPE_CHECKING:
    #: Run a command, return (exit code, standard output).
    Run = t.Callable[[list[str]], tuple[int, str]]

K3S = "usr/local/bin/k3s"
ETCD_LOG = "var/lib/rancher/k3s/server/db/etcd/member/wal"


class Host:
    """One Linux host below ``root``, asked with ``run``."""

    def __init__(self, run: Run, root: Path = Path("/")) -> None:
        self._run = run
        self._root = root

    def _path(self, path: str) -> Path:
        return self._root / path.lstrip("/")

    def _text(self, path: str) -> str:
        try:
            return self._path(path).read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            return ""

    def identity(self) -> dict[str, t.Any]:
        """Return who the host is."""
        return {
            "hostname": platform.node(),
            "machine_id": self._text("etc/machine-id"),
            "architecture": platform.machine(),
            "container": self._run(["systemd-detect-virt", "--container", "--quiet"])[0] == 0,
            "cloud_init": "absent",
            "etcd_data": os.path.exists(self._path(ETCD_LOG)),
            "k3s_version": self.k3s_version(),
        }

    def k3s_version(self) -> str:
        """Return what the installed binary calls itself."""
        if not self._path(K3S).exists():
            return ""
        code, output = self._run([str(self._path(K3S)), "--version"])
        return output.splitlines()[0] if code == 0 and output else "broken"

    def network(self, address: str) -> dict[str, t.Any]:
        """Return the interface and prefix length of ``address``."""
        for line in self._run(["ip", "-oneline", "addr", "show"])[1].splitlines():
            words = line.split()
            if len(words) > 3 and words[2] in ("inet", "inet6"):
                found, _slash, prefix = words[3].partition("/")
                if found == address:
                    return {"interface": words[1], "prefix_length": int(prefix or 0)}
        return {"interface": "", "prefix_length": 0}

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
        if self._run(["systemctl", "is-active", "--quiet", "firewalld.service"])[0] == 0:
            return "firewalld"
        return ""

    def files(self, paths: list[str]) -> dict[str, t.Any]:
        """Return what the files hold, as one comparable line each."""
        lines, folders = [], set()
        for path in paths:
            real = self._path(path)
            if real.parent.is_dir():
                folders.add(os.path.dirname(path))
            if real.is_file():
                mode = f"{real.stat().st_mode & 0o7777:04o}"
                lines.append(f"{path} {sha256(real)} {mode}")
        return {"files": lines, "folders": sorted(folders)}

    def services(self, services: dict[str, list[str]]) -> dict[str, t.Any]:
        """Return the state of each unit and whether it runs with older files."""
        return {name: self._service(name, inputs) for name, inputs in services.items()}

    def _service(self, name: str, inputs: list[str]) -> dict[str, bool]:
        fields = "LoadState,ActiveState,UnitFileState,MainPID"
        output = self._run(["systemctl", "show", "--property", fields, name + ".service"])[1]
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


def sha256(path: Path) -> str:
    """Return the sha256 of a file without reading it at once."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        for block in iter(lambda: stream.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def wait_for_cloud_init(run: Run, timeout_seconds: int) -> str:
    """Wait until cloud-init has finished and return its status."""
    if shutil.which("cloud-init") is None:
        return "absent"
    code, output = run(["timeout", str(timeout_seconds), "cloud-init", "status", "--wait"])
    if code == 124:
        return "running"
    return output.rpartition("status:")[2].strip() or "unknown"


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "address": {"type": "str", "required": True},
            "controller_time": {"type": "float", "required": True},
            "paths": {"type": "list", "elements": "path", "default": []},
            "services": {"type": "dict", "default": {}},
            "commands": {"type": "list", "elements": "str", "default": []},
            "sysctls": {"type": "list", "elements": "str", "default": []},
            "cloud_init_timeout_seconds": {"type": "int", "default": 300},
        },
        supports_check_mode=True,
    )
    offset = time.time() - module.params["controller_time"]

    def run(command: list[str]) -> tuple[int, str]:
        if shutil.which(command[0]) is None:
            return 127, ""
        code, output, _errors = module.run_command(command)
        return code, output

    host = Host(run)
    result = host.identity()
    result["address"] = module.params["address"]
    result["clock_offset_seconds"] = round(offset, 3)
    result["cloud_init"] = wait_for_cloud_init(run, module.params["cloud_init_timeout_seconds"])
    result["missing_commands"] = [
        name for name in module.params["commands"] if not shutil.which(name)
    ]
    result.update(host.network(module.params["address"]))
    result.update(host.kernel(module.params["sysctls"]))
    result.update(host.files(module.params["paths"]))
    result["services"] = host.services(module.params["services"])
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
