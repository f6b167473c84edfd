# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's tools as attributes, each had when it is first asked for by name."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from pathlib import Path

from lab.tools.build import built, place, say
from lab.tools.errors import ToolError
from lab.tools.mirror import cli_config
from lab.tools.recipe import pins, recipes
from lab.tools.release import (
    Had,
    UnreachableError,
    download,
    kept,
    pinned,
    wanted_by_environment,
)


@dataclass(frozen=True)
class Tools:
    """Paths of the lab's tools; one that was not asked for is None.

    Attributes:
        provider: executable of the Terraform provider bpg/proxmox.
        terraform_cli_config: file for TF_CLI_CONFIG_FILE; finds the provider in a local mirror.
        terraform: `terraform` or `tofu`, as found on PATH.
        helm: helm.
        k3s: the file named by K3S_BINARY, else as LAB_K3S says the release or the lab's stand-in.
        k3s_sha256: sha256 of that file, 64 hex digits.
        k3s_is_standin: whether that file is the lab's stand-in.
        k3s_images: archive of the release's images; None beside the stand-in.
        k3s_next: the stand-in once more, as its next patch release; for tests.
        kubectl: upstream kubectl.
        coredns: CoreDNS with the plugins of a cluster's name server.
        ingress: the lab's ingress controller.
        metrics_server: the lab's metrics server.
        tofu: OpenTofu; for tests, a lab takes what is on PATH.
        gofakes3: an S3 server; for tests.
    """

    provider: Path | None = None
    terraform_cli_config: Path | None = None
    terraform: Path | None = None
    helm: Path | None = None
    k3s: Path | None = None
    k3s_sha256: str | None = None
    k3s_is_standin: bool | None = None
    k3s_images: Path | None = None
    k3s_next: Path | None = None
    kubectl: Path | None = None
    coredns: Path | None = None
    ingress: Path | None = None
    metrics_server: Path | None = None
    tofu: Path | None = None
    gofakes3: Path | None = None


def ensure(names: Iterable[str] | None = None) -> Tools:
    """Have the named tools (default: all of TOOL_NAMES) and return where they are.

    Raises:
        ToolError: a name is unknown, or a tool can neither be found nor built.
    """
    wanted = tuple(TOOL_NAMES if names is None else names)
    unknown = sorted(set(wanted) - set(_ENSURE))
    if unknown:
        raise ToolError(
            f"The lab has no tool named {', '.join(unknown)}: choose from {', '.join(_ENSURE)}."
        )
    tools = Tools()
    for name in wanted:
        tools = _ENSURE[name](tools)
    return tools


def _provider(tools: Tools) -> Tools:
    pin = pins()["terraform_provider"]
    binary = built(recipes()["terraform-provider-proxmox"])
    config = cli_config(binary, pin["source"], pin["version"])
    return replace(tools, provider=binary, terraform_cli_config=config)


def _terraform(tools: Tools) -> Tools:
    found = shutil.which("terraform") or shutil.which("tofu")
    if found is None:
        raise ToolError(
            "Neither terraform nor tofu is on PATH: install Terraform 1.10 or OpenTofu 1.10, "
            "or a newer release of either."
        )
    return replace(tools, terraform=Path(found))


def _helm(tools: Tools) -> Tools:
    return replace(tools, helm=built(recipes()["helm"]))


def _kubectl(tools: Tools) -> Tools:
    return replace(tools, kubectl=built(recipes()["kubectl"]))


def _k3s_next(tools: Tools) -> Tools:
    return replace(tools, k3s_next=built(recipes()["k3s-next"]))


def _coredns(tools: Tools) -> Tools:
    return replace(tools, coredns=built(recipes()["coredns"]))


def _ingress(tools: Tools) -> Tools:
    return replace(tools, ingress=built(recipes()["ingress"]))


def _metrics_server(tools: Tools) -> Tools:
    return replace(tools, metrics_server=built(recipes()["metrics-server"]))


def _tofu(tools: Tools) -> Tools:
    return replace(tools, tofu=built(recipes()["tofu"]))


def _gofakes3(tools: Tools) -> Tools:
    return replace(tools, gofakes3=built(recipes()["gofakes3"]))


def _k3s(tools: Tools) -> Tools:
    given = os.environ.get("K3S_BINARY")
    had = None if given else _release()
    if given:
        binary = Path(given).resolve()
        if not os.access(binary, os.X_OK) or not binary.is_file():
            raise ToolError(
                f"K3S_BINARY names {given}, which is no executable file: correct or unset it."
            )
    else:
        binary = had.program if had else built(recipes()["k3s"])
    with binary.open("rb") as handle:
        digest = hashlib.file_digest(handle, "sha256").hexdigest()
    return replace(
        tools,
        k3s=binary,
        k3s_sha256=digest,
        k3s_is_standin=not given and had is None,
        k3s_images=had.images if had else None,
    )


def _release() -> Had | None:
    """Return the release of k3s, or None for the stand-in; what is kept comes before both."""
    wanted = wanted_by_environment()
    if wanted == "stand-in":
        return None
    release = pinned()
    if wanted == "auto" and kept(release) is None and place(recipes()["k3s"]).exists():
        return None
    try:
        return download(release, say)
    except UnreachableError as error:
        if wanted == "release":
            raise
        say(f"{error} The lab's stand-in takes its place.")
        return None


def is_there(name: str) -> bool:
    """Return whether a tool can be had without building or downloading it."""
    recipe = recipes().get("terraform-provider-proxmox" if name == "provider" else name)
    if name == "k3s":
        wanted = wanted_by_environment()
        if os.environ.get("K3S_BINARY") or (wanted != "stand-in" and kept(pinned()) is not None):
            return True
        if wanted == "release":
            return False
    return recipe is None or place(recipe).exists()


_ENSURE: dict[str, Callable[[Tools], Tools]] = {
    "terraform": _terraform,
    "provider": _provider,
    # kubectl after k3s, with which it shares most of what is compiled.
    "k3s": _k3s,
    "kubectl": _kubectl,
    "helm": _helm,
    "coredns": _coredns,
    "ingress": _ingress,
    "metrics-server": _metrics_server,
    "tofu": _tofu,
    "gofakes3": _gofakes3,
    "k3s-next": _k3s_next,
}
TEST_TOOL_NAMES = ("tofu", "gofakes3", "k3s-next")
"""What only tests use; had when one asks for it by name."""
TOOL_NAMES = tuple(name for name in _ENSURE if name not in TEST_TOOL_NAMES)


def table(tools: Tools) -> str:
    """Return a table of the tools that are there, one a line."""
    rows = [(field.name, getattr(tools, field.name)) for field in fields(tools)]
    rows = [(name, value) for name, value in rows if value is not None]
    width = max((len(name) for name, _value in rows), default=0)
    return "\n".join(f"{name:<{width}}  {value}" for name, value in rows)
