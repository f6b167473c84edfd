# SPDX-License-Identifier: GPL-3.0-or-later
"""A watched place: exporters that serve ``series.yml``, and the programs that watch them."""

from __future__ import annotations

import contextlib
import http.server
import json
import shutil
import subprocess
import threading
import time
import typing as t
import urllib.request
from collections import defaultdict
from pathlib import Path

import yaml
from lab.ports import free_port

ROOT = Path(__file__).resolve().parents[3]
MONITORING = ROOT / "plugins/plugin_utils/_catalogue/entries/monitoring"
RULES = yaml.safe_load((MONITORING / "rules.yml").read_text())
ALERTS = [rule for group in RULES["groups"] for rule in group["rules"]]
DASHBOARDS = sorted((MONITORING / "dashboards").glob("*.json"))
SERIES = yaml.safe_load(Path(__file__).with_name("series.yml").read_text())
INTERVAL_SECONDS = 10
Data = dict[str, t.Any]


def program(name: str) -> str:
    """Return the path of a program that tests/packages.sh brings."""
    found = shutil.which(name)
    assert found is not None, f"{name} is not installed; run tests/packages.sh."
    return found


def bare(*, quick: bool = False) -> t.Any:
    """Return the rules without their texts; ``quick``: with nothing to wait for."""
    rules = json.loads(json.dumps(RULES))
    for group in rules["groups"]:
        group.update({"interval": "1s"} if quick else {})
        for rule in group["rules"]:
            del rule["annotations"]
            rule.update({"for": "0s"} if quick else {})
    return rules


def until(
    address: str,
    holds: t.Callable[[t.Any], bool] = bool,
    *,
    read: t.Callable[[bytes], t.Any] = json.loads,
    seconds: int = 180,
) -> t.Any:
    """Return the first answer of an address, as ``read`` reads it, for which something holds."""
    end, answered = time.monotonic() + seconds, None
    while time.monotonic() < end:
        with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310
            answered = read(answer.read())
            if holds(answered):
                return answered
        time.sleep(0.1)
    raise AssertionError(f"{address} did not answer as wanted; last it said {answered}.")


def post(address: str, body: t.Any = None) -> None:
    """Post JSON, or nothing."""
    data = None if body is None else json.dumps(body).encode()
    head = {"Content-Type": "application/json"}
    request = urllib.request.Request(address, data, head, method="POST")  # noqa: S310
    urllib.request.urlopen(request, timeout=60).close()  # noqa: S310


class Exporters:
    """All targets of one place: what a name and labels are worth, and who does not answer."""

    def __init__(self, broken: t.Mapping[str, t.Any] | None = None, runs: str = "") -> None:
        """Take what is different from a sound place, and the metrics of runs."""
        broken = broken or {}
        self.down = set(broken.get("down", ()))
        self._times: defaultdict[str, int] = defaultdict(int)
        self._lines: dict[str, dict[str, str]] = {}
        for job, found in SERIES["sound"].items():
            for target in found["targets"]:
                lines = _parsed(found["series"] + (runs if job == "machines" else ""))
                for name in (job, f"{job}/{target}"):
                    lines |= _parsed(broken.get("series", {}).get(name, ""))
                self._lines[f"{job}/{target}"] = lines

    @property
    def names(self) -> list[str]:
        """Return the targets as job/instance."""
        return list(self._lines)

    def scrape(self, name: str) -> str | None:
        """Return the metrics of a target, or nothing when it does not answer."""
        if name in self.down:
            return None
        self._times[name] += 1
        return "".join(
            f"{series} {_value(value, self._times[name])}\n"
            for series, value in self._lines[name].items()
        )


def _parsed(text: str) -> dict[str, str]:
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return {series: value for series, _space, value in (line.rpartition(" ") for line in lines)}


def _value(text: str, times: int) -> float:
    if text.startswith("+"):
        return float(text) * times
    return time.time() + float(text[3:]) if text.startswith("now") else float(text)


