# SPDX-License-Identifier: GPL-3.0-or-later
"""The rulebook in its real engine: what a real Alertmanager sends starts the right run, once."""

from __future__ import annotations

import hashlib
import http
import os
import signal
import subprocess
import sys
import time
import typing as t
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger import Ledger
from integration.monitoring.place import ROOT, alertmanager, free_port, post

#: Its engine, which needs Java; kept apart from the environment of the checkout.
LOCK = Path(__file__).with_name("rulebook.txt")
TOKEN = "a-token-of-the-receiver"


def alert(name: str, cluster: str, severity: str = "critical", **more: str) -> dict[str, t.Any]:
    labels = {"alertname": name, "cluster": cluster, "severity": severity, **more}
    return {"labels": labels, "annotations": {"summary": f"{name} is told."}}


@pytest.fixture(scope="module")
def engine() -> Path:
    """The program ansible-rulebook."""
    digest = hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]
    place = ROOT / "build/rulebook" / digest
    program = place / "bin/ansible-rulebook"
    if not program.is_file():
        subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
        pip = [str(place / "bin/pip"), "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--require-hashes", f"--requirement={LOCK}"], check=True)
    return program


class Rulebook:
    """The running rulebook: its address, what it says, and the deployments of its runs."""

    def __init__(self, engine: Path, folder: Path) -> None:
        """Start it as its first lines say."""
        self.port, self.output = free_port(), folder / "output"
        self.deployments = folder / "deployments"
        (folder / "hosts").write_text("localhost ansible_connection=local\n")
        (folder / "vars.yml").write_text(f"clusterwright_port: {self.port}\n")
        own = {
            "CLUSTERWRIGHT_WEBHOOK_TOKEN": TOKEN,
            "CLUSTERWRIGHT_DEPLOYMENTS_DIR": str(self.deployments),
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "build/collections"),
            "ANSIBLE_NOCOLOR": "1",
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}:{engine.parent}",
        }
        with self.output.open("wb") as output:
            self._child = subprocess.Popen(
                [
                    str(engine),
                    "--rulebook=clusterwright.proxmox.alerts",
                    f"--inventory={folder}/hosts",
                    f"--vars={folder}/vars.yml",
                    f"--env-vars={','.join(list(own)[:2])}",
                ],
                cwd=folder,
                env={**os.environ, **own},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.wait_for("", lambda: self.answers("nobody's token") == http.HTTPStatus.UNAUTHORIZED)

    def answers(self, token: str) -> int:
        """Return how a message with a token is answered; 0 while nobody listens."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/alerts",
            b'{"alerts": []}',
            {"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def wait_for(self, text: str, holds: t.Callable[[], bool] = lambda: True) -> str:
        """Return the output once it has a text and something holds."""
        end = time.monotonic() + 180
        while time.monotonic() < end and self._child.poll() is None:
            said = self.output.read_text()
            if text in said and holds():
                return said
            time.sleep(0.1)
        raise AssertionError(self.output.read_text())

    def end(self) -> None:
        """End it with what it started."""
        os.killpg(self._child.pid, signal.SIGKILL)
        self._child.wait()


@pytest.fixture(scope="module")
def rulebook(engine: Path, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Rulebook]:
    """The rulebook, listening."""
    running = Rulebook(engine, tmp_path_factory.mktemp("rulebook"))
    yield running
    running.end()


def test_alerts_start_one_run_of_their_deployment(rulebook: Rulebook, tmp_path: Path) -> None:
    hook = {
        "url": f"http://127.0.0.1:{rulebook.port}/alerts",
        "http_config": {"authorization": {"credentials": TOKEN}},
    }
    config = {
        "route": {"receiver": "hook", "group_by": ["cluster"], "group_wait": "0s"},
        "receivers": [{"name": "hook", "webhook_configs": [hook]}],
    }
    ended = "There is no plan in {}, and the cluster was not asked"
    with alertmanager(tmp_path, config) as alerts:
        # In one message: twice the same, one that is only a warning, and one that starts nothing.
        first = [
            alert("ClusterNodeDown", "shop", node="a1"),
            alert("ClusterNodeDown", "shop", node="a2"),
            alert("ClusterPodCrashLooping", "shop", "warning"),
            alert("EtcdNoQuorum", "shop"),
        ]
        post(f"{alerts}/api/v2/alerts", first)
        rulebook.wait_for("shop EtcdNoQuorum: EtcdNoQuorum is told.")
        rulebook.wait_for(ended.format(rulebook.deployments / "shop"))
        # What comes now is looked at after all of that.
        post(f"{alerts}/api/v2/alerts", [alert("EtcdMemberMissing", "other")])
        said = rulebook.wait_for(ended.format(rulebook.deployments / "other"))
    assert "ClusterPodCrashLooping" not in said
    assert TOKEN not in said
    ledger = Ledger(str(rulebook.deployments / "ledger.sqlite"))
    begun = [run["deployment"] for run in ledger.runs()]
    ledger.close()
    assert sorted(begun) == ["other", "shop"], "once_within an hour for each alert of a cluster"


def test_nobody_else_starts_a_run(rulebook: Rulebook) -> None:
    assert rulebook.answers("another token") == http.HTTPStatus.UNAUTHORIZED
    assert rulebook.answers(TOKEN) == http.HTTPStatus.OK
