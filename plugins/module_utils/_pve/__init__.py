# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a Proxmox VE cluster: client, calls, and pure functions that shape the answers."""
