# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Compare what credentials can do with what they should; see the module's docs."""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._action import (
    ControllerAction,
)

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._doctor import (
    Examined,
    commands,
    examine,
    not_ours_to_change,
    wanted,
)


class ActionModule(ControllerAction):
    """Thin face of ``plugin_utils._doctor``."""

    ARGUMENTS: t.ClassVar[dict[str, t.Any]] = {
        "credential": {"type": "str", "choices": ["reader", "writer"]},
        "site": {"type": "dict", "required": True},
        "snapshot": {"type": "dict", "required": True},
        "days": {"type": "int", "default": 365},
        "guests": {"type": "list", "elements": "int", "default": []},
    }
    ERRORS = (ValueError,)

    def act(self, args: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Return what is missing and what is too much; too much is a warning as well."""
        today = datetime.datetime.now(datetime.UTC).replace(hour=0, minute=0, second=0)
        end = int((today + datetime.timedelta(days=args["days"])).timestamp())
        credential = args["credential"]
        found = examine(credential, args["site"], args["snapshot"]) if credential else Examined()
        told = [*found.missing, *found.excess]
        right = f"The {credential} can do what it should, and no more."
        return {
            "changed": False,
            "missing": list(found.missing),
            "excess": list(found.excess),
            "along": list(found.along),
            "ending": list(found.ending),
            "guests": not_ours_to_change(args["guests"], args["site"], args["snapshot"]),
            "commands": list(commands(args["site"], args["snapshot"], end)),
            "wanted": wanted(args["site"], args["snapshot"], end),
            "warnings": [
                *(f"This {credential}: {text}" for text in found.excess),
                *found.ending,
            ],
            "msg": " ".join([*(told or [right]), *found.ending]),
        }