@contextlib.contextmanager
def served(answer: t.Callable[[str, bytes, t.Mapping[str, str]], str | None]) -> t.Iterator[str]:
    """Serve HTTP on the loopback; ``answer`` gets path, body and headers, None is an error."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            text = answer(self.path, body, self.headers)
            self.send_response(500 if text is None else 200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write((text or "").encode())

        do_POST = do_GET

        def log_message(self, format: str, *args: t.Any) -> None:
            """Say nothing."""

    class Server(http.server.ThreadingHTTPServer):
        request_queue_size = 512  # all places ask for all targets at once

        def handle_error(self, request: t.Any, client_address: t.Any) -> None:
            """Say nothing of who hung up."""

    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@contextlib.contextmanager
def _running(*command: str, address: str) -> t.Iterator[str]:
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(f"{address}/-/ready", read=bytes)
        yield address
    finally:
        child.kill()
        child.wait()


@contextlib.contextmanager
def alertmanager(folder: Path, config: Data) -> t.Iterator[str]:
    """Run an Alertmanager and yield its address."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "alertmanager.yml").write_text(yaml.safe_dump(config))
    own = f"127.0.0.1:{free_port()}"
    with _running(
        program("prometheus-alertmanager"),
        f"--config.file={folder}/alertmanager.yml",
        f"--storage.path={folder}/alerts",
        f"--web.listen-address={own}",
        "--cluster.listen-address=",
        address=f"http://{own}",
    ) as address:
        yield address


@contextlib.contextmanager
def prometheus(
    folder: Path, exporters: str, targets: t.Iterable[str], alerts: str, cluster: str
) -> t.Iterator[str]:
    """Run a Prometheus without rules and yield its address; see ``watch``."""
    folder.mkdir(parents=True, exist_ok=True)
    jobs = defaultdict(list)
    for target in targets:
        job, _slash, instance = target.partition("/")
        labels = {"__metrics_path__": f"/{cluster}/{target}", "instance": instance}
        jobs[job].append({"targets": [exporters], "labels": labels})
    every = f"{INTERVAL_SECONDS}s"
    config = {
        "global": {
            "scrape_interval": every,
            "scrape_timeout": every,
            "evaluation_interval": "1s",
            "external_labels": {"cluster": cluster},
        },
        "rule_files": [str(folder / "rules.yml")],
        "alerting": {
            "alertmanagers": [{"static_configs": [{"targets": [alerts.removeprefix("http://")]}]}]
        },
        "scrape_configs": [
            {"job_name": job, "static_configs": found} for job, found in jobs.items()
        ],
    }
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    own = f"127.0.0.1:{free_port()}"
    with _running(
        program("prometheus"),
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/data",
        f"--web.listen-address={own}",
        "--web.enable-lifecycle",
        address=f"http://{own}",
    ) as address:
        yield address


def ask(address: str, query: str) -> list[Data]:
    """Return the series that a query gives now."""
    text = urllib.request.quote(query)  # type: ignore[attr-defined]
    found = until(f"{address}/api/v1/query?query={text}")
    return t.cast("list[Data]", found["data"]["result"])


def watch(address: str, folder: Path, exporters: Exporters) -> set[str]:
    """Load the rules once every target was looked at twice; return the alerts that fire then.

    Each alert is decided when its rule was evaluated once: nothing is left to wait for.
    """
    wanted = {name: "down" if name in exporters.down else "up" for name in exporters.names}

    def settled(found: Data) -> bool:
        health = {
            f"{target['labels']['job']}/{target['labels']['instance']}": target["health"]
            for target in found["data"]["activeTargets"]
        }
        return health == wanted

    until(f"{address}/api/v1/targets", settled)
    twice = urllib.request.quote("count(count_over_time(up[1h]) >= 2)")  # type: ignore[attr-defined]

    def looked_at(found: Data) -> bool:
        result = found["data"]["result"]
        return bool(result) and int(result[0]["value"][1]) == len(wanted)

    until(f"{address}/api/v1/query?query={twice}", looked_at)
    (folder / "rules.yml").write_text(yaml.safe_dump(bare(quick=True)))
    post(f"{address}/-/reload")

    def evaluated(found: Data) -> bool:
        rules = [rule for group in found["data"]["groups"] for rule in group["rules"]]
        return len(rules) == len(ALERTS) and all(rule["health"] == "ok" for rule in rules)

    until(f"{address}/api/v1/rules", evaluated)
    found = until(f"{address}/api/v1/alerts")["data"]["alerts"]
    return {alert["labels"]["alertname"] for alert in found if alert["state"] == "firing"}
