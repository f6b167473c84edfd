# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab: a simulated Proxmox VE and the hosts that it starts."""
