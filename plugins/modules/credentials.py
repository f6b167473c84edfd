#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: credentials
short_description: Make the reader and the writer of a site on Proxmox VE
version_added: 0.1.0
author:
  - The clusterwright maintainers (@clusterwright)
description:
  - Makes pool, roles, users, rights and API tokens as M(clusterwright.proxmox.doctor) wants them,
    with the login of an administrator, and takes rights from these users that they should not have.
  - A second run changes nothing. The end of a user stays while at least half of the time is left.
  - The secret of each token goes into a private file and nowhere else.
  - A user that is there without a comment of ours, or is disabled, is left alone and named.
options:
  wanted:
    description: RV(clusterwright.proxmox.doctor#module:wanted).
    type: dict
    required: true
  secret_files:
    description: Where the secret of each credential is kept.
    type: dict
    required: true
    suboptions:
      reader:
        description: The file of the credential that reads.
        type: path
      writer:
        description: The file of the credential that writes.
        type: path
  renew:
    description: Make a token anew whose secret is not in its file. This ends the former one.
    type: bool
    default: false
extends_documentation_fragment:
  - clusterwright.proxmox.api
attributes:
  check_mode:
    description: Tells what it would change.
    support: full
  diff_mode:
    description: Shows the steps.
    support: full
"""

EXAMPLES = r"""
- name: Make both credentials
  clusterwright.proxmox.credentials:
    api_user: root@pam
    api_password: "{{ lookup('ansible.builtin.env', 'PROXMOX_ADMIN_PASSWORD') }}"
    wanted: "{{ examined.wanted }}"
    secret_files:
      reader: /srv/clusterwright/reader.secret
      writer: /srv/clusterwright/writer.secret
"""

RETURN = r"""
steps:
  description: What was changed, or would be, one sentence each.
  returned: always
  type: list
  elements: str
  sample: [make the pool clusterwright]
receipts:
  description: The same for M(clusterwright.proxmox.run), without secrets.
  returned: always
  type: list
  elements: dict
"""

import time
import typing as t
from functools import partial

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.accounts import (
    AccountsError,
    Step,
    carry_out,
    steps,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.client import (
    Connection,
    connect,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.credential import (
    Purpose,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.errors import (
    BadOptionsError,
    PveError,
    UnauthorizedError,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.options import (
    INSECURE,
    argument_spec,
)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            **argument_spec(),
            "wanted": {"type": "dict", "required": True},
            "secret_files": {
                "type": "dict",
                "required": True,
                "no_log": False,
                "options": {"reader": {"type": "path"}, "writer": {"type": "path"}},
            },
            "renew": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    options = module.params
    if not options["validate_certs"]:
        module.warn(INSECURE)
    accounts = [
        {**account, "secret_file": options["secret_files"][account["purpose"]]}
        for account in options["wanted"]["accounts"]
    ]
    done: list[Step] = []
    try:
        client = connect(Connection.from_options(options))
        try:
            found = steps(
                client,
                {**options["wanted"], "accounts": accounts},
                now=time.time(),
                works=partial(_works, options),
                renew=options["renew"],
            )
            for step in found:
                if not module.check_mode:
                    carry_out(client, step)
                done.append(step)
        finally:
            client.close()
    except (AccountsError, PveError) as error:
        module.fail_json(msg=str(error), **_told(done))
    module.exit_json(
        **_told(done), diff={"before": "", "after": "".join(f"{step.what}\n" for step in done)}
    )


def _told(done: list[Step]) -> dict[str, t.Any]:
    return {
        "changed": bool(done),
        "steps": [step.what for step in done],
        "receipts": [step.receipt for step in done],
    }


def _works(options: t.Mapping[str, t.Any], account: t.Mapping[str, t.Any]) -> bool:
    """Return whether the secret that is here opens the token of an account."""
    purpose: Purpose = account["purpose"]
    given = {
        "token_id": f"{account['user']}!{account['token']}",
        "secret_file": account["secret_file"],
    }
    try:
        client = connect(Connection.from_options({**options, purpose: given}, purpose))
        try:
            client.get("/version")
        finally:
            client.close()
    except (BadOptionsError, UnauthorizedError):
        return False
    return True


if __name__ == "__main__":
    main()
