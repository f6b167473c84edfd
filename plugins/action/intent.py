# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Take the person's sentence as text that is never a template; see the module's docs."""

from __future__ import annotations

import json
import os
import re
import typing as t
import unicodedata
from pathlib import Path

from ansible import context
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._action import (
    ControllerAction,
    next_commands,
)

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._requirements import (
    missing_packages,
)

STORED = ("request", "snapshot", "plan")
NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def slug(text: str) -> str:
    """Return a name made of the words of a sentence; the same words give the same name."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    words = [word for word in re.split(r"[^a-z0-9]+", plain) if word not in ("", "a", "an", "the")]
    name = ""
    for word in words:
        if len(name) + len(word) > 30:
            break
        name = f"{name}-{word}" if name else word
    return name or "deployment"


def sentence(variable: str, task_vars: dict[str, t.Any]) -> str:
    """Return the raw text of ``variable``, or of its environment variable when it is not set.

    ``-e intent="HA cluster"`` reaches Ansible without the quotes and would be cut at the first
    space, so the command line itself is looked at first.
    """
    for option in reversed(context.CLIARGS.get("extra_vars") or ()):
        said = str(option).removeprefix(f"{variable}=")
        if said != option and not said.startswith(("'", '"')):
            return said
    raw = task_vars.get(variable, os.environ.get(f"CLUSTERWRIGHT_{variable.upper()}", ""))
    # JSON and back drops the mark with which Ansible trusts a string as a template.
    return str(json.loads(json.dumps(raw if isinstance(raw, str) else "")))


class ActionModule(ControllerAction):
    """Read the raw variable: templating a sentence would run what stands between braces."""

    ARGUMENTS: t.ClassVar[dict[str, t.Any]] = {
        "variable": {"type": "str", "default": "intent"},
        "deployment": {"type": "str", "default": ""},
        "deployments_dir": {"type": "path", "required": True},
    }
    ERRORS = (ValueError,)

    def act(self, args: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Return ``text``, the ``deployment`` it belongs to and what is stored of that."""
        lacking = missing_packages()
        if lacking:
            raise ValueError(lacking)
        text = sentence(args["variable"], task_vars)
        name = args["deployment"] or slug(text)
        if not text.strip() and not args["deployment"]:
            return {
                "failed": True,
                "msg": "There is nothing to do: say what you need, for instance"
                ' -e intent="HA cluster with monitoring", or name an existing deployment with'
                " -e deployment=NAME.",
            }
        if not NAME.fullmatch(name):
            return {
                "failed": True,
                "msg": f"The deployment name {name!r} is not valid; use small letters, digits and"
                " dashes, at most 63.",
            }
        directory = Path(args["deployments_dir"]).absolute() / name
        stored = {part: _stored(directory / f"{part}.json") for part in STORED}
        return {
            "changed": False,
            "text": text,
            "deployment": name,
            "directory": str(directory),
            "commands": next_commands(name),
            **stored,
        }


def _stored(path: Path) -> dict[str, t.Any] | None:
    """Return the JSON object in ``path``, None where there is no such file."""
    if not path.is_file():
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ValueError(
            f"{path} is damaged: remove it, then run again with the sentence of the deployment."
        )
    return found
