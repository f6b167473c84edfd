# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Look at one host of a k3s cluster; see the module's docs."""

from __future__ import annotations

import contextlib
import time
import typing as t

from ansible.errors import AnsibleConnectionFailure

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._action import (
    ControllerAction,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._bucket import (
    bucket_of,
    snapshot_path,
    wanted_object,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._files import (
    paths_of,
    services_of,
    sysctls_of,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._gather import (
    clock_offset,
    own_host,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._model import CONFIG_DIR

MODULE = "clusterwright.proxmox.k3s_host_info"
COMMANDS = ["keepalived", "curl", "apt-get", "nft", "ufw"]
PAUSE_SECONDS = 1.0


class ActionModule(ControllerAction):
    """Run ``k3s_host_info`` with what the planner needs, as soon as the host answers."""

    _requires_connection = True
    ARGUMENTS: t.ClassVar[dict[str, t.Any]] = {
        "timeout_seconds": {"type": "int", "default": 300},
    }

    def act(self, args: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Return the fact ``__k3s_facts``, which is empty for a host that does not answer."""
        end = time.monotonic() + args["timeout_seconds"]
        while True:
            # One of an earlier task may lead to a machine that has been started anew since.
            with contextlib.suppress(AttributeError):
                self._connection.reset()
            try:
                return self._look(task_vars)
            except AnsibleConnectionFailure as error:
                if time.monotonic() >= end:
                    return {
                        "changed": False,
                        "msg": f"It does not answer: {error.message.strip()}",
                        "ansible_facts": {"__k3s_facts": {}},
                    }
            time.sleep(PAUSE_SECONDS)

    def _look(self, task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        host = own_host(task_vars)
        opened, secret = paths_of(host)
        opened += [snapshot_path(host)] if snapshot_path(host) else []
        bucket = bucket_of(host)
        provider = host.options["vip_provider"]
        sent = time.time()
        result = self._execute_module(
            module_name=MODULE,
            module_args={
                "address": host.address,
                "binary": host.binary,
                "config_dir": CONFIG_DIR,
                "data_dir": host.data_dir,
                "paths": opened,
                "secret_paths": secret,
                "salt": host.options["salt"],
                "services": services_of(host),
                "commands": COMMANDS,
                "sysctls": sorted(sysctls_of(host)),
                "bucket": bucket or None,
                "bucket_object": wanted_object(host),
                "vip": host.options["vip"] if provider in ("keepalived", "kube_vip") else "",
                "cloud_init_timeout_seconds": host.options["cloud_init_timeout_seconds"],
            },
            task_vars=task_vars,
        )
        received = time.time()
        if result.get("failed"):
            return dict(result)
        kept = {key: value for key, value in result.items() if key not in ("invocation", "changed")}
        kept["clock_offset_seconds"] = clock_offset(
            (sent, received), (result["begun"], result["ended"])
        )
        return {"changed": False, "ansible_facts": {"__k3s_facts": kept}}
