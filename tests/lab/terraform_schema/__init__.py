# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for the Terraform provider Telmate/proxmox that knows its schema and nothing else.

That provider's Go module is not at hand, so `provider/telmate.json` carries its published schema
over as data (its `origin` says from where), and a small Go program serves it: the real Terraform
validates and plans a root module against it. It cannot say what the real provider does on apply.
"""

from __future__ import annotations

import re
from pathlib import Path

from lab.tools.build import built
from lab.tools.mirror import cli_config
from lab.tools.recipe import Recipe, required_versions

MODULE = Path(__file__).parent / "provider"
ROOT_MODULE = Path(__file__).parents[3] / "roles/terraform/files/telmate"
SOURCE = "telmate/proxmox"
_LIBRARY = "github.com/hashicorp/terraform-plugin-go"
_VERSION = re.compile(r'^\s*version\s*=\s*"(?P<version>[^"]+)"', re.MULTILINE)


def pinned_version() -> str:
    """Return the version of the provider that the root module names."""
    found = _VERSION.search((ROOT_MODULE / "versions.tf").read_text(encoding="utf-8"))
    assert found is not None
    return found["version"]


def telmate_cli_config() -> Path:
    """Build the stand-in when it is missing; return a file for TF_CLI_CONFIG_FILE that finds it.

    Raises:
        ToolError: Go is missing, or the program cannot be built.
    """
    library = required_versions((MODULE / "go.mod").read_text(encoding="utf-8"))[_LIBRARY]
    recipe = Recipe(
        name="terraform-provider-proxmox",
        directory=MODULE,
        package=".",
        module=_LIBRARY,
        version=library,
    )
    return cli_config(built(recipe), SOURCE, pinned_version())
