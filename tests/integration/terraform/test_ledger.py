# SPDX-License-Identifier: GPL-3.0-or-later
"""Controllers that share a ledger in a real PostgreSQL, or in a file, never share an id."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger import Ledger
from integration.terraform.backends import postgresql

ROOT = Path(__file__).resolve().parents[3]
CONTROLLERS = 6
#: One controller: waits for the starting shot, then wants what all want.
CONTROLLER = """
import json, os, sys
sys.path.insert(0, "build/collections")
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger import (
    Ledger, LedgerError,
)
wish, url, number = sys.argv[1:]
said = {"number": int(number), "won": True, "error": ""}
print("ready", flush=True)
sys.stdin.readline()
try:
    ledger = Ledger(url)
    if wish == "deployment":
        ledger.start("demo", config={}, user="ada", pid=os.getpid())
    else:
        machine = {"name": f"m{number}", "vmid": int(number) + 20000, "address": None}
        machine[wish] = {"name": "web", "vmid": 20000, "address": "192.0.2.5"}[wish]
        ledger.reserve(f"deployment-{number}", [machine])
except LedgerError as error:
    said.update(won=False, error=str(error))
print(json.dumps(said), flush=True)
sys.stdin.readline()
"""


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the ledger is; the tables are not made yet."""
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "sqlite":
        yield str(folder / "ledger.sqlite")
        return
    with postgresql(folder) as server:
        yield server.environment["PG_CONN_STR"].replace("postgres://", "postgresql+psycopg://")


@pytest.mark.parametrize("wish", ["deployment", "vmid", "name", "address"])
def test_one_of_all_controllers_wins(url: str, wish: str) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", CONTROLLER, wish, url, str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for number in range(1, CONTROLLERS + 1)
    ]
    pipes = [(process.stdin, process.stdout) for process in processes]
    for _stdin, stdout in pipes:
        assert stdout is not None and stdout.readline() == "ready\n"
    for stdin, _stdout in pipes:
        assert stdin is not None
        stdin.write("\n")
        stdin.flush()
    said = [json.loads(stdout.readline()) for _stdin, stdout in pipes if stdout]
    for process in processes:
        process.communicate("\n")
    [winner] = [each["number"] for each in said if each["won"]]
    for each in said:
        words = ("is in use by run", "was taken by deployment", "at this very moment")
        assert each["won"] or any(word in each["error"] for word in words), each["error"]
    ledger = Ledger(url)
    if wish != "deployment":
        held = ledger.reserved(but="none")
        assert held[{"vmid": "vmids", "name": "names", "address": "addresses"}[wish]] == [
            {"vmid": 20000, "name": "web", "address": "192.0.2.5"}[wish]
        ]
        ledger.release(f"deployment-{winner}")
    ledger.close()
