# SPDX-License-Identifier: GPL-3.0-or-later
"""The helm role takes only the helm that was asked for."""

from __future__ import annotations

import hashlib
import typing as t
from pathlib import Path

import pytest
from unit.roles.playbook import run_role


@pytest.fixture
def helm(tmp_path: Path) -> Path:
    """A program that says it is helm 3.21.4."""
    program = tmp_path / "helm"
    program.write_text("#!/bin/sh\nprintf v3.21.4\n")
    program.chmod(0o755)
    return program


def test_given_helm_is_used_where_it_is(tmp_path: Path, helm: Path) -> None:
    digest = hashlib.sha256(helm.read_bytes()).hexdigest()
    variables = {"helm_binary_src": str(helm), "helm_version": "3.21.4", "helm_sha256": digest}
    code, output, path = run_role(tmp_path, "helm", "helm_binary", **variables)
    assert (code, path) == (0, str(helm)), output


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"helm_version": "3.20.0"}, "says it is v3.21.4; helm_version is 3.20.0."),
        ({"helm_version": "latest"}, "helm_version has to be a release of helm 3"),
        ({"helm_sha256": "ab" * 32}, "instead of " + "ab" * 32),
        ({"helm_binary_src": "/nowhere/helm"}, "helm_binary_src /nowhere/helm does not exist."),
    ],
)
def test_other_helm_is_refused(
    tmp_path: Path, helm: Path, changes: dict[str, t.Any], sentence: str
) -> None:
    variables = {"helm_binary_src": str(helm), "helm_version": "3.21.4"} | changes
    code, output, path = run_role(tmp_path, "helm", "helm_binary", **variables)
    assert code != 0 and path is None
    assert sentence in " ".join(output.split())
