# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Have the cluster's token on the controller; see the module's docs."""

from __future__ import annotations

import base64
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._action import (
    ControllerAction,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s import _token
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._gather import (
    own_host,
    token_path,
)


class ActionModule(ControllerAction):
    """Read the token back from the server this runs on, or make one."""

    _requires_connection = True
    ARGUMENTS: t.ClassVar[dict[str, t.Any]] = {
        "read_back": {"type": "bool", "default": False},
        "replace": {"type": "bool", "default": False},
    }
    ERRORS = (_token.TokenError,)

    def act(self, args: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Return only whether a new token was made; the token is in no result."""
        path = token_path(task_vars)
        there = path.exists() and not args["replace"]
        if self._task.check_mode or (there and _token.read(path) is not None):
            return {"changed": not args["read_back"] and not there}
        if not args["read_back"]:
            _token.make(path)
            return {"changed": True, "msg": f"A new token is in {path}."}
        source = f"{own_host(task_vars).data_dir}/server/token"
        result = self._execute_module(
            module_name="ansible.builtin.slurp", module_args={"src": source}, task_vars=task_vars
        )
        if result.get("failed"):
            return {"failed": True, "msg": f"{source} cannot be read: {result.get('msg', '')}"}
        _token.keep(path, base64.b64decode(result["content"]).decode())
        return {"changed": False, "msg": f"The token was read back into {path}."}
