# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs on hosts of a k3s cluster: reading their state, starting services, asking the API."""
