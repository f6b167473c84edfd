# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options to reach the Proxmox VE API: ``api`` for modules, ``api.plugin`` for plugins."""

from __future__ import annotations


class ModuleDocFragment:
    """The connection options; both parts describe the same options."""

    DOCUMENTATION = r"""
options:
  api_host:
    description:
      - Host name or address of any node of the cluster, with an optional C(:port).
      - The environment variable E(PROXMOX_HOST) is used when it is not set.
    type: str
  api_port:
    description:
      - Port of the API; 8006 when neither this option nor O(api_host) says another one.
      - The environment variable E(PROXMOX_PORT) is used when it is not set.
    type: int
  api_user:
    description:
      - User with its realm, such as V(automation@pve).
      - Not needed when O(api_token_id) is written as V(user@realm!name).
      - The environment variable E(PROXMOX_USER) is used when it is not set.
    type: str
  api_password:
    description:
      - Password of O(api_user); an API token is the better way.
      - The environment variable E(PROXMOX_PASSWORD) is used when it is not set.
    type: str
  api_token_id:
    description:
      - Name of an API token of O(api_user), or the whole V(user@realm!name).
      - A token is used rather than a password when both are there.
      - The environment variable E(PROXMOX_TOKEN_ID) is used when it is not set.
    type: str
  api_token_secret:
    description:
      - Secret of the API token.
      - The environment variable E(PROXMOX_TOKEN_SECRET) is used when it is not set.
    type: str
  reader:
    description:
      - API token for what only looks, rather than the user, token or password above.
      - The playbook C(doctor) makes it; it changes nothing.
    type: dict
    suboptions: &credential
      token_id:
        description: The token as V(user@realm!name).
        type: str
        required: true
      secret_file:
        description: File that holds its secret and nothing else, and that nobody else may read.
        type: path
        required: true
  writer:
    description:
      - API token for what changes something, rather than the user, token or password above.
      - The playbook C(doctor) makes it; it writes in one resource pool.
    type: dict
    suboptions: *credential
  validate_certs:
    description:
      - Check the certificate of the API.
      - With V(false) anyone in between can read the credentials; a warning says so.
      - The environment variable E(PROXMOX_VALIDATE_CERTS) is used when it is not set.
    type: bool
    default: true
  ca_path:
    description:
      - File with the CA certificate to trust, for example a copy of C(/etc/pve/pve-root-ca.pem).
      - The environment variable E(PROXMOX_CA_PATH) is used when it is not set.
    type: path
  timeout_seconds:
    description:
      - How long to wait for one answer. Calls about a single guest wait 5 seconds at most.
    type: float
    default: 10.0
  workers:
    description:
      - How many requests run at once, each worker on one connection of its own.
    type: int
    default: 12
requirements:
  - proxmoxer >= 2.0
  - requests
"""

    PLUGIN = r"""
options:
  api_host:
    description:
      - Host name or address of any node of the cluster, with an optional C(:port).
    type: str
    env:
      - name: PROXMOX_HOST
  api_port:
    description:
      - Port of the API; 8006 when neither this option nor O(api_host) says another one.
    type: int
    env:
      - name: PROXMOX_PORT
  api_user:
    description:
      - User with its realm, such as V(automation@pve).
      - Not needed when O(api_token_id) is written as V(user@realm!name).
    type: str
    env:
      - name: PROXMOX_USER
  api_password:
    description:
      - Password of O(api_user); an API token is the better way.
    type: str
    env:
      - name: PROXMOX_PASSWORD
  api_token_id:
    description:
      - Name of an API token of O(api_user), or the whole V(user@realm!name).
      - A token is used rather than a password when both are there.
    type: str
    env:
      - name: PROXMOX_TOKEN_ID
  api_token_secret:
    description:
      - Secret of the API token.
    type: str
    env:
      - name: PROXMOX_TOKEN_SECRET
  validate_certs:
    description:
      - Check the certificate of the API.
      - With V(false) anyone in between can read the credentials; a warning says so.
    type: bool
    default: true
    env:
      - name: PROXMOX_VALIDATE_CERTS
  ca_path:
    description:
      - File with the CA certificate to trust, for example a copy of C(/etc/pve/pve-root-ca.pem).
    type: path
    env:
      - name: PROXMOX_CA_PATH
  timeout_seconds:
    description:
      - How long to wait for one answer. Calls about a single guest wait 5 seconds at most.
    type: float
    default: 10.0
  workers:
    description:
      - How many requests run at once, each worker on one connection of its own.
    type: int
    default: 12
requirements:
  - proxmoxer >= 2.0
  - requests
"""
