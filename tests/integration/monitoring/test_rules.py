# SPDX-License-Identifier: GPL-3.0-or-later
"""The alert rules over time: each waits as long as it says, then fires on its fault."""

from __future__ import annotations

import subprocess
import typing as t
from pathlib import Path

import pytest
import yaml
from integration.monitoring.place import ALERTS, bare, program

TESTS = Path(__file__).with_name("rules_test.yml").read_text()


def test_every_alert_passes_its_own_test(tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text(yaml.safe_dump(bare()))
    (tmp_path / "rules_test.yml").write_text(TESTS)
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
    fired = [
        case["alertname"]
        for test in yaml.safe_load(TESTS)["tests"]
        for case in test["alert_rule_test"]
        if case["exp_alerts"]
    ]
    assert alert["alert"] in fired
    assert alert["annotations"]["summary"].endswith(".")
    assert len(alert["annotations"]["mend"]) > 20
    assert alert["labels"]["severity"] in ("critical", "warning")
