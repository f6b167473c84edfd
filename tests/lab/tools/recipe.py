# SPDX-License-Identifier: GPL-3.0-or-later
"""What each tool is built from: a Go module of the repository and a pinned version."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import yaml

from lab.tools.errors import ToolError

LAB_DIR = Path(__file__).resolve().parents[1]
MODULES_DIR = LAB_DIR / "tools" / "modules"
PINS_FILE = LAB_DIR.parents[1] / "plugins" / "plugin_utils" / "_pins" / "tools.yml"

STAND_IN_BUILD = "lab.standin"
"""Build metadata by which the version of the stand-in for k3s differs from Kubernetes's own."""

_REQUIRE = re.compile(r"^\s*(?:require\s+)?(?P<module>[\w.\-~/]+)\s+v(?P<version>\S+)")
_BUILD_FLAGS = ("-mod=readonly", "-trimpath")


@dataclass(frozen=True)
class Recipe:
    """How one tool is built.

    Attributes:
        name: name of the tool and of its file in the cache.
        directory: folder of the Go module whose go.mod and go.sum pin every dependency.
        package: Go package of the program, as `go build` takes it.
        module: required Go module whose version is the tool's version.
        version: version of that module, without a leading `v`, from the file of pins.
        tags: Go build tags.
        stamps: Go variables (`path.name`) that the linker sets to a value.
    """

    name: str
    directory: Path
    package: str
    module: str
    version: str
    tags: tuple[str, ...] = ()
    stamps: tuple[tuple[str, str], ...] = ()

    @property
    def build_arguments(self) -> tuple[str, ...]:
        """Arguments of `go build` except for the output file."""
        linker = " ".join(["-s", "-w", *(f"-X {name}={value}" for name, value in self.stamps)])
        tags = ("-tags", ",".join(self.tags)) if self.tags else ()
        return (*_BUILD_FLAGS, *tags, "-ldflags", linker, self.package)

    def sources(self) -> list[Path]:
        """Files of the module that decide what the tool becomes."""
        found = (path for path in self.directory.rglob("*") if path.is_file())
        return sorted(path for path in found if not path.name.endswith("_test.go"))

    def digest(self) -> str:
        """First 12 hex digits of the sha256 over the arguments and the sources."""
        digest = hashlib.sha256(repr(self.build_arguments).encode())
        for path in self.sources():
            digest.update(f"\0{path.relative_to(self.directory)}\0".encode())
            digest.update(path.read_bytes())
        return digest.hexdigest()[:12]

    def check_version(self) -> None:
        """Refuse a go.mod that requires another version than the file of pins says."""
        required = required_versions((self.directory / "go.mod").read_text())
        if required.get(self.module) != self.version:
            raise ToolError(
                f"{self.directory / 'go.mod'} requires {self.module} "
                f"{required.get(self.module, 'in no version')}, but {PINS_FILE.name} pins "
                f"{self.version}: set both to the same version."
            )


def required_versions(go_mod: str) -> dict[str, str]:
    """Return {module: version without `v`} of a go.mod text, replacements not applied."""
    requirements = go_mod.split("\nreplace ", maxsplit=1)[0]
    matches = (_REQUIRE.match(line) for line in requirements.splitlines())
    return {match["module"]: match["version"] for match in matches if match}


def pins() -> dict[str, dict[str, str]]:
    """Return the file of pins: {tool: {module, version, …}}."""
    loaded: dict[str, dict[str, str]] = yaml.safe_load(PINS_FILE.read_text())
    return loaded


def recipes() -> dict[str, Recipe]:
    """Return every tool that is built from a Go module, by its name."""
    pinned = pins()
    kubernetes = pinned["kubernetes"]
    stand_in = LAB_DIR / "k3s"
    stand_in_version = f"{kubernetes['version']}+{STAND_IN_BUILD}"
    major, minor, patch = kubernetes["version"].split(".")
    next_version = f"{major}.{minor}.{int(patch) + 1}+{STAND_IN_BUILD}"
    found = [
        Recipe(
            name="terraform-provider-proxmox",
            directory=MODULES_DIR / "provider",
            package=pinned["terraform_provider"]["module"],
            module=pinned["terraform_provider"]["module"],
            version=pinned["terraform_provider"]["version"],
        ),
        Recipe(
            name="helm",
            directory=MODULES_DIR / "helm",
            package=f"{pinned['helm']['module']}/cmd/helm",
            module=pinned["helm"]["module"],
            version=pinned["helm"]["version"],
            stamps=(
                (
                    f"{pinned['helm']['module']}/internal/version.version",
                    f"v{pinned['helm']['version']}",
                ),
            ),
        ),
        Recipe(
            name="tofu",
            directory=MODULES_DIR / "tofu",
            package=f"{pinned['opentofu']['module']}/cmd/tofu",
            module=pinned["opentofu"]["module"],
            version=pinned["opentofu"]["version"],
            stamps=((f"{pinned['opentofu']['module']}/version.dev", "no"),),
        ),
        Recipe(
            name="gofakes3",
            directory=MODULES_DIR / "gofakes3",
            package=f"{pinned['gofakes3']['module']}/cmd/gofakes3",
            module=pinned["gofakes3"]["module"],
            version=pinned["gofakes3"]["version"],
        ),
        Recipe(
            name="k3s",
            directory=stand_in,
            package=".",
            module=kubernetes["module"],
            version=kubernetes["version"],
            tags=("providerless",),
            stamps=_kubernetes_stamps(stand_in_version),
        ),
        # The same program under the name of the next patch release: what an upgrade goes to.
        Recipe(
            name="k3s-next",
            directory=stand_in,
            package=".",
            module=kubernetes["module"],
            version=kubernetes["version"],
            tags=("providerless",),
            stamps=_kubernetes_stamps(next_version),
        ),
        Recipe(
            name="kubectl",
            directory=stand_in,
            package="./cmd/kubectl",
            module=kubernetes["module"],
            version=kubernetes["version"],
            tags=("providerless",),
            stamps=_kubernetes_stamps(kubernetes["version"]),
        ),
        Recipe(
            name="coredns",
            directory=MODULES_DIR / "coredns",
            package=".",
            module=pinned["coredns"]["module"],
            version=pinned["coredns"]["version"],
        ),
        *(
            Recipe(
                name=name,
                directory=LAB_DIR / "addons",
                package=f"./cmd/{name}",
                module=pinned["client_go"]["module"],
                version=pinned["client_go"]["version"],
            )
            for name in ("ingress", "metrics-server")
        ),
    ]
    return {recipe.name: recipe for recipe in found}


def _kubernetes_stamps(version: str) -> tuple[tuple[str, str], ...]:
    """Version variables that the Kubernetes release build sets by the linker."""
    major, minor = version.split(".")[:2]
    values = {
        "gitVersion": f"v{version}",
        "gitMajor": major,
        "gitMinor": minor,
        "gitTreeState": "clean",
    }
    packages = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    return tuple((f"{path}.{key}", value) for path in packages for key, value in values.items())
