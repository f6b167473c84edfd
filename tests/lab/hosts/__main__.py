# SPDX-License-Identifier: GPL-3.0-or-later
"""Boot hosts alone, without the simulated Proxmox VE, until Ctrl-C.

PYTHONPATH=tests python -m lab.hosts COUNT [SSH_PUBLIC_KEY_FILE]
"""

from __future__ import annotations

import signal
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lab.hosts.machines import NspawnMachines
from lab.hosts.network import claim_network, lock_dir, used_networks
from lab.hosts.rootfs import ensure_rootfs
from lab.images import ensure_images
from lab.machines import MachineSpec
from lab.tools import ensure


def main(count: int, keys: tuple[str, ...]) -> None:
    """Start `count` hosts at once, print their addresses, and wait."""
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    rootfs = ensure_rootfs()
    network, held = claim_network(lock_dir(), used_networks())
    with tempfile.TemporaryDirectory(prefix="cwlab-", dir="/var/tmp") as state:
        images = tuple(ensure_images(ensure()).glob("*.tar"))
        machines = NspawnMachines(Path(state), network, held, rootfs=rootfs, images=images)
        specs = [
            MachineSpec(
                vmid=1001 + number,
                name=f"host-{number + 1}",
                node="pve1",
                cores=4,
                memory_mib=4096,
                user="debian",
                ssh_keys=keys,
                address=f"{network.subnet.network_address + 21 + number}/24",
                gateway=str(network.gateway.ip),
                dns_servers=(),
                search_domain=None,
                mac=f"bc:24:11:00:{network.number:02x}:{number:02x}",
                bridge="vmbr0",
            )
            for number in range(count)
        ]
        try:
            begin = time.monotonic()
            with ThreadPoolExecutor(max(1, count)) as pool:
                list(pool.map(machines.start, specs))
            print(f"{count} hosts up after {time.monotonic() - begin:.1f} s", flush=True)
            for spec in specs:
                print(spec.vmid, spec.address, machines.status(spec.vmid), flush=True)
            stopped.wait()
        finally:
            machines.close()


if __name__ == "__main__":
    main(int(sys.argv[1]), tuple(Path(path).read_text().strip() for path in sys.argv[2:]))
