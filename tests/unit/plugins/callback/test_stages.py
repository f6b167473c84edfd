# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person sees: the real ansible-playbook with small plays on localhost."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger import Ledger

ROOT = Path(__file__).resolve().parents[4]
RUN = "clusterwright.proxmox.run"
Play = t.Callable[..., tuple[int, str]]


@pytest.fixture
def play(tmp_path: Path) -> Play:
    """Run tasks on localhost; return exit code and output."""

    def run(*tasks: dict[str, t.Any], options: tuple[str, ...] = (), **env: str) -> tuple[int, str]:
        book = tmp_path / "play.yml"
        book.write_text(
            json.dumps(
                [
                    {
                        "name": "A small play",
                        "hosts": "localhost",
                        "gather_facts": False,
                        "tasks": list(tasks),
                    }
                ]
            )
        )
        (tmp_path / "ansible.cfg").write_text(
            "[defaults]\nstdout_callback = clusterwright.proxmox.stages\n"
            "callbacks_enabled = clusterwright.proxmox.ledger\n"
        )
        done = subprocess.run(
            [str(Path(sys.executable).parent / "ansible-playbook"), str(book), *options],
            env={
                "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "build/collections"),
                "ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg"),
                "ANSIBLE_LOCALHOST_WARNING": "false",
                "HOME": os.environ["HOME"],
                "PATH": os.environ["PATH"],
                **env,
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
        )
        return done.returncode, done.stdout

    return run


def ledger_task(folder: Path, state: str, **options: t.Any) -> dict[str, t.Any]:
    """Return a task of the ledger; after the first it belongs to the run that was begun."""
    task = {"state": state, "ledger": str(folder / "ledger.sqlite"), "directory": str(folder)}
    if state != "started":
        task["workflow_id"] = "{{ begun.workflow_id }}"
    return {"name": f"To {state}", RUN: {**task, **options}}


def begun(folder: Path) -> dict[str, t.Any]:
    """Return the task that begins a run."""
    return {**ledger_task(folder, "started", deployment="lab"), "register": "begun"}


def stage(folder: Path, name: str, **more: t.Any) -> dict[str, t.Any]:
    """Return the task that enters a stage."""
    return {**ledger_task(folder, "stage", stage=name, status="PLANNING"), **more}


def lines_of(output: str) -> dict[str, str]:
    """Return the stage lines: name to result."""
    found = re.findall(r"^(\S.*?) +\d+\.\d s  (.+)$", output, re.M)
    return dict(found)


WRITE = {"name": "Write", "ansible.builtin.copy": {"content": "x", "dest": "{{ playbook_dir }}/x"}}
FAIL = {"name": "Break", "ansible.builtin.fail": {"msg": "The disk is full."}}


def test_stages_tables_and_totals(play: Play, tmp_path: Path) -> None:
    code, output = play(
        begun(tmp_path),
        stage(tmp_path, "size"),
        WRITE,
        stage(tmp_path, "k3s", when=False),
        stage(tmp_path, "apply"),
        {**ledger_task(tmp_path, "released", deployment="lab"), "when": False},
        {"name": "Say", "ansible.builtin.debug": {"msg": "Apply it with this."}},
        ledger_task(tmp_path, "finished", status="COMPLETED"),
        {
            "name": "Show",
            "clusterwright.proxmox.runs": {
                "ledger": str(tmp_path / "ledger.sqlite"),
                "deployment": "lab",
            },
            "register": "shown",
        },
        {"name": "Tell", "ansible.builtin.debug": {"msg": "{{ shown.table.splitlines() }}"}},
    )
    assert code == 0, output
    shown = lines_of(output)
    total = shown.pop("total")
    assert shown == {"A small play": "ok", "size": "1 changed", "k3s": "not run", "apply": "ok"}
    assert total == "ok=8 changed=1 failed=0 unreachable=0"
    assert "\nApply it with this.\n" in output
    assert re.search(r"^ +whole run +COMPLETED", output, re.M)
    assert "Say" not in output, "tasks are shown with -v only"


def test_a_failure_is_one_sentence_and_closes_the_run(play: Play, tmp_path: Path) -> None:
    code, output = play(begun(tmp_path), stage(tmp_path, "size"), FAIL, WRITE)
    assert code == 2
    assert "\nBreak [localhost]\n  The disk is full.\n" in output
    assert output.count("The disk is full.") == 1
    assert lines_of(output)["size"] == "failed"
    ledger = Ledger(str(tmp_path / "ledger.sqlite"))
    [run] = ledger.runs("lab")
    ledger.close()
    assert run["status"] == "FAILED" and not run["interrupted"]
    assert run["errors"] == ["Break [localhost]: The disk is full."]
    assert json.loads((tmp_path / "result.json").read_text())["status"] == "FAILED"


@pytest.mark.parametrize(
    ("intent", "status"),
    [
        ("write me a poem about the sea", "REFUSED"),
        ("VM with 2 cores, 4 GB RAM and 20 GB disk", "FAILED"),
    ],
)
def test_a_run_that_stops_after_a_refusal_was_refused(
    play: Play, tmp_path: Path, intent: str, status: str
) -> None:
    options = {"intent": intent, "site": {}, "snapshot": {}, "deployment": "lab"}
    decide = {"clusterwright.proxmox.llm_size": {**options, "require_ready": False}}
    code, output = play(begun(tmp_path), {"name": "Decide", **decide}, FAIL)
    assert code == 2, output
    ledger = Ledger(str(tmp_path / "ledger.sqlite"))
    [run] = ledger.runs("lab")
    ledger.close()
    assert run["status"] == status


