# SPDX-License-Identifier: GPL-3.0-or-later
"""What a deployment's Terraform directory should hold, beside what it holds."""

from __future__ import annotations

import typing as t
from pathlib import Path

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._render._errors import (
    RenderError,
)

_MODULES = Path(__file__).resolve().parents[3] / "roles" / "terraform" / "files"
#: Holds what the root modules of all providers have in common.
_COMMON = "common"
#: Terraform providers that a root module is for.
PROVIDERS = ("bpg", "telmate")
#: Terraform reads every file with one of these endings.
_READ_BY_TERRAFORM = (".tf", ".tf.json", ".tofu", ".tofu.json", ".tfvars", ".tfvars.json")


class Change(t.NamedTuple):
    """One file to write (``after`` is its text) or to remove (``after`` is None)."""

    name: str
    before: str | None
    after: str | None


def static_files(provider: str) -> dict[str, str]:
    """Return {file name: text} of the root module for one Terraform provider."""
    if provider not in PROVIDERS:
        raise RenderError(
            f"There is no root module for the Terraform provider {provider}: choose from "
            f"{', '.join(PROVIDERS)}."
        )
    return {
        path.name: path.read_text("utf-8")
        for folder in (_COMMON, provider)
        for path in (_MODULES / folder).glob("*.tf")
    }


def changes(directory: Path, wanted: dict[str, str]) -> list[Change]:
    """Return what differs between the directory and the wanted files, by name.

    Files of the other provider's root module go; files of anybody else that Terraform would
    read are refused.

    Raises:
        RenderError: the directory holds Terraform files that were not rendered.
    """
    present = _present(directory)
    ours = {path.name for path in _MODULES.glob("*/*.tf")}
    foreign = sorted(set(present) - set(wanted) - ours)
    if foreign:
        raise RenderError(
            f"{directory} holds {', '.join(foreign)}, which Terraform would read too: "
            "move it away or choose another directory."
        )
    return [
        Change(name, present.get(name), wanted.get(name))
        for name in sorted(set(present) | set(wanted))
        if present.get(name) != wanted.get(name)
    ]


def _present(directory: Path) -> dict[str, str]:
    if not directory.exists():
        return {}
    if not directory.is_dir():
        raise RenderError(f"{directory} is not a directory: choose another one.")
    return {
        path.name: path.read_text("utf-8", errors="replace")
        for path in directory.iterdir()
        if path.name.endswith(_READ_BY_TERRAFORM) and path.is_file()
    }
