# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Compare what credentials can do with what they should; see the module's docs."""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._action import (
    ControllerAction,
)

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._doctor import examine


class ActionModule(ControllerAction):
    """Thin face of ``plugin_utils._doctor``."""

    ARGUMENTS: t.ClassVar[dict[str, t.Any]] = {
        "credential": {"type": "str", "choices": ["reader", "writer"], "required": True},
        "site": {"type": "dict", "required": True},
        "snapshot": {"type": "dict", "required": True},
        "days": {"type": "int", "default": 365},
    }
    ERRORS = (ValueError,)

    def act(self, args: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Return what is missing and what is too much; too much is a warning as well."""
        end = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=args["days"])
        found = examine(
            args["credential"], args["site"], args["snapshot"], expires=int(end.timestamp())
        )
        told = [*found.missing, *found.excess]
        return {
            "changed": False,
            "missing": list(found.missing),
            "excess": list(found.excess),
            "commands": list(found.commands),
            "warnings": [f"This {args['credential']}: {text}" for text in found.excess],
            "msg": " ".join(told)
            or f"The {args['credential']} can do what it should, and no more.",
        }
