# SPDX-License-Identifier: GPL-3.0-or-later
"""Terraform or OpenTofu, driven so that only approved plans and only own guests are touched.

The process runner and the view of the Proxmox VE cluster are passed in.
"""
