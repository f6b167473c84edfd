# SPDX-License-Identifier: GPL-3.0-or-later
"""Real Linux hosts behind the guests of the simulated Proxmox VE: systemd-nspawn machines."""
