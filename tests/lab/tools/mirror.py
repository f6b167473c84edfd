# SPDX-License-Identifier: GPL-3.0-or-later
"""Filesystem mirror of the Terraform provider, and the CLI configuration that names it."""

from __future__ import annotations

import os
import platform
import tempfile
from pathlib import Path

from lab.tools.errors import ToolError

REGISTRY_HOSTS = ("registry.terraform.io", "registry.opentofu.org")
_GO_ARCHITECTURES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


def mirror_platform(system: str | None = None, machine: str | None = None) -> str:
    """Return Terraform's name of a platform, such as `linux_amd64`; default is this machine's."""
    machine = machine or platform.machine()
    architecture = _GO_ARCHITECTURES.get(machine.lower())
    if architecture is None:
        raise ToolError(
            f"Terraform providers have no name for the processor {machine}: "
            f"use one of {', '.join(sorted(_GO_ARCHITECTURES))}."
        )
    return f"{(system or platform.system()).lower()}_{architecture}"


def cli_config(binary: Path, source: str, version: str) -> Path:
    """Mirror the provider beside its binary and return the CLI configuration file.

    Args:
        binary: executable of the provider.
        source: its address without the registry's host, such as `bpg/proxmox`.
        version: its version without a leading `v`.
    """
    mirror = binary.parent / "mirror"
    for host in REGISTRY_HOSTS:
        folder = mirror / host / source / version / mirror_platform()
        folder.mkdir(parents=True, exist_ok=True)
        _link(folder / f"{binary.name}_v{version}", binary)
    config = binary.parent / "terraform.rc"
    _write(config, _config_text(mirror, source))
    return config


def _config_text(mirror: Path, source: str) -> str:
    addresses = ", ".join(f'"{host}/{source}"' for host in REGISTRY_HOSTS)
    return (
        "provider_installation {\n"
        "  filesystem_mirror {\n"
        f'    path    = "{mirror}"\n'
        f"    include = [{addresses}]\n"
        "  }\n"
        "  direct {\n"
        f"    exclude = [{addresses}]\n"
        "  }\n"
        "}\n"
    )


def _link(name: Path, target: Path) -> None:
    """Hard-link target as name: Terraform copies a link, but does not follow one that dangles."""
    if name.exists() and name.samefile(target):
        return
    scratch = name.with_name(f".{name.name}.{os.getpid()}")
    scratch.unlink(missing_ok=True)
    os.link(target, scratch)
    scratch.replace(name)


def _write(path: Path, text: str) -> None:
    if path.exists() and path.read_text() == text:
        return
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as handle:
        handle.write(text)
    Path(handle.name).replace(path)
