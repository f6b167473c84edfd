# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Look at one host of a k3s cluster; see the module's docs."""

from __future__ import annotations

import time
import typing as t

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
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._gather import own_host
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._model import CONFIG_DIR

MODULE = "clusterwright.proxmox.k3s_host_info"
COMMANDS = ["keepalived", "curl", "apt-get", "nft", "ufw"]


class ActionModule(ControllerAction):
    """Run ``k3s_host_info`` with what the planner needs."""

    _requires_connection = True

    def act(self, args: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Return the fact ``__k3s_facts``."""
        host = own_host(task_vars)
        opened, secret = paths_of(host)
        opened += [snapshot_path(host)] if snapshot_path(host) else []
        bucket = bucket_of(host)
        provider = host.options["vip_provider"]
        result = self._execute_module(
            module_name=MODULE,
            module_args={
                "address": host.address,
                "controller_time": time.time(),
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
        if result.get("failed") or result.get("unreachable"):
            return dict(result)
        kept = {key: value for key, value in result.items() if key not in ("invocation", "changed")}
        return {"changed": False, "ansible_facts": {"__k3s_facts": kept}}
