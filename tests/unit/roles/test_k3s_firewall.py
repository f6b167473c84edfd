# SPDX-License-Identifier: GPL-3.0-or-later
"""What the program that opens a firewall says to each of them, written down by stand-ins."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

PROGRAM = Path(__file__).resolve().parents[3] / "roles/k3s/files/firewall.sh"
OPENINGS = [
    "tcp 6443 -",
    "udp 51820-51821 10.77.0.12",
    "any - 10.42.0.0/16",
    "vrrp - 10.77.0.12",
    "tcp 10250 fd00:77::2",
]
#: a firewall that knows no rule yet: it writes down what it is told
STAND_IN = """\
#!/bin/sh
case "$1" in --query-*) exit 1 ;; esac
case "$2" in --get-zones) exit 0 ;; esac
[ "$1 $2" != 'list ruleset' ] || cat "$RULESET"
[ "$1" = list ] || [ "$2" = list ] || echo "$*" >>"$TOLD"
"""
RULESET = """\
table inet filter {
\tchain input {
\t\ttype filter hook input priority filter; policy drop;
\t}
\tchain forward {
\t\ttype filter hook forward priority filter; policy drop;
\t}
\tchain output {
\t\ttype filter hook output priority filter; policy accept;
\t}
}
"""


def told(folder: Path, kind: str, openings: list[str], *arguments: str) -> list[str]:
    """Return what the firewall was told."""
    program, log = folder / "open-firewall", folder / "told"
    shutil.copy(PROGRAM, program)
    program.chmod(0o755)
    (folder / "firewall.openings").write_text(f"# firewall: {kind}\n" + "\n".join(openings) + "\n")
    (folder / "ruleset").write_text(RULESET)
    for name in ("ufw", "firewall-cmd", "nft"):
        (folder / name).write_text(STAND_IN)
        (folder / name).chmod(0o755)
    log.write_text("")
    environment = {
        "PATH": f"{folder}:{os.environ['PATH']}",
        "TOLD": str(log),
        "RULESET": str(folder / "ruleset"),
    }
    subprocess.run([program, *arguments], env=environment, check=True, capture_output=True)
    return log.read_text().splitlines()


def test_ufw(tmp_path: Path) -> None:
    mark = "comment clusterwright.proxmox.k3s"
    assert told(tmp_path, "ufw", OPENINGS) == [
        f"allow proto tcp from any to any port 6443 {mark}",
        f"allow proto udp from 10.77.0.12 to any port 51820:51821 {mark}",
        f"allow from 10.42.0.0/16 to any {mark}",
        f"route allow from 10.42.0.0/16 {mark}",
        f"route allow to 10.42.0.0/16 {mark}",
        f"allow proto vrrp from 10.77.0.12 to any {mark}",
        f"allow proto tcp from fd00:77::2 to any port 10250 {mark}",
    ]


def test_firewalld_now_and_after_a_start(tmp_path: Path) -> None:
    zone, peer = "clusterwright-k3s", "rich-rule=rule family=ipv4 source address=10.77.0.12"
    rules = [
        "rich-rule=rule port port=6443 protocol=tcp accept",
        f"{peer} port port=51820-51821 protocol=udp accept",
        f"source=10.42.0.0/16 --zone={zone}",
        f"{peer} protocol value=vrrp accept",
        "rich-rule=rule family=ipv6 source address=fd00:77::2 port port=10250 protocol=tcp accept",
    ]
    found = told(tmp_path, "firewalld", OPENINGS)
    added = [f"{words}--add-{rule}" for rule in rules for words in ("--permanent ", "")]
    reloaded = found.index("--reload")
    assert found[reloaded + 1 :] == added
    assert f"--permanent --policy=clusterwright-fwd --add-egress-zone={zone}" in found[:reloaded]


def test_nftables_in_the_chains_that_drop(tmp_path: Path) -> None:
    found = told(tmp_path, "nftables", ["any - 10.42.0.0/16", "vrrp - 10.77.0.12"])
    mark = "clusterwright.proxmox.k3s"
    pods, peer = f"{mark} any - 10.42.0.0/16", f"{mark} vrrp - 10.77.0.12"
    begin, source = "insert rule inet filter", "ip saddr 10.42.0.0/16"
    vrrp = "ip saddr 10.77.0.12 meta l4proto 112"
    assert found == [
        f'{begin} input {source}  accept comment "{pods} saddr"',
        f'{begin} forward {source}  accept comment "{pods} saddr"',
        f'{begin} forward ip daddr 10.42.0.0/16  accept comment "{pods} daddr"',
        f'{begin} input {vrrp}  accept comment "{peer} saddr"',
        f'{begin} forward {vrrp}  accept comment "{peer} saddr"',
    ]


@pytest.mark.parametrize(
    ("kind", "word"), [("ufw", "delete allow"), ("firewalld", "--remove-rich-rule")]
)
def test_what_is_no_longer_listed_is_taken_back(tmp_path: Path, kind: str, word: str) -> None:
    (tmp_path / "firewall.openings.before").write_text("tcp 5001 10.77.0.9\ntcp 6443 -\n")
    found = [line for line in told(tmp_path, kind, ["tcp 6443 -"]) if word in line]
    assert found and all("10.77.0.9" in line for line in found)
    assert not (tmp_path / "firewall.openings.before").exists()


def test_everything_is_taken_back(tmp_path: Path) -> None:
    found = told(tmp_path, "firewalld", OPENINGS, "--close")
    removed = [line for line in found if "--remove-" in line]
    assert len(removed) == 2 * len(OPENINGS)
    assert all("--remove-rich-rule" in line or "--remove-source" in line for line in removed)
