# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of a running cluster through its API."""
