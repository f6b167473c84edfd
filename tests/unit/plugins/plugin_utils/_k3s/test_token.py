# SPDX-License-Identifier: GPL-3.0-or-later
"""The token on the controller."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s import _token

FULL = f"K10{'a' * 64}::server:secret"


def test_every_cluster_gets_a_token_of_its_own_that_only_its_owner_reads(tmp_path: Path) -> None:
    made = {_token.make(tmp_path / name) for name in ("one", "two")}
    assert len(made) == 2 and all(len(token) >= 32 for token in made)
    for name in ("one", "two"):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
    assert {_token.read(tmp_path / name) for name in ("one", "two")} == made


def test_a_token_that_others_could_read_becomes_private(tmp_path: Path) -> None:
    path = tmp_path / "k3s.token"
    path.write_text("word\n")
    path.chmod(0o644)
    assert _token.read(path) == "word"
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("text", "sentence"), [("", "is empty"), ("two words", "holds no token"), ("a:b", "no token")]
)
def test_what_is_no_token(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "k3s.token"
    path.write_text(text)
    with pytest.raises(_token.TokenError, match=sentence):
        _token.read(path)


def test_a_full_token_is_kept_as_the_short_one_that_every_node_takes(tmp_path: Path) -> None:
    _token.keep(tmp_path / "k3s.token", f"{FULL}\n")
    assert _token.read(tmp_path / "k3s.token") == "secret"
    assert _token.fingerprint("salt", FULL) == _token.fingerprint("salt", "secret")
