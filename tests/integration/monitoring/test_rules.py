# SPDX-License-Identifier: GPL-3.0-or-later
"""The alert rules in real programs: each fires on its fault, and is told of."""

from __future__ import annotations

import contextlib
import http.server
import json
import queue
import re
import shutil
import socket
import subprocess
import threading
import time
import typing as t
import urllib.request
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
MONITORING = ROOT / "plugins/plugin_utils/_catalogue/entries/monitoring"
RULES = yaml.safe_load((MONITORING / "rules.yml").read_text())
ALERTS = [rule for group in RULES["groups"] for rule in group["rules"]]
DEAD = "127.0.0.1:1"
DASHBOARDS = sorted((MONITORING / "dashboards").glob("*.json"))


def program(name: str) -> str:
    """Return the path of a program that tests/packages.sh brings."""
    found = shutil.which(name)
    assert found is not None, f"{name} is not installed; run tests/packages.sh."
    return found


def bare(rules: t.Any) -> t.Any:
    """Return the rules without their texts, which promtool would want word by word."""
    text = json.loads(json.dumps(rules))
    for group in text["groups"]:
        for rule in group["rules"]:
            rule.pop("annotations")
    return text


def test_every_alert_passes_its_own_test(tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text(yaml.safe_dump(bare(RULES)))
    tests = Path(__file__).with_name("rules_test.yml").read_text()
    (tmp_path / "rules_test.yml").write_text(tests)
    done = subprocess.run(
        [program("promtool"), "test", "rules", "rules_test.yml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_every_alert_is_tested_and_tells_what_to_do(alert: dict[str, t.Any]) -> None:
    tests = yaml.safe_load(Path(__file__).with_name("rules_test.yml").read_text())["tests"]
    fired = [
        case["alertname"]
        for test in tests
        for case in test["alert_rule_test"]
        if case["exp_alerts"]
    ]
    assert alert["alert"] in fired
    assert alert["annotations"]["summary"].endswith(".")
    assert len(alert["annotations"]["mend"]) > 20
    assert alert["labels"]["severity"] in ("critical", "warning")


class Receiver(http.server.BaseHTTPRequestHandler):
    """Takes what Alertmanager posts."""

    got: queue.Queue[dict[str, t.Any]] = queue.Queue()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.got.put(json.loads(body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: t.Any) -> None:
        """Say nothing."""


def port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def quick() -> t.Any:
    """Return the rules with nothing to wait for: load them when every target was looked at."""
    rules = bare(RULES)
    for group in rules["groups"]:
        group["interval"] = "1s"
        for rule in group["rules"]:
            rule["for"] = "0s"
    return rules


def until(address: str, holds: t.Callable[[bytes], bool], seconds: int = 120) -> bytes:
    """Return the first answer of an address for which something holds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310
            body = t.cast(bytes, answer.read())
            if holds(body):
                return body
        time.sleep(0.1)
    raise AssertionError(f"{address} did not answer as wanted within {seconds} seconds.")


def settled(targets: bytes) -> bool:
    """Say whether all four targets were looked at: the living answered, the dead one did not."""
    health = {
        (target["scrapePool"], target["scrapeUrl"].split("/")[2]): target["health"]
        for target in json.loads(targets)["data"]["activeTargets"]
    }
    right = [state == ("down" if host == DEAD else "up") for (_, host), state in health.items()]
    return len(right) == 4 and all(right)


def ask(address: str, path: str) -> t.Any:
    """Return an answer of Prometheus once it gives one."""
    return json.loads(until(f"{address}{path}", bool))


@pytest.fixture
def prometheus(tmp_path: Path) -> t.Iterator[str]:
    """A Prometheus with a dead etcd member, and an Alertmanager that tells the receiver."""
    hook = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=hook.serve_forever, daemon=True).start()
    own, alerts = port(), port()
    config = {
        "global": {"scrape_interval": "5s", "scrape_timeout": "5s", "evaluation_interval": "1s"},
        "rule_files": [str(tmp_path / "rules.yml")],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [f"127.0.0.1:{alerts}"]}]}]},
        "scrape_configs": [
            {
                "job_name": "kube-etcd",
                "static_configs": [{"targets": [f"127.0.0.1:{own}", f"127.0.0.1:{alerts}", DEAD]}],
            },
            {"job_name": "kubelet", "static_configs": [{"targets": [f"127.0.0.1:{own}"]}]},
        ],
    }
    told = {
        "route": {"receiver": "hook", "group_wait": "0s", "group_interval": "1s"},
        "receivers": [
            {
                "name": "hook",
                "webhook_configs": [{"url": f"http://127.0.0.1:{hook.server_port}/alerts"}],
            }
        ],
    }
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(config))
    (tmp_path / "alertmanager.yml").write_text(yaml.safe_dump(told))
    commands = [
        [
            program("prometheus-alertmanager"),
            f"--config.file={tmp_path}/alertmanager.yml",
            f"--storage.path={tmp_path}/alerts",
            f"--web.listen-address=127.0.0.1:{alerts}",
            "--cluster.listen-address=",
        ],
        [
            program("prometheus"),
            f"--config.file={tmp_path}/prometheus.yml",
            f"--storage.tsdb.path={tmp_path}/data",
            f"--web.listen-address=127.0.0.1:{own}",
            "--web.enable-lifecycle",
        ],
    ]
    children = []
    try:
        for command, ready in zip(commands, (alerts, own), strict=True):
            children.append(
                subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            )
            until(f"http://127.0.0.1:{ready}/-/ready", bool)
        address = f"http://127.0.0.1:{own}"
        until(f"{address}/api/v1/targets", settled)
        (tmp_path / "rules.yml").write_text(yaml.safe_dump(quick()))
        reload = urllib.request.Request(f"{address}/-/reload", method="POST")  # noqa: S310
        urllib.request.urlopen(reload, timeout=60).close()  # noqa: S310
        yield address
    finally:
        for child in children:
            child.kill()
            child.wait()
        hook.shutdown()


def test_a_dead_target_fires_exactly_its_alert(prometheus: str) -> None:
    told = Receiver.got.get(timeout=120)
    assert [alert["labels"]["alertname"] for alert in told["alerts"]] == ["EtcdMemberMissing"]
    groups = ask(prometheus, "/api/v1/rules")["data"]["groups"]
    assert {rule["name"] for group in groups for rule in group["rules"]} == {
        alert["alert"] for alert in ALERTS
    }
    assert {rule["health"] for group in groups for rule in group["rules"]} == {"ok"}


def queries(dashboard: Path) -> list[str]:
    data = json.loads(dashboard.read_text())
    return [target["expr"] for panel in data["panels"] for target in panel.get("targets", ())]


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda path: path.stem)
def test_every_query_of_a_dashboard_is_read(prometheus: str, dashboard: Path) -> None:
    for query in queries(dashboard):
        text = re.sub(r"\$__rate_interval|\$__range", "5m", query)
        address = f"/api/v1/query?query={urllib.request.quote(text)}"  # type: ignore[attr-defined]
        assert ask(prometheus, address)["status"] == "success", query
