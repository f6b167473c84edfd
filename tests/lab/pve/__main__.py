# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a simulated Proxmox VE by hand: `python -m lab.pve --info FILE`."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from pathlib import Path

from lab.machines import SimulatedMachines
from lab.pve.clusters import ClusterError
from lab.pve.server import PveServer


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        out.write(text)


def options(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="lab.pve", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0: a free one")
    parser.add_argument("--cluster", default="default", help="cluster file or name")
    parser.add_argument("--version", choices=("8.4", "9.1"), default="9.1")
    parser.add_argument("--machines", choices=("simulated",), default="simulated")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds added to each answer")
    parser.add_argument("--time-scale", type=float, default=0.0, help="1: waits take real time")
    parser.add_argument("--info", type=Path, help="write endpoint, CA file and token file here")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    given = options(argv)
    try:
        server = PveServer(
            given.cluster,
            SimulatedMachines(),
            port=given.port,
            version=given.version,
            latency_seconds=given.latency,
            time_scale=given.time_scale,
        )
        server.start()
    except ClusterError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"The port {given.port} cannot be used: {error.strerror}.", file=sys.stderr)
        return 1
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    token_file = Path(server.ca_file).parent / "token"
    password_file = token_file.with_name("root-password")
    write_private(token_file, server.make_token())
    write_private(password_file, server.root_password)
    info = {
        "endpoint": server.endpoint,
        "ca_file": str(server.ca_file),
        "token_file": str(token_file),
        "root_password_file": str(password_file),
        "version": given.version,
        "machines": "SIMULATED: no host is behind a started guest",
    }
    text = json.dumps(info, indent=2) + "\n"
    if given.info:
        write_private(given.info, text)
    print(text, end="", flush=True)
    stopped.wait()
    server.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
