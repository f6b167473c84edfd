# SPDX-License-Identifier: GPL-3.0-or-later
"""Files are written whole, once, and secrets stay out of diffs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.clusterwright.proxmox.plugins.modules import host_files


def test_file_is_as_wanted_after_writing(tmp_path: Path) -> None:
    path = tmp_path / "a/b/config.yaml"
    assert not host_files.is_wanted(path, "x: 1\n", 0o600)
    host_files.write(path, "x: 1\n", 0o600, 0o700)
    assert host_files.is_wanted(path, "x: 1\n", 0o600)
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [item.name for item in path.parent.iterdir()] == ["config.yaml"]


@pytest.mark.parametrize(("content", "mode"), [("x: 2\n", 0o600), ("x: 1\n", 0o644)])
def test_other_content_or_mode_is_noticed(tmp_path: Path, content: str, mode: int) -> None:
    path = tmp_path / "config.yaml"
    host_files.write(path, "x: 1\n", 0o600, 0o755)
    assert not host_files.is_wanted(path, content, mode)


def test_failed_write_leaves_the_old_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    host_files.write(path, "old", 0o600, 0o755)
    with pytest.raises(UnicodeEncodeError):
        host_files.write(path, "new \udc80", 0o600, 0o755)
    assert path.read_text() == "old"
    assert [item.name for item in tmp_path.iterdir()] == ["config.yaml"]


def test_diff_shows_files_but_never_secrets(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("old-secret")
    shown = host_files.difference(path, "new-secret", 0o600, secret=False)
    assert (shown["before"], shown["after"]) == ("old-secret", "new-secret")
    hidden = host_files.difference(path, "new-secret", 0o600, secret=True)
    assert "old-secret" not in str(hidden) and "new-secret" not in str(hidden)


@pytest.mark.parametrize(
    ("content", "hidden_keys", "after"),
    [
        ("cluster-init: true\n", ["token"], "cluster-init: true\n"),
        ("token: canary\ntls: a\n", ["token"], "token: [secret]\ntls: a\n"),
        ("canary\n", [], "[new secret]\n"),
    ],
)
def test_a_run_says_what_is_no_secret_and_nothing_else(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    content: str,
    hidden_keys: list[str],
    after: str,
) -> None:
    path = tmp_path / "config.yaml"
    item = {"path": str(path), "content": content, "hidden_keys": hidden_keys}
    with patch_module_args({"secrets": [item], "_ansible_diff": True}), pytest.raises(SystemExit):
        host_files.main()
    output = capsys.readouterr().out
    [shown] = json.loads(output)["diff"]
    assert shown["after"] == after
    assert "canary" not in output
    assert path.read_text() == content
