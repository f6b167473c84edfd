# SPDX-License-Identifier: GPL-3.0-or-later
"""From a guest's specification to the files of its host: cloud-init's part and the view of a VM."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from lab.machines import MachineSpec

LAB_DIR = "usr/lib/clusterwright-lab"
KIB_PER_MIB = 1024


def identity_files(spec: MachineSpec) -> dict[str, str]:
    """What cloud-init would write, as path in the host's root → content."""
    names = spec.name
    if spec.search_domain:
        names = f"{spec.name}.{spec.search_domain} {spec.name}"
    resolv = [f"nameserver {server}" for server in spec.dns_servers]
    if spec.search_domain:
        resolv.append(f"search {spec.search_domain}")
    network = {
        "MAC": spec.mac,
        "ADDRESS": spec.address or "",
        "GATEWAY": spec.gateway or "",
    }
    return {
        "etc/hostname": f"{spec.name}\n",
        "etc/hosts": f"127.0.0.1 localhost\n127.0.1.1 {names}\n::1 localhost ip6-localhost\n",
        "etc/resolv.conf": "".join(f"{line}\n" for line in resolv),
        f"{LAB_DIR}/network.env": "".join(
            f"{key}={shlex.quote(value)}\n" for key, value in network.items()
        ),
    }


def sudoers(user: str) -> str:
    """The sudo rule of a cloud image's default user."""
    return f"{user} ALL=(ALL) NOPASSWD:ALL\n"


def meminfo(machine: str, *, total_kib: int, used_kib: int) -> str:
    """`/proc/meminfo` of a guest of this size, with the keys of the machine's own.

    Every number is padded to one width, so that the file can be rewritten in place.
    """
    used_kib = min(used_kib, total_kib)
    free = total_kib - used_kib
    values = {"MemTotal": total_kib, "MemFree": free, "MemAvailable": free, "AnonPages": used_kib}
    values |= {"Active": used_kib, "Active(anon)": used_kib, "CommitLimit": total_kib}
    values |= {"Committed_AS": used_kib, "DirectMap4k": total_kib}
    lines = []
    for line in machine.splitlines():
        key, _, rest = line.partition(":")
        unit = " kB" if rest.endswith(" kB") else ""
        own = int(rest.split()[0]) if key in {"Hugepagesize", "VmallocTotal"} else 0
        lines.append(f"{key + ':':<16}{values.get(key, own):>11}{unit}\n")
    return "".join(lines)


def cpuinfo(machine: str, cores: int) -> str:
    """`/proc/cpuinfo` with as many processors as the guest has, of the machine's own kind."""
    first = machine.partition("\n\n")[0]
    stanzas = []
    for number in range(cores):
        own = {
            "processor": number,
            "physical id": 0,
            "siblings": cores,
            "core id": number,
            "cpu cores": cores,
            "apicid": number,
            "initial apicid": number,
        }
        stanza = first
        for key, value in own.items():
            stanza = re.sub(rf"(?m)^({key}\s*:).*$", rf"\g<1> {value}", stanza)
        stanzas.append(f"{stanza}\n\n")
    return "".join(stanzas)


def cpu_tree(cores: int) -> dict[str, str]:
    """The part of `/sys/devices/system/cpu` that counts processors; a path ending in / is empty."""
    span = _span(cores)
    files = {
        "online": span,
        "possible": span,
        "present": span,
        "offline": "\n",
        "kernel_max": "8191\n",
    }
    for number in range(cores):
        files |= _cpu(f"cpu{number}", number, span)
    return files


def node_tree(cores: int, memory_kib: int) -> dict[str, str]:
    """`/sys/devices/system/node` of a guest with one NUMA node."""
    span = _span(cores)
    files = {"online": "0\n", "possible": "0\n", "has_cpu": "0\n", "has_memory": "0\n"}
    files |= {
        "node0/cpulist": span,
        "node0/cpumap": _mask(span),
        "node0/distance": "10\n",
        "node0/meminfo": f"Node 0 MemTotal:{memory_kib:>15} kB\n",
        "node0/hugepages/": "",
    }
    for number in range(cores):
        files |= _cpu(f"node0/cpu{number}", number, span)
    return files


def _cpu(base: str, number: int, span: str) -> dict[str, str]:
    own = f"{number}\n"
    return {
        f"{base}/cache/": "",
        f"{base}/online": "1\n",
        f"{base}/topology/core_id": own,
        f"{base}/topology/physical_package_id": "0\n",
        f"{base}/topology/core_siblings": _mask(span),
        f"{base}/topology/core_siblings_list": span,
        f"{base}/topology/thread_siblings": _mask(own),
        f"{base}/topology/thread_siblings_list": own,
    }


def _span(cores: int) -> str:
    return "0\n" if cores == 1 else f"0-{cores - 1}\n"


def _mask(span: str) -> str:
    """The kernel's bit mask of a range: 32 bits a word, the highest first."""
    first, _, last = span.strip().partition("-")
    bits = sum(1 << number for number in range(int(first), int(last or first) + 1))
    words: list[str] = []
    while bits or not words:
        words.append(f"{bits & 0xFFFFFFFF:08x}")
        bits >>= 32
    return ",".join(reversed(words)) + "\n"


def write_tree(base: Path, files: dict[str, str]) -> None:
    """Write each file below `base`, making its directories; existing ones are replaced."""
    for name, content in files.items():
        path = base / name
        if name.endswith("/"):
            path.mkdir(parents=True, exist_ok=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_text(content, encoding="utf-8")
