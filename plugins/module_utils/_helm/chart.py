# SPDX-License-Identifier: GPL-3.0-or-later
"""Charts: fetch one as pinned, and ask what it makes with the values that are used."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import tarfile
import tempfile
import typing as t
from pathlib import Path

from ansible_collections.clusterwright.proxmox.plugins.module_utils._helm.errors import (
    HelmError,
    explain,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._helm.manifests import (
    read_all,
    separated,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.access import (
    closed_environment,
)

Data = dict[str, t.Any]


def run_helm(binary: str, *arguments: str, **names: str) -> str:
    """Return what helm prints.

    Raises:
        HelmError: it failed, in one sentence, or is not there.
    """
    command = [binary, *arguments]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env=closed_environment()
        )
    except OSError as error:
        raise HelmError(f"helm cannot be run ({binary}): {error.strerror}.") from None
    if done.returncode != 0:
        raise HelmError(explain(done.stderr or done.stdout, **names))
    return done.stdout


def digest_of(path: Path) -> str:
    """Return the sha256 of a chart: of its archive, or of names and contents of its folder."""
    total = hashlib.sha256()
    if path.is_file():
        total.update(path.read_bytes())
        return total.hexdigest()
    for file in sorted(item for item in path.rglob("*") if item.is_file()):
        content = file.read_bytes()
        total.update(f"{file.relative_to(path)}\0{len(content)}\0".encode())
        total.update(content)
    return total.hexdigest()


class Chart(t.NamedTuple):
    """A chart as pinned; ``repository`` is a folder of charts by HTTPS, or ``oci://…``."""

    name: str
    version: str
    repository: str
    sha256: str | None = None


def fetch(chart: Chart, binary: str, charts_dir: str, cache_dir: str) -> Path:
    """Return the chart's folder or archive on this machine; it is downloaded once.

    Raises:
        HelmError: it cannot be had, or is not the pinned one.
    """
    if charts_dir:
        return _from_folder(chart, Path(charts_dir).expanduser())
    folder = Path(cache_dir).expanduser()
    archive = folder / f"{chart.name}-{chart.version}.tgz"
    if not archive.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as part:
            run_helm(
                binary, *_pull(chart), "--destination", part, chart=f"{chart.name} {chart.version}"
            )
            pulled = sorted(Path(part).glob("*.tgz"))
            if not pulled:
                raise HelmError(f"helm left no archive of {chart.name} {chart.version}.")
            pulled[0].replace(archive)
    found = digest_of(archive)
    if chart.sha256 and found != chart.sha256:
        archive.unlink()
        raise HelmError(
            f"The archive of {chart.name} {chart.version} has the checksum {found} instead of"
            f" {chart.sha256}; it was removed and nothing was changed."
        )
    return archive


def _pull(chart: Chart) -> list[str]:
    if chart.repository.startswith("oci://"):
        return ["pull", f"{chart.repository}/{chart.name}", "--version", chart.version]
    return ["pull", chart.name, "--repo", chart.repository, "--version", chart.version]


def _from_folder(chart: Chart, folder: Path) -> Path:
    unpacked, archive = folder / chart.name, folder / f"{chart.name}-{chart.version}.tgz"
    if unpacked.exists():
        return unpacked  # somebody's own: what is pinned is the archive
    if not archive.is_file():
        raise HelmError(
            f"{folder} has neither a folder {chart.name} nor {archive.name}; provide the chart or"
            " leave the add-on out."
        )
    found = digest_of(archive)
    if chart.sha256 and found != chart.sha256:
        raise HelmError(
            f"{archive} has the checksum {found} instead of {chart.sha256}; provide the archive of"
            f" {chart.name} {chart.version} as it was released. Nothing was changed."
        )
    return archive


def hold(lock: Path, chart: Chart, digest: str, *, write: bool) -> None:
    """Refuse a chart that is not the one of the first time; remember it the first time.

    Raises:
        HelmError: version and checksum do not belong together as they did before.
    """
    key = f"{chart.name} {chart.version}"
    known: Data = {}
    if lock.is_file():
        try:
            known = json.loads(lock.read_text(encoding="utf-8"))
        except ValueError:
            raise HelmError(f"{lock} is not JSON; remove it to trust the charts anew.") from None
    if known.get(key, digest) != digest:
        raise HelmError(
            f"The chart {key} is another one than before (checksum {digest} instead of"
            f" {known[key]}); if that is right, remove its line from {lock}."
        )
    if write and key not in known:
        text = json.dumps({**known, key: digest}, indent=2, sort_keys=True) + "\n"
        part = lock.with_name(f"{lock.name}.part")
        part.write_text(text, encoding="utf-8")
        part.replace(lock)


