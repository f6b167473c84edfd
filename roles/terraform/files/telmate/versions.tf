# SPDX-License-Identifier: GPL-3.0-or-later

terraform {
  required_version = ">= 1.10"

  required_providers {
    proxmox = {
      source = "Telmate/proxmox"
      # Release candidates are found by their exact version only.
      version = "3.0.2-rc07"
    }
  }
}

# Endpoint, credentials and TLS settings come from the environment only.
provider "proxmox" {
  # The provider's own list asks for more than a machine needs, on the whole cluster; up to
  # 3.0.2-rc04 also for VM.Monitor, which Proxmox VE 9 does not have.
  pm_minimum_permission_check = false
}
