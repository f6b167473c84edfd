# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Write the documents of a deployment where they changed; see the module's docs."""

from __future__ import annotations

import json
import re
import typing as t
from pathlib import Path

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._action import (
    ControllerAction,
)

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._catalogue import (
    ENGINES,
    alerts,
    gitops,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._documents import (
    PAGE,
    Given,
    documents,
    yaml_of,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._files import write_private

FOLDER = "docs"
#: Names that ``gitops`` gives to files.
_WRITTEN = re.compile(
    r"gitops/(flux/kustomizations|secrets-needed|\d\d-[a-z0-9-]+(/manifests)?)\.yaml"
)
_LABEL = re.compile(r"\{\{ \$labels\.(\w+) \}\}")


class ActionModule(ControllerAction):
    """All that is told is read from the records of the deployment."""

    ARGUMENTS: t.ClassVar[dict[str, t.Any]] = {
        "directory": {"type": "path", "required": True},
        "commands": {"type": "dict", "required": True},
        "addons": {"type": "list", "elements": "dict", "default": []},
        "kubeconfig": {"type": "str", "default": ""},
        "stand_ins": {"type": "list", "elements": "str", "default": []},
        "simulated_reason": {"type": "str", "default": ""},
        "gitops": {"type": "str", "default": "", "choices": ["", *ENGINES]},
        "releases": {"type": "list", "elements": "dict", "default": []},
    }

    def act(self, args: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Write each document whose text is another than before."""
        directory = Path(args.pop("directory"))
        engine, releases = args.pop("gitops"), args.pop("releases")
        applied = _stored(directory / "applied.json")
        records = {
            name: applied.get(name) or (None if applied else _stored(directory / f"{name}.json"))
            for name in ("plan", "request", "snapshot")
        }
        if not records["plan"]:
            return {"failed": True, "msg": f"There is no plan in {directory} to tell of."}
        watched = any(item["name"] == "prometheus" for item in args["addons"])
        given = Given(
            plan=records["plan"],
            request=records["request"] or {},
            snapshot=records["snapshot"] or {},
            alerts=[_without_labels(alert) for alert in alerts()] if watched else [],
            inventory=_stored(directory / "inventory.json"),
            **args,
        )
        folder, changed, differences = directory / FOLDER, [], []
        texts = documents(given)
        if engine:
            texts |= {
                f"gitops/{name}": yaml_of(manifests)
                for name, manifests in gitops(releases, engine).items()
            }
        stale = [name for name in _of_gitops(folder) if name not in texts] if engine else []
        for name, text in [*texts.items(), *((name, "") for name in stale)]:
            path = folder / name
            before = path.read_text(encoding="utf-8") if path.is_file() else ""
            if before == text:
                continue
            changed.append(name)
            differences.append(
                {"before": before, "after": text, "before_header": name, "after_header": name}
            )
            if self._task.check_mode:
                continue
            if text:
                write_private(path, text)
            else:
                path.unlink()
        return {
            "changed": bool(changed),
            "written": changed,
            "folder": str(folder),
            "page": str(folder / PAGE),
            "diff": differences,
        }


def _of_gitops(folder: Path) -> list[str]:
    """Return the files for an engine that were written before; others in there are somebody's."""
    found = [path.relative_to(folder) for path in sorted((folder / "gitops").rglob("*.yaml"))]
    return [str(path) for path in found if _WRITTEN.fullmatch(str(path))]


def _stored(path: Path) -> dict[str, t.Any]:
    found: dict[str, t.Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return found


def _without_labels(alert: dict[str, str]) -> dict[str, str]:
    return {key: _LABEL.sub(lambda found: found[1].upper(), text) for key, text in alert.items()}
