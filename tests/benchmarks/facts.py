#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts of a cluster, ours beside community.proxmox's inventory, against one and the same server.

    .venv/bin/python tests/benchmarks/facts.py

A threaded HTTPS server in a process of its own answers every request after 20 ms. Prints a table
and writes ``build/benchmarks/facts.json``.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import multiprocessing
import multiprocessing.connection
import os
import resource
import subprocess
import sys
import tempfile
import time
import typing as t
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COLLECTIONS = ROOT / "build/collections"
sys.path[:0] = [str(ROOT / "tests"), str(COLLECTIONS)]

LATENCY_SECONDS = 0.02
SECRET = "00000000-0000-4000-8000-000000000000"
REPORT = ROOT / "build/benchmarks/facts.json"
BIN = Path(sys.executable).parent

Row = dict[str, t.Any]


class Cluster:
    """A simulated cluster in another process."""

    def __init__(self, folder: Path, nodes: int, guests: int) -> None:
        from unit.plugins.module_utils._pve.support import make_certificate

        self.nodes, self.guests = nodes, guests
        self.certificate = make_certificate(folder, "127.0.0.1")
        context = multiprocessing.get_context("spawn")
        self._control, theirs = context.Pipe()
        self._process = context.Process(
            target=serve, args=(theirs, str(self.certificate), nodes, guests), daemon=True
        )
        self._process.start()
        self.port: int = self._control.recv()

    def requests(self) -> int:
        """Return the requests since the last call."""
        self._control.send("count")
        return int(self._control.recv())

    def close(self) -> None:
        """End the process."""
        self._control.send("stop")
        self._process.join()


def serve(
    control: multiprocessing.connection.Connection, certificate: str, nodes: int, guests: int
) -> None:
    """Answer from generated data after the latency; runs in the server's process."""
    from unit.plugins.module_utils._pve import generated
    from unit.plugins.module_utils._pve.support import Answer, Request, Server

    ready = {
        path: Answer(answer.content(), answer.status, answer.reason)
        for path, answer in generated.cluster(nodes, guests).items()
    }
    unknown = Answer(b'{"data":null}', 501, "Method not implemented")

    def answer(request: Request) -> Answer:
        time.sleep(LATENCY_SECONDS)
        return ready.get(request.path, unknown)

    seen = 0
    with Server(Path(certificate), answer).serve() as server:
        control.send(server.port)
        while control.recv() == "count":
            total = len(server.requests)
            control.send(total - seen)
            seen = total


def measure_facts(cluster: Cluster, depth: str) -> Row:
    """Collect in a fresh process and return its calls, seconds and peak memory."""
    command = [sys.executable, __file__, "collect", str(cluster.port), str(cluster.certificate)]
    started = time.monotonic()
    done = subprocess.run([*command, depth], capture_output=True, text=True, check=True)
    seconds = time.monotonic() - started
    return {
        "what": f"proxmox_facts, depth {depth}",
        "calls": cluster.requests(),
        "seconds": round(seconds, 2),
        **json.loads(done.stdout),
    }


def collect_once(port: int, certificate: str, depth: str) -> None:
    """Collect, encode as the module does, and print what it took."""
    from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve import (
        client,
        collect,
    )

    connection = client.Connection(
        host="127.0.0.1",
        port=port,
        user="automation@pve",
        token_id="benchmark",
        token_secret=SECRET,
        ca_path=certificate,
    )
    facts = collect.collect(client.connect(connection), depth=depth)
    encoded = json.dumps(facts)
    print(
        json.dumps(
            {
                "guests": len(facts["guests"]),
                "addresses": sum(len(guest["addresses"]) for guest in facts["guests"]),
                "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
                "json_kib": len(encoded) // 1024,
                "calls_reported": facts["source"]["calls"],
                "unread": sum(item["id"] == "facts.not-read" for item in facts["missing"]),
            }
        )
    )