def render(path: Path, params: Data) -> tuple[list[Data], list[Data]]:
    """Return the objects of a release and the definitions of the chart's ``crds`` folder.

    Raises:
        HelmError: the chart refuses the values or the version of Kubernetes.
    """
    binary, release, namespace = (params[n] for n in ("binary_path", "release", "namespace"))
    kube_version = params["kubernetes_version"]
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        json.dump(params["values"], file)
        file.flush()
        arguments = [
            "template",
            release,
            str(path),
            "--namespace",
            namespace,
            "--values",
            file.name,
        ]
        if kube_version:
            arguments += ["--kube-version", kube_version.partition("+")[0]]
        names = {"release": release, "namespace": namespace, "chart": path.name}
        text = run_helm(binary, *arguments, "--skip-tests", **names)
        definitions = run_helm(binary, "show", "crds", str(path), **names)
    return read_all(text), read_all(separated(definitions))


#: Options of every module that asks a chart.
CHART: dict[str, t.Any] = {
    "name": {"type": "str", "required": True},
    "version": {"type": "str", "required": True},
    "repository": {"type": "str", "default": ""},
    "sha256": {"type": "str", "default": ""},
}
SPEC: dict[str, t.Any] = {
    "chart": {"type": "dict", "required": True, "options": CHART},
    "release": {"type": "str", "required": True},
    "namespace": {"type": "str", "required": True},
    "values": {"type": "dict", "default": {}},
    "kubernetes_version": {"type": "str", "default": ""},
    "charts_dir": {"type": "path", "default": ""},
    "cache_dir": {"type": "path", "default": "~/.cache/clusterwright/charts"},
    "lock_file": {"type": "path", "default": ""},
    "binary_path": {"type": "path", "default": "helm"},
}


class Rendered(t.NamedTuple):
    """A chart on this machine and what it makes."""

    path: Path
    sha256: str
    version: str  # as the chart itself says
    manifests: list[Data]  # hooks left out
    hooks: list[Data]
    crds: list[Data]  # of the chart's crds folder

    @property
    def images(self) -> list[str]:
        """Return the images of all containers."""
        return sorted(images_of([*self.manifests, *self.hooks]))


def ask(params: Data, *, write: bool) -> Rendered:
    """Return a chart rendered with the options of ``SPEC``; ``write`` keeps its checksum.

    Raises:
        HelmError: the chart cannot be had, is not the pinned one or refuses what it is given.
    """
    chart = Chart(**params["chart"])
    path = fetch(chart, params["binary_path"], params["charts_dir"], params["cache_dir"])
    digest = digest_of(path)
    if params["lock_file"] and not params["charts_dir"]:
        hold(Path(params["lock_file"]), chart, digest, write=write)
    manifests, crds = render(path, params)
    hooks = [item for item in manifests if hook_of(item)]
    version = version_of(path)
    return Rendered(path, digest, version, [i for i in manifests if not hook_of(i)], hooks, crds)


def version_of(path: Path) -> str:
    """Return the version that a chart's folder or archive gives itself.

    Raises:
        HelmError: it has no readable Chart.yaml.
    """
    import yaml

    try:
        if path.is_dir():
            text = (path / "Chart.yaml").read_text(encoding="utf-8")
        else:
            with tarfile.open(path) as archive:
                names = (n for n in archive.getnames() if re.fullmatch(r"[^/]+/Chart\.yaml", n))
                member = archive.extractfile(next(names, "Chart.yaml"))
                text = member.read().decode() if member else ""
        return str(yaml.safe_load(text)["version"])
    except (OSError, KeyError, TypeError, ValueError, tarfile.TarError, yaml.YAMLError) as error:
        raise HelmError(f"The chart {path} has no readable Chart.yaml: {error}.") from None


def images_of(value: t.Any) -> set[str]:
    """Return the images of all containers in plain data."""
    found: set[str] = set()
    if isinstance(value, dict):
        for key, item in value.items():
            if key in ("containers", "initContainers", "ephemeralContainers") and item:
                found |= {c["image"] for c in item if isinstance(c, dict) and c.get("image")}
            found |= images_of(item)
    elif isinstance(value, list):
        for item in value:
            found |= images_of(item)
    return found


def identity(item: Data, namespace: str) -> dict[str, str]:
    """Return what an object is called; objects without a namespace get the release's."""
    metadata = item.get("metadata") or {}
    return {
        "api_version": str(item.get("apiVersion", "")),
        "kind": str(item.get("kind", "")),
        "namespace": str(metadata.get("namespace") or namespace),
        "name": str(metadata.get("name", "")),
    }


def hook_of(item: Data) -> str:
    """Return the hooks of an object ("pre-install,pre-upgrade"), empty for an ordinary one."""
    annotations = (item.get("metadata") or {}).get("annotations") or {}
    return str(annotations.get("helm.sh/hook", ""))


def tags_in(folder: Path) -> set[str]:
    """Return the tags of all image archives of a folder.

    Raises:
        HelmError: an archive cannot be read.
    """
    tags: set[str] = set()
    for path in sorted(folder.glob("*.tar")):
        try:
            with tarfile.open(path) as archive:
                member = archive.extractfile("manifest.json")
                listed = json.loads(member.read()) if member else []
        except (OSError, KeyError, ValueError, tarfile.TarError) as error:
            raise HelmError(f"The image archive {path} cannot be read: {error}.") from None
        tags.update(tag for item in listed for tag in item.get("RepoTags") or ())
    return tags
