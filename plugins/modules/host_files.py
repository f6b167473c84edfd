#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) The clusterwright maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Write several small files at once."""

from __future__ import annotations

DOCUMENTATION = r"""
module: host_files
author:
  - The clusterwright maintainers (@clusterwright)
version_added: 0.1.0
short_description: Writes several small files in one execution
description:
  - Brings content, mode and owner of files to what is given and makes the folders they are in.
  - Does what M(ansible.builtin.copy) does for each file, at the price of one.
attributes:
  check_mode:
    description: Says what would change.
    support: full
  diff_mode:
    description: Shows what changes in O(files), and only that something changes in O(secrets).
    support: full
  platform:
    description: Hosts it runs on.
    platforms: posix
    support: full
options:
  files:
    description: Files that anybody may see in a diff.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Where the file is.
        type: path
        required: true
      content:
        description: What it holds.
        type: str
        required: true
      mode:
        description: Permissions, octal.
        type: str
        default: "0644"
      folder_mode:
        description: Permissions of the folders that have to be made, octal.
        type: str
        default: "0755"
  secrets:
    description: Files whose content is never shown.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Where the file is.
        type: path
        required: true
      content:
        description: What it holds.
        type: str
        required: true
      hidden_keys:
        description:
          - Keys of a YAML file whose values a diff leaves out; the rest of the file is shown.
          - Empty shows nothing of the file.
        type: list
        elements: str
        default: []
      mode:
        description: Permissions, octal.
        type: str
        default: "0600"
      folder_mode:
        description: Permissions of the folders that have to be made, octal.
        type: str
        default: "0755"
"""

EXAMPLES = r"""
- name: Write the files
  clusterwright.proxmox.host_files:
    files:
      - path: /etc/sysctl.d/90-k3s.conf
        content: |
          net.ipv4.ip_forward = 1
    secrets:
      - path: /etc/rancher/k3s/cluster.token
        content: "{{ token }}"
"""

RETURN = r"""
paths:
  description: Files that changed.
  type: list
  elements: str
  returned: always
"""

import os
import re
import tempfile
import typing as t
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule


def read(path: Path) -> str | None:
    """Return what a file holds, None when there is none."""
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape")
    except FileNotFoundError:
        return None


def is_wanted(path: Path, content: str, mode: int) -> bool:
    """Return whether content, mode and owner are as wanted."""
    if read(path) != content:
        return False
    status = path.stat()
    return status.st_mode & 0o7777 == mode and status.st_uid == os.geteuid()


def write(path: Path, content: str, mode: int, folder_mode: int) -> None:
    """Write a file so that it is never seen half-written or with other permissions."""
    for folder in reversed(path.parents):
        if not folder.exists():
            folder.mkdir()
            folder.chmod(folder_mode)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=str(path.parent))
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(name, mode)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def without_values(text: str, keys: t.Sequence[str]) -> str:
    """Return YAML text with one line a value, without the values of ``keys``."""
    names = "|".join(re.escape(key) for key in keys)
    return re.sub(rf"(?m)^(\s*(?:- )?(?:{names})\+?:[ \t]*)\S.*$", r"\1[secret]", text)


def difference(
    path: Path, content: str, mode: int, *, secret: bool, hidden_keys: t.Sequence[str] = ()
) -> dict[str, t.Any]:
    """Return what a diff shows for one file."""
    old = read(path)
    if hidden_keys:
        old = None if old is None else without_values(old, hidden_keys)
        content = without_values(content, hidden_keys)
    elif secret:
        old, content = (None if old is None else "[secret]\n"), "[new secret]\n"
    header = f"{path} (mode {mode:04o})"
    return {
        "before_header": str(path),
        "before": old or "",
        "after_header": header,
        "after": content,
    }


def main() -> None:
    """Run the module."""

    def options(mode: str, *, secret: bool) -> dict[str, t.Any]:
        own = {"hidden_keys": {"type": "list", "elements": "str", "default": [], "no_log": False}}
        return (own if secret else {}) | {
            "path": {"type": "path", "required": True},
            "content": {"type": "str", "required": True, "no_log": secret},
            "mode": {"type": "str", "default": mode},
            "folder_mode": {"type": "str", "default": "0755"},
        }

    module = AnsibleModule(
        argument_spec={
            "files": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": options("0644", secret=False),
            },
            "secrets": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "no_log": False,
                "options": options("0600", secret=True),
            },
        },
        supports_check_mode=True,
    )
    changed, diffs = [], []
    wanted = [(item, False) for item in module.params["files"]]
    wanted += [(item, True) for item in module.params["secrets"]]
    try:
        for item, secret in wanted:
            path, mode = Path(item["path"]), int(item["mode"], 8)
            if is_wanted(path, item["content"], mode):
                continue
            changed.append(str(path))
            hidden = item.get("hidden_keys") or []
            diffs.append(difference(path, item["content"], mode, secret=secret, hidden_keys=hidden))
            if not module.check_mode:
                write(path, item["content"], mode, int(item["folder_mode"], 8))
    except (OSError, ValueError) as error:
        module.fail_json(msg=f"{item['path']} cannot be written: {error}", paths=changed)
    # What a diff shows of them is no secret; Ansible would blank out a text that it knows as one.
    for item in module.params["secrets"]:
        module.no_log_values.discard(item["content"])
        item["content"] = "[secret]"
    module.exit_json(changed=bool(changed), paths=changed, diff=diffs)


if __name__ == "__main__":
    main()
