# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Leave a kubeconfig on the controller; see the module's docs."""

from __future__ import annotations

import typing as t
from pathlib import Path

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._action import (
    ControllerAction,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._files import write_private
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s import _kubeconfig, _token
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._gather import (
    another_cluster,
    gather,
    kubeconfig_path,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._model import (
    CONFIG_DIR,
    url,
)

#: Print a kubeconfig with which the API answers.
PROVE = '"$0" kubectl --kubeconfig "$1" get --raw /readyz >/dev/null && cat "$1"'


class ActionModule(ControllerAction):
    """Take the administrator's kubeconfig of the server this runs on, once it is proven good."""

    ARGUMENTS: t.ClassVar[dict[str, t.Any]] = {
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    }
    _requires_connection = True
    ERRORS = (_kubeconfig.KubeconfigError, _token.TokenError)

    def act(self, args: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Return whether the file changed."""
        cluster = gather(task_vars, facts=True)
        host = cluster.host(task_vars["inventory_hostname"])
        source = str(host.own_config.get("write-kubeconfig") or f"{CONFIG_DIR}/k3s.yaml")
        path = kubeconfig_path(task_vars)
        if args["state"] == "absent":
            other = another_cluster(path, cluster)
            return {"changed": not other and self._take_out(path, cluster.name)}
        answer = self._execute_module(
            module_name="ansible.builtin.command",
            module_args={"argv": ["sh", "-c", PROVE, host.binary, source]},
            task_vars=task_vars,
        )
        if answer.get("skipped") or self._task.check_mode:
            return {"changed": False}
        if answer.get("rc") != 0:
            said = (answer.get("stderr") or answer.get("msg") or "nothing").strip().splitlines()
            raise _kubeconfig.KubeconfigError(
                f"The API does not accept {source} of {host.name} ({said[-1]}); {path} stays as it "
                "was. If its certificates have expired, run the entry point rotate with "
                "k3s_rotate: certificates."
            )
        endpoint = cluster.vip or host.address
        old = path.read_text(encoding="utf-8") if path.is_file() else ""
        text = _kubeconfig.combined(
            answer["stdout"],
            old,
            name=cluster.name,
            server=url(endpoint, cluster.port),
        )
        return {"changed": write_private(path, text)}

    def _take_out(self, path: Path, name: str) -> bool:
        """Take the cluster out of the file, which goes when it holds no other."""
        old = path.read_text(encoding="utf-8") if path.is_file() else ""
        text = _kubeconfig.without(old, name=name)
        if not old or text == old or self._task.check_mode:
            return bool(old) and text != old
        if text:
            return write_private(path, text)
        path.unlink()
        return True
