#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Seconds of the role k3s beside two others, on hosts of the lab.

    .venv/bin/python tests/benchmarks/k3s.py

Each makes a cluster of three servers and two agents on fresh hosts, until all nodes are Ready,
and adds one agent on a host that is already there:

* by hand, the lower bound: the same binary, copied to all hosts at once and started there, the
  first server, then everybody else together;
* peers: the sequence of ``k3s_peers.yml``, once more, and with one more agent;
* role: the playbook ``k3s_cluster``, once more, and with one more agent.

What Ansible takes for a task that does nothing, on all five hosts, is measured beside them.

Prints a table and writes ``build/benchmarks/k3s.json``.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
REPORT = ROOT / "build/benchmarks/k3s.json"
LAB = "benchmark-k3s"
SERVERS, AGENTS, LATER = ["server-1", "server-2", "server-3"], ["agent-1", "agent-2"], "agent-3"
TOKEN = "token-of-a-benchmark"
READY_SECONDS = 300
POLL_SECONDS = 0.5
TASK_LINE = re.compile(r"^.+ -+ +(\d+\.\d+)s$", re.M)
CHANGED_HOST = re.compile(r"^(?!localhost)\S+ +: ok=\d+ +changed=[1-9]", re.M)
EMPTY_TASKS = 20
PLAYBOOKS = {"peers": "tests/benchmarks/k3s_peers.yml", "role": "playbooks/k3s_cluster.yml"}
UNIT = "--property=Type=notify --property=Delegate=yes --property=KillMode=process"


class Hosts:
    """The lab's hosts and how they are reached."""

    def __init__(self) -> None:
        hosts(*("up", *SERVERS, *AGENTS, LATER))
        self.lab = json.loads((ROOT / f"build/lab/{LAB}/lab.json").read_text())
        self.options = [
            *("-i", self.lab["ssh_private_key_file"], "-o", "StrictHostKeyChecking=no"),
            *("-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"),
        ]

    def address(self, name: str) -> str:
        """Return where a host is."""
        return str(self.lab["hosts"][name])

    def run(self, name: str, command: str) -> str:
        """Run a command as root."""
        target = f"{self.lab['user']}@{self.address(name)}"
        return call("ssh", *self.options, target, f"sudo sh -c '{command}'")

    def copy(self, name: str, path: str, target: str) -> None:
        """Copy a file to a folder that everybody can write to."""
        call("scp", "-q", *self.options, path, f"{self.lab['user']}@{self.address(name)}:{target}")

    def ready(self, count: int) -> None:
        """Return when as many nodes are Ready.

        Raises:
            SystemExit: they are not in time.
        """
        ask = 'k3s kubectl get nodes --no-headers 2>/dev/null | grep -c " Ready" || true'
        end = time.monotonic() + READY_SECONDS
        while time.monotonic() < end:
            if int(self.run(SERVERS[0], ask) or 0) == count:
                return
            time.sleep(POLL_SECONDS)
        raise SystemExit(f"{count} nodes are not Ready after {READY_SECONDS} s.")


