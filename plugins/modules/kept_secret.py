#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) The clusterwright maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A secret that is made once and kept on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kept_secret
author:
  - The clusterwright maintainers (@clusterwright)
version_added: 0.1.0
short_description: Has a secret on the controller that is made once
description:
  - Returns the secret of a file that only its owner may read. When the file is lost and the cluster
    holds the secret, it is read back; only when there is none is one made.
  - Use it with C(no_log).
attributes:
  check_mode:
    description: Makes no file.
    support: full
  diff_mode:
    description: A secret is never shown.
    support: none
  platform:
    description: Where it runs.
    platforms: posix
    support: full
requirements:
  - kubernetes (Python package) on the controller, for O(read_back)
options:
  path:
    description: File that keeps the secret.
    type: path
    required: true
  length:
    description: Length of a new secret, of letters and digits.
    type: int
    default: 24
  kubeconfig:
    description: File that names the cluster, for O(read_back).
    type: path
    default: ""
  context:
    description: Context of the kubeconfig; empty takes its current one.
    type: str
    default: ""
  read_back:
    description: Secret of the cluster that holds it as well.
    type: dict
    suboptions:
      namespace:
        description: Its namespace.
        type: str
        required: true
      name:
        description: Its name.
        type: str
        required: true
      key:
        description: Key of its data.
        type: str
        required: true
"""

EXAMPLES = r"""
- name: Have the password of Grafana
  clusterwright.proxmox.kept_secret:
    path: deployments/demo/grafana.password
    kubeconfig: deployments/demo/kubeconfig
    read_back: {namespace: monitoring, name: grafana-admin, key: admin-password}
  register: grafana
  no_log: true
"""

RETURN = r"""
secret:
  description: The secret.
  type: str
  returned: success
source:
  description: V(file), V(cluster) or V(new).
  type: str
  returned: success
"""

import base64
import os
import secrets
import stat
import string
import typing as t
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.access import (
    Cluster,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.errors import (
    ApiError,
)

LEAST = 12
LETTERS = string.ascii_letters + string.digits
SPEC: dict[str, t.Any] = {
    "path": {"type": "path", "required": True},
    "length": {"type": "int", "default": 24},
    "kubeconfig": {"type": "path", "default": ""},
    "context": {"type": "str", "default": ""},
    "read_back": {
        "type": "dict",
        "no_log": False,
        "options": {
            "namespace": {"type": "str", "required": True},
            "name": {"type": "str", "required": True},
            "key": {"type": "str", "required": True, "no_log": False},
        },
    },
}


class BadSecret(ValueError):
    """A file holds no usable secret; the message is one sentence."""


def from_file(path: Path) -> str | None:
    """Return the secret of a file, None without one.

    Raises:
        BadSecret: the file is there and holds none.
    """
    try:
        text = path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise BadSecret(f"{path} cannot be read: {error}.") from None
    if len(text) < LEAST or any(mark.isspace() for mark in text):
        raise BadSecret(
            f"{path} holds no secret (it has to be one word of at least {LEAST} characters); remove"
            " it, or put the right one there."
        )
    return text


def from_cluster(params: dict[str, t.Any]) -> str | None:
    """Return the secret that the cluster holds, None without one or without a cluster."""
    where = params["read_back"]
    if not where or not params["kubeconfig"] or not Path(params["kubeconfig"]).is_file():
        return None
    cluster = Cluster(params["kubeconfig"], params["context"])
    found = cluster.get("v1", "Secret", where["name"], where["namespace"])
    held = (found or {}).get("data", {}).get(where["key"])
    return base64.b64decode(held).decode() if held else None


def write(path: Path, secret: str) -> None:
    """Write a file that only its owner may read, in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}")
    number = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(number, "w", encoding="utf-8") as file:
        file.write(f"{secret}\n")
    part.replace(path)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)
    path = Path(module.params["path"])
    changed, source = False, "file"
    try:
        secret = from_file(path)
        if secret is None:
            secret, source, changed = from_cluster(module.params), "cluster", True
        if secret is None:
            secret = "".join(secrets.choice(LETTERS) for _place in range(module.params["length"]))
            source = "new"
        if changed and not module.check_mode:
            write(path, secret)
        elif not changed and stat.S_IMODE(path.stat().st_mode) != 0o600:
            changed = True
            if not module.check_mode:
                path.chmod(0o600)
    except (ApiError, BadSecret) as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg=f"{path} cannot be written: {error}.")
    module.exit_json(changed=changed, secret=secret, source=source)


if __name__ == "__main__":
    main()
