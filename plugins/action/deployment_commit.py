# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Commit what is applied of a deployment to a git repository; see the module's docs."""

from __future__ import annotations

import typing as t
from pathlib import Path

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._action import (
    ControllerAction,
    who,
)

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._records import RecordError
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._records._git import (
    Repository,
)


class ActionModule(ControllerAction):
    """Nothing is committed in check mode; a push that fails is a warning, the commit stays."""

    ARGUMENTS: t.ClassVar[dict[str, t.Any]] = {
        "directory": {"type": "path", "required": True},
        "repository": {"type": "path", "required": True},
        "remote": {"type": "str", "default": ""},
        "message": {"type": "str", "required": True},
        "secrets": {"type": "list", "elements": "str", "default": [], "no_log": True},
        "secret_files": {"type": "list", "elements": "path", "default": [], "no_log": False},
    }
    ERRORS = (RecordError,)

    def act(self, args: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Return whether a commit was made."""
        if self._task.check_mode:
            return {"changed": False, "committed": False, "msg": "Nothing is committed."}
        repository = Repository(Path(args["repository"]).expanduser(), args["remote"])
        by = who().name
        files = [path for path in map(Path, args["secret_files"]) if path.is_file()]
        secrets = [*args["secrets"], *(path.read_text(encoding="utf-8").strip() for path in files)]
        committed = repository.commit(
            Path(args["directory"]), args["message"], by=by, secrets=secrets
        )
        result: dict[str, t.Any] = {
            "changed": committed,
            "committed": committed,
            "msg": f"{'Committed to' if committed else 'Nothing is new for'} {repository.path}.",
        }
        try:
            if committed:
                repository.push()
        except RecordError as error:
            result["warnings"] = [f"{error} The commit stays, and goes along with the next one."]
        return result
