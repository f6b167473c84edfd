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

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger import Ledger
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger._holdings import (
    free_name,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._records._folder import (
    Folder,
    RecordError,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._records._in_hand import (
    in_hand,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._requirements import (
    missing_packages,
)

NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def slug(text: str, length: int = 30) -> str:
    """Return a name made of the first words of a sentence, for one that names nothing."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    words = [word for word in re.split(r"[^a-z0-9]+", plain) if word not in ("", "a", "an", "the")]
    name = ""
    for word in words:
        if len(name) + len(word) > length:
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


def short_name(text: str) -> tuple[str, str]:
    """Return a short name made from what a sentence asks for, and its operation.

    The operation is empty where the sentence asks for nothing that can be planned.
    """
    # Here, so that loading the plug-in costs little.
    from ansible_collections.clusterwright.proxmox.plugins.plugin_utils import _sizing

    request = _sizing.read_anywhere(text)
    if request.changes and request.deployment:
        return request.deployment, "change"
    if request.answer != "plan":
        return slug(text, 20), ""
    return _sizing.deployment_name(request), "change" if request.changes else "create"


class ActionModule(ControllerAction):
    """Read the raw variable: templating a sentence would run what stands between braces."""

    ARGUMENTS: t.ClassVar[dict[str, t.Any]] = {
        "variable": {"type": "str", "default": "intent"},
        "deployment": {"type": "str", "default": ""},
        "deployments_dir": {"type": "path", "required": True},
        "ledger": {"type": "str", "no_log": False},
        "proposal": {"type": "str", "default": ""},
        "run": {"type": "str", "default": ""},
    }
    #: ValueError: RecordError among them; RuntimeError: LedgerError, and a library is missing.
    ERRORS = (ValueError, RuntimeError)

    def act(self, args: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Return ``text``, the ``deployment`` it belongs to and what is recorded of that."""
        lacking = missing_packages()
        if lacking:
            raise ValueError(lacking)
        text = sentence(args["variable"], task_vars)
        place = Path(args["deployments_dir"]).absolute()
        args["deployment"] = args["deployment"] or _of_run(place, args["run"])
        if not text.strip() and not args["deployment"]:
            return {
                "failed": True,
                "msg": "There is nothing to do: say what you need, for instance"
                ' -e intent="HA cluster with monitoring", or name an existing deployment with'
                " -e deployment=NAME.",
            }
        name, new = args["deployment"], False
        if not name:
            name, new = self._named(text, place, args["ledger"])
        if not NAME.fullmatch(name):
            return {
                "failed": True,
                "msg": f"The deployment name {name!r} is not valid; use small letters, digits and"
                " dashes, at most 63.",
            }
        folder = Folder(place / name)
        found = in_hand(folder, text, args["proposal"])
        return {
            "changed": False,
            "text": text,
            "deployment": name,
            "commands": next_commands(name),
            "directory": str(folder.path),
            "new": new,
            "request": found.request,
            "snapshot": found.snapshot,
            "plan": found.plan,
            "proposal": found.proposal,
            "applied": found.applied,
            "msg": _told(name, str(folder.path), new, found.applied, args["deployment"]),
        }

    def _named(self, text: str, place: Path, url: str | None) -> tuple[str, bool]:
        """Return the deployment of a sentence; one that was never said gets a name of its own."""
        base, operation = short_name(text)
        known = _said_before(place, text)
        if len(known) > 1:
            raise RecordError(
                f"This sentence made the deployments {', '.join(known)}; say which one is meant"
                " with -e deployment=NAME."
            )
        if known:
            return known[0], False
        if not operation:
            return base, True
        if operation != "create" and (place / base).is_dir():
            return base, False  # a change that names its deployment
        taken = {path.name for path in place.glob("*") if path.is_dir()}
        readable = url and ("://" in url or Path(url).is_file())
        if not url or (self._task.check_mode and not readable):
            return free_name(base, taken.__contains__), True
        ledger = Ledger(url)
        try:
            return ledger.name_for(text, base, taken, hold=not self._task.check_mode)
        finally:
            ledger.close()


def _of_run(place: Path, run: str) -> str:
    """Return the deployment that a run changed, empty when no run is named."""
    if not run:
        return ""
    if not re.fullmatch(r"[0-9a-f-]{1,36}", run):
        raise RecordError(f"{run!r} is no id of a run; the playbook status shows them.")
    found = sorted({path.parents[1].name for path in place.glob(f"*/history/{run}*.json")})
    if len(found) != 1:
        which = f"runs of {', '.join(found)}" if found else "no run that changed something"
        raise RecordError(f"{run} is {which} in {place}; name the deployment, too.")
    return found[0]


def _told(name: str, place: str, new: bool, applied: t.Any, said: str) -> str:
    if new:
        return f"New deployment {name} in {place}; -e deployment=NAME gives it another name."
    how = "" if said else ", which this sentence made"
    state = f"applied {applied['at'][:19]}" if applied else "nothing of it is applied"
    return f"Deployment {name}{how} ({state})."


def _said_before(place: Path, text: str) -> list[str]:
    """Return the deployments whose folders hold this sentence, where the ledger is another one."""
    found = []
    for path in sorted(place.glob("*/request.json")):
        try:
            said = json.loads(path.read_text(encoding="utf-8")).get("text", "")
        except (OSError, ValueError, AttributeError):
            continue
        if said.split() == text.split():
            found.append(path.parent.name)
    return found