def call(*command: str, **more: t.Any) -> str:
    """Run a command to its end and return its output.

    Raises:
        SystemExit: it failed; its output is the message.
    """
    done = subprocess.run(
        command,
        cwd=ROOT,
        text=True,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        check=False,
        **more,
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout.strip()


def hosts(*arguments: str) -> None:
    """Give the lab's hosts an order."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "tests")}
    verb, *names = arguments
    call(sys.executable, "-m", "lab.hosts", verb, "--name", LAB, *names, env=environment)


def by_hand(made: Hosts) -> tuple[float, float]:
    """Return the seconds of a cluster, and of one more agent."""
    begun = time.monotonic()

    def prepare(name: str) -> None:
        made.copy(name, made.lab["k3s_binary"], "/tmp/k3s")
        made.run(name, "install -m 0755 /tmp/k3s /usr/local/bin/k3s && rm /tmp/k3s")

    def start(name: str) -> None:
        part = "server" if name in SERVERS else "agent"
        how = f"--server https://{made.address(SERVERS[0])}:6443"
        if name == SERVERS[0]:
            how = "--cluster-init"
        words = f"k3s {part} --token {TOKEN} --node-name {name} {how}"
        made.run(name, f"systemd-run --quiet --unit=k3s {UNIT} /usr/local/bin/{words}")

    with ThreadPoolExecutor() as pool:
        list(pool.map(prepare, [*SERVERS, *AGENTS]))
        start(SERVERS[0])
        list(pool.map(start, [*SERVERS[1:], *AGENTS]))
    made.ready(len(SERVERS + AGENTS))
    formed = time.monotonic()
    prepare(LATER)
    start(LATER)
    made.ready(len(SERVERS + AGENTS) + 1)
    return formed - begun, time.monotonic() - formed


def inventory(made: Hosts, folder: Path, agents: t.Sequence[str]) -> str:
    """Write a plain inventory and return its path."""
    listed = {name: {"ansible_host": made.address(name)} for name in [*SERVERS, *AGENTS, LATER]}
    group = {
        "k3s_server": {"hosts": {name: listed[name] for name in SERVERS}},
        "k3s_agent": {"hosts": {name: listed[name] for name in agents}},
        "all": {
            "vars": {
                "ansible_user": made.lab["user"],
                "ansible_ssh_private_key_file": made.lab["ssh_private_key_file"],
                "ansible_ssh_common_args": (
                    "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null"
                ),
                "ansible_python_interpreter": "/usr/bin/python3",
                "k3s_directory": str(folder),
                "k3s_binary_src": made.lab["k3s_binary"],
                "k3s_binary_sha256": made.lab["k3s_sha256"],
                "k3s_version": made.lab["k3s_version"],
                "k3s_vip": f"{made.lab['prefix']}.200",
            }
        },
    }
    path = folder / f"hosts-{len(agents)}.json"
    path.write_text(json.dumps(group))
    return str(path)


def play(playbook: str, hosts_file: str) -> dict[str, float]:
    """Run a playbook; return its seconds, its tasks and how many hosts it changed."""
    environment = {
        **os.environ,
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.default",
        "ANSIBLE_CALLBACKS_ENABLED": "ansible.posix.profile_tasks",
        "PROFILE_TASKS_TASK_OUTPUT_LIMIT": "all",
    }
    begun = time.monotonic()
    output = call(
        *(str(BIN / "ansible-playbook"), str(ROOT / playbook), "-i", hosts_file), env=environment
    )
    seconds = time.monotonic() - begun
    (REPORT.parent / f"{Path(playbook).stem}.log").write_text(output)
    return {
        "seconds": round(seconds, 1),
        "tasks": len(TASK_LINE.findall(output)),
        "hosts changed": len(CHANGED_HOST.findall(output)),
    }


def empty_task(hosts_file: str, folder: Path) -> float:
    """Return the seconds that Ansible takes for a task that does nothing, on all hosts."""
    path = folder / "empty.yml"

    def seconds(count: int) -> float:
        tasks: list[t.Any] = [{"ansible.builtin.ping": {}}] * count
        plays = [{"hosts": "k3s_server:k3s_agent", "gather_facts": False, "tasks": tasks}]
        path.write_text(json.dumps(plays))
        return play(str(path), hosts_file)["seconds"]

    return (seconds(EMPTY_TASKS + 1) - seconds(1)) / EMPTY_TASKS


def main() -> None:
    """Boot hosts, measure, end them."""
    rows: dict[str, dict[str, float]] = {}
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    try:
        made = Hosts()
        first, more = by_hand(made)
        rows["by hand, first run"] = {"seconds": round(first, 1)}
        rows["by hand, one more agent"] = {"seconds": round(more, 1)}
        for who, playbook in PLAYBOOKS.items():
            hosts("remake", *SERVERS, *AGENTS, LATER)
            with tempfile.TemporaryDirectory(prefix="clusterwright-benchmark-") as name:
                some = inventory(made, Path(name), AGENTS)
                rows["an empty task"] = {"seconds": round(empty_task(some, Path(name)), 2)}
                rows[f"{who}, first run"] = play(playbook, some)
                rows[f"{who}, second run"] = play(playbook, some)
                all_of_them = inventory(made, Path(name), [*AGENTS, LATER])
                rows[f"{who}, one more agent"] = play(playbook, all_of_them)
    finally:
        hosts("down")
    found = {"processors": os.cpu_count(), "load": os.getloadavg()[0], "runs": rows}
    REPORT.write_text(json.dumps(found, indent=2) + "\n")
    print(f"{'':<26}{'seconds':>9}{'tasks':>7}{'hosts changed':>15}")
    for what, row in rows.items():
        more_columns = f"{row['tasks']:7.0f}{row['hosts changed']:15.0f}" if "tasks" in row else ""
        print(f"{what:<26}{row['seconds']:9.1f}{more_columns}")


if __name__ == "__main__":
    main()
