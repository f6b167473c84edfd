# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Write a host's files of k3s; see the module's docs."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._action import (
    ControllerAction,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s import _token
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._files import files_of
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._gather import (
    gather,
    token_path,
)

MODULE = "clusterwright.proxmox.host_files"


class ActionModule(ControllerAction):
    """Render the files that the plan names and hand them to ``host_files``."""

    _requires_connection = True
    ARGUMENTS: t.ClassVar[dict[str, t.Any]] = {
        "paths": {"type": "list", "elements": "path", "required": True},
    }
    ERRORS = (_token.TokenError,)

    def act(self, args: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Return the result of ``host_files``."""
        cluster = gather(task_vars, facts=True)
        host = cluster.host(task_vars["inventory_hostname"])
        files, secrets = [], []
        for file in files_of(cluster, host, _token.read(token_path(task_vars))):
            if file.path not in args["paths"]:
                continue
            item: dict[str, t.Any] = {
                "path": file.path,
                "content": file.content,
                "mode": file.mode,
                "folder_mode": file.folder_mode,
            }
            if file.secret:
                secrets.append(item | {"hidden_keys": list(file.hidden_keys)})
            else:
                files.append(item)
        result = self._execute_module(
            module_name=MODULE,
            module_args={"files": files, "secrets": secrets},
            task_vars=task_vars,
        )
        return dict(result)
