# SPDX-License-Identifier: GPL-3.0-or-later
"""When real hosts can be had, and the one sentence when they cannot."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from lab.hosts.support import PACKAGES, missing_packages, why_no_hosts

ROOT = "Uid:\t0\t0\t0\t0\nCapEff:\t000001ffffffffff\n"
USER = "Uid:\t1000\t1000\t1000\t1000\nCapEff:\t0000000000000000\n"
CONTAINER = "Uid:\t0\t0\t0\t0\nCapEff:\t00000000a80425fb\n"
DEBIAN = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\n'
UBUNTU = "ID=ubuntu\nID_LIKE=debian\n"


@pytest.mark.parametrize(
    ("system", "status", "os_release", "installed", "expected"),
    [
        ("Linux", ROOT, DEBIAN, True, None),
        ("Linux", ROOT, DEBIAN, False, None),
        ("Linux", ROOT, UBUNTU, True, None),
        ("Linux", ROOT, UBUNTU, False, "systemd-container.*Debian alone"),
        ("Linux", ROOT, None, False, "Debian alone"),
        ("Linux", USER, DEBIAN, True, "need root"),
        ("Linux", CONTAINER, DEBIAN, True, "CAP_SYS_ADMIN"),
        ("Darwin", ROOT, DEBIAN, True, "need Linux, and this is Darwin"),
    ],
)
def test_reason(
    tmp_path: Path,
    *,
    system: str,
    status: str,
    os_release: str | None,
    installed: bool,
    expected: str | None,
) -> None:
    (tmp_path / "status").write_text(status)
    if os_release is not None:
        (tmp_path / "os-release").write_text(os_release)

    reason = why_no_hosts(
        system=system,
        status=tmp_path / "status",
        os_release=tmp_path / "os-release",
        which=lambda name: f"/usr/bin/{name}" if installed else None,
    )

    if expected is None:
        assert reason is None
    else:
        assert reason is not None
        assert re.search(expected, reason)
        assert reason.endswith(".")


def test_only_packages_of_missing_commands_are_named() -> None:
    have = set(PACKAGES) - {"mmdebstrap", "ip"}

    assert missing_packages(lambda name: name if name in have else None) == [
        "iproute2",
        "mmdebstrap",
    ]
