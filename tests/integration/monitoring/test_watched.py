# SPDX-License-Identifier: GPL-3.0-or-later
"""Each alert fires on what it is for and no other does; each query of a dashboard has data.

Prometheus and Alertmanager are real, one Prometheus for each broken place; exporters serve
``series.yml``, and the metrics of runs are those of a real ledger.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import json
import math
import os
import queue
import typing as t
from pathlib import Path

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger import Ledger
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger._metrics import (
    exposition,
)
from integration.monitoring.place import (
    ALERTS,
    DASHBOARDS,
    SERIES,
    Exporters,
    alertmanager,
    ask,
    prometheus,
    served,
    watch,
)

SOUND = "sound"
#: A place where something fires and something restarts, so that every query has data.
SHOWN = "ClusterPodCrashLooping"
Data = dict[str, t.Any]


def runs(folder: Path, ends: t.Mapping[str, str]) -> str:
    """Return the metrics of a ledger whose deployments ended like that."""
    ledger = Ledger(str(folder / "ledger.sqlite"))
    for name, status in ends.items():
        run = str(ledger.start(name, config={}, user="ann", pid=os.getpid())["workflow_id"])
        ledger.stage(run, "size", "PLANNING")
        ledger.finish(run, status)
    text = exposition(ledger)
    ledger.close()
    return text


def names_of(alerts: list[Data]) -> set[str]:
    """Return the names of alerts that were told."""
    return {alert["labels"]["alertname"] for alert in alerts}


class Watched(t.NamedTuple):
    """Addresses of Prometheus, what fires there, and what the webhook was told, by place."""

    addresses: dict[str, str]
    fired: dict[str, set[str]]
    told: dict[str, list[Data]]


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Watched]:
    """Every place, watched until each alert is decided and told."""
    top = tmp_path_factory.mktemp("watched")
    places: dict[str, Exporters] = {}
    for name, broken in {SOUND: {}, **SERIES["broken"]}.items():
        folder = top / name
        folder.mkdir()
        places[name] = Exporters(broken, runs(folder, broken.get("runs", {"shop": "COMPLETED"})))
    messages: queue.Queue[Data] = queue.Queue()

    def answer(path: str, body: bytes, _headers: t.Mapping[str, str]) -> str | None:
        if body:
            messages.put(json.loads(body))
            return ""
        _empty, place, target = path.split("/", 2)
        return places[place].scrape(target)

    with contextlib.ExitStack() as stack:
        web = stack.enter_context(served(answer))
        config = {
            "route": {"receiver": "hook", "group_by": ["cluster"], "group_wait": "0s"},
            "receivers": [{"name": "hook", "webhook_configs": [{"url": f"http://{web}/alerts"}]}],
        }
        alerts = stack.enter_context(alertmanager(top / "alertmanager", config))
        addresses = {
            name: stack.enter_context(prometheus(top / name, web, place.names, alerts, name))
            for name, place in places.items()
        }
        with concurrent.futures.ThreadPoolExecutor(len(places)) as pool:
            looked = {
                name: pool.submit(watch, addresses[name], top / name, place)
                for name, place in places.items()
            }
            fired = {name: future.result() for name, future in looked.items()}
        told: dict[str, list[Data]] = {name: [] for name in places}
        while any(fired[name] - names_of(told[name]) for name in places):
            message = messages.get(timeout=180)
            told[message["groupLabels"]["cluster"]] += message["alerts"]
        yield Watched(addresses, fired, told)


@pytest.mark.parametrize("alert", [rule["alert"] for rule in ALERTS])
def test_an_alert_fires_on_what_it_is_for_and_no_other(
    watched: Watched, alert: str, record_property: t.Callable[[str, object], None]
) -> None:
    assert watched.fired[alert] == {alert}
    names = SERIES["broken"][alert].get("names", {})
    # A scrape that a busy machine missed may be told too, before all is decided.
    told = [item for item in watched.told[alert] if item["labels"]["alertname"] == alert]
    assert told
    for item in told:
        assert names.items() <= item["labels"].items()
        assert item["labels"]["cluster"] == alert, "a receiver cannot tell which cluster it is"
    record_property("sees", f"alert {alert}")


def test_nothing_fires_where_all_is_well(watched: Watched) -> None:
    assert watched.fired[SOUND] == set()


def queries() -> t.Iterator[t.Any]:
    """Yield dashboard, panel, unit and query."""
    for path in DASHBOARDS:
        for panel in json.loads(path.read_text())["panels"]:
            unit = panel["fieldConfig"]["defaults"].get("unit", "")
            for target in panel.get("targets", ()):
                told = f"{path.stem}: {panel['title']}"
                yield pytest.param(told, unit, target["expr"], id=told)


@pytest.mark.parametrize(("told", "unit", "query"), list(queries()))
def test_a_query_of_a_dashboard_has_data(
    watched: Watched,
    told: str,
    unit: str,
    query: str,
    record_property: t.Callable[[str, object], None],
) -> None:
    filled = query.replace("$__rate_interval", "5m").replace("$__range", "6h")
    found = ask(watched.addresses[SHOWN], filled)
    assert found, query
    values = [float(series["value"][1]) for series in found]
    assert all(map(math.isfinite, values)), values
    if unit == "percentunit":
        assert all(0 <= value <= 1 for value in values), values
    record_property("sees", f"query {told}")