@pytest.mark.parametrize(
    "callbacks",
    [
        {"ANSIBLE_STDOUT_CALLBACK": "default"},
        {"ANSIBLE_CALLBACKS_ENABLED": "clusterwright.proxmox.stages"},
        {},
    ],
    ids=["ledger", "stages", "both"],
)
def test_each_callback_closes_a_failed_run(
    play: Play, tmp_path: Path, callbacks: dict[str, str]
) -> None:
    begin = begun(tmp_path)
    begin[RUN]["ledger"] = "{{ playbook_dir }}/ledger.sqlite"
    code, output = play(begin, stage(tmp_path, "size"), FAIL, **callbacks)
    assert code == 2 and "could not be closed" not in output, output
    assert ("PLAY RECAP" in output) == bool(callbacks.get("ANSIBLE_STDOUT_CALLBACK"))
    ledger = Ledger(str(tmp_path / "ledger.sqlite"))
    [run] = ledger.runs("lab")
    assert (run["status"], run["errors"]) == ("FAILED", ["Break [localhost]: The disk is full."])
    ledger.start("lab", config={}, user="ada", pid=os.getpid())
    ledger.close()


def test_a_refusal_is_no_failed_run(play: Play, tmp_path: Path) -> None:
    plan = {"plan_sha256": "a" * 64, "counts": {"create": 1}, "environments": ["test"]}
    decide = {"clusterwright.proxmox.approval": {**plan, "approve": "b" * 64}}
    code, _ = play(begun(tmp_path), stage(tmp_path, "plan"), decide)
    assert code == 2
    assert json.loads((tmp_path / "result.json").read_text())["status"] == "REFUSED"


def test_an_ignored_or_rescued_failure_fails_no_run(play: Play, tmp_path: Path) -> None:
    code, output = play(
        begun(tmp_path),
        stage(tmp_path, "size"),
        {**FAIL, "ignore_errors": True},
        {"block": [FAIL], "rescue": [WRITE]},
        ledger_task(tmp_path, "finished", status="COMPLETED"),
    )
    assert code == 0, output
    assert lines_of(output)["size"] == "1 changed"
    assert json.loads((tmp_path / "result.json").read_text())["status"] == "COMPLETED"


@pytest.mark.parametrize("stdout", ["default", "clusterwright.proxmox.stages"])
def test_a_run_that_ended_itself_keeps_its_end(play: Play, tmp_path: Path, stdout: str) -> None:
    code, _ = play(
        begun(tmp_path),
        stage(tmp_path, "apply"),
        {
            "block": [FAIL],
            "rescue": [ledger_task(tmp_path, "finished", status="ROLLED_BACK"), FAIL],
        },
        ANSIBLE_STDOUT_CALLBACK=stdout,
    )
    assert code == 2
    assert json.loads((tmp_path / "result.json").read_text())["status"] == "ROLLED_BACK"


def test_a_failure_that_ends_its_rescue_is_said_once(play: Play) -> None:
    again = {"name": "End here", "ansible.builtin.fail": {"msg": "{{ ansible_failed_result.msg }}"}}
    code, output = play({"block": [FAIL], "rescue": [WRITE, again]})
    assert code == 2 and output.count("The disk is full.") == 1, output
    told = {"name": "Tell", "ansible.builtin.debug": {"msg": "What was made is removed."}}
    code, output = play({"block": [FAIL], "rescue": [told, again]})
    assert code == 2 and output.count("The disk is full.") == 2, output


def test_slow_tasks_are_named(play: Play) -> None:
    slow = {"name": "The slow one", "ansible.builtin.command": {"cmd": "true"}}
    _, output = play(slow, WRITE, CLUSTERWRIGHT_SLOW_TASK_SECONDS="0")
    assert re.search(r"^    The slow one +\d+\.\d s$", output, re.M), output
    _, quiet = play(slow, WRITE)
    assert "The slow one" not in quiet


def test_check_mode_touches_no_ledger(play: Play, tmp_path: Path) -> None:
    code, output = play(begun(tmp_path), stage(tmp_path, "size"), FAIL, options=("--check",))
    assert code == 2 and "The disk is full." in output
    assert not (tmp_path / "ledger.sqlite").exists()


def test_verbose_shows_tasks_and_results(play: Play) -> None:
    _, output = play(WRITE, options=("-vv",))
    assert "  Write\n    changed: [localhost]\n" in output and '"dest":' in output


def test_secrets_stay_hidden(play: Play) -> None:
    secret = {"name": "Secret", "ansible.builtin.fail": {"msg": "hunter2"}, "no_log": True}
    code, output = play(secret, options=("-vvv",))
    assert code == 2 and "hunter2" not in output and "Secret [localhost]" in output


def test_a_playbook_that_cannot_be_read(play: Play) -> None:
    code, output = play({"name": "Nothing", "ansible.builtin.no_such_module": {}})
    assert code != 0 and "Traceback" not in output


def test_a_failed_loop_says_what_its_items_say(play: Play) -> None:
    code, shown = play(
        {
            "name": "Try each",
            "ansible.builtin.fail": {"msg": "{{ item }} is wrong."},
            "loop": ["first", "second"],
        }
    )
    assert code != 0
    assert "first is wrong. second is wrong." in shown
    assert "One or more items" not in shown
