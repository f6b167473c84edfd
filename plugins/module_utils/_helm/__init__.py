# SPDX-License-Identifier: GPL-3.0-or-later
"""Charts and releases of helm: what a chart needs, and whose a release is."""