def measure_inventory(cluster: Cluster, what: str, suffix: str, options: Row) -> Row:
    """Run ansible-inventory and return its calls, seconds and the hosts with their addresses."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / f"benchmark.{suffix}.yml"
        source.write_text(json.dumps(options))
        started = time.monotonic()
        done = subprocess.run(
            [str(BIN / "ansible-inventory"), "-i", str(source), "--list"],
            env={
                "PATH": os.environ["PATH"],
                "HOME": folder,
                "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
                "ANSIBLE_INVENTORY_UNPARSED_FAILED": "true",
                "ANSIBLE_DEPRECATION_WARNINGS": "false",
                "REQUESTS_CA_BUNDLE": str(cluster.certificate),
                "no_proxy": "127.0.0.1",
            },
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = time.monotonic() - started
    if done.returncode:
        raise SystemExit(f"{what} failed: {done.stderr}")
    hosts = json.loads(done.stdout, object_hook=lambda item: item.get("__ansible_unsafe", item))[
        "_meta"
    ]["hostvars"]
    found = {name: addresses_of(variables) for name, variables in hosts.items()}
    return {
        "what": what,
        "calls": cluster.requests(),
        "seconds": round(seconds, 2),
        "guests": len(found),
        "addresses": sum(map(len, found.values())),
        "hosts": found,
    }


def addresses_of(variables: Row) -> list[str]:
    """Return the addresses that either plugin knows of a guest, loopback left out."""
    texts = list(variables.get("proxmox_addresses", ()))
    for item in variables.get("proxmox_agent_interfaces", ()):
        texts += [text.partition("/")[0] for text in item["ip-addresses"]]
    return sorted(text for text in texts if not text.startswith("127."))


def compare(cluster: Cluster) -> list[Row]:
    """Return ours and the peer's on one cluster; both must find the same."""
    version = json.loads(
        next(
            BIN.parent.glob(
                "lib/*/site-packages/ansible_collections/community/proxmox/MANIFEST.json"
            )
        ).read_text()
    )["collection_info"]["version"]
    peer = measure_inventory(
        cluster,
        f"community.proxmox {version} inventory with facts",
        "proxmox",
        {
            "plugin": "community.proxmox.proxmox",
            "url": f"https://127.0.0.1:{cluster.port}",
            "user": "automation@pve",
            "token_id": "benchmark",
            "token_secret": SECRET,
            "want_facts": True,
        },
    )
    ours = measure_inventory(
        cluster,
        "clusterwright inventory with addresses",
        "guests",
        {
            "plugin": "clusterwright.proxmox.guests",
            "api_host": f"127.0.0.1:{cluster.port}",
            "api_token_id": "automation@pve!benchmark",
            "api_token_secret": SECRET,
            "ca_path": str(cluster.certificate),
            "all_guests": True,
        },
    )
    if peer.pop("hosts") != ours.pop("hosts"):
        raise SystemExit("The two inventories do not find the same guests and addresses.")
    rows = [peer, ours, *(measure_facts(cluster, depth) for depth in ("basic", "addresses"))]
    for row in rows:
        row["times_faster"] = round(peer["seconds"] / row["seconds"], 1)
    return rows


def show(title: str, rows: t.Sequence[Row]) -> None:
    """Print one table."""
    print(f"\n{title}")
    print(f"{'':48}{'calls':>7}{'seconds':>9}{'faster':>8}{'guests':>8}{'addr.':>7}{'MiB':>6}")
    for row in rows:
        faster = f"{row['times_faster']}x" if "times_faster" in row else ""
        print(
            f"{row['what']:48}{row['calls']:>7}{row['seconds']:>9}{faster:>8}"
            f"{row['guests']:>8}{row['addresses']:>7}{row.get('peak_mib', ''):>6}"
        )


def main() -> None:
    """Measure both clusters."""
    report: Row = {
        "latency_ms": LATENCY_SECONDS * 1000,
        "ansible_core": importlib.metadata.version("ansible-core"),
    }
    for nodes, guests in ((5, 300), (20, 3000)):
        with (
            tempfile.TemporaryDirectory() as folder,
            contextlib.closing(Cluster(Path(folder), nodes, guests)) as cluster,
        ):
            rows = (
                compare(cluster)
                if nodes == 5
                else [measure_facts(cluster, depth) for depth in ("basic", "addresses")]
            )
        title = f"{nodes} nodes, {guests} guests, {report['latency_ms']:g} ms per request"
        show(title, rows)
        report[f"{nodes}x{guests}"] = {
            "bound_calls_without_addresses": 5 + 4 * nodes,
            "rows": rows,
        }
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps(report, indent=2) + "\n")
    print(f"\n{REPORT.relative_to(ROOT)}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["collect"]:
        collect_once(int(sys.argv[2]), sys.argv[3], sys.argv[4])
    else:
        main()
