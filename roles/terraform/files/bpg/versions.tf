# SPDX-License-Identifier: GPL-3.0-or-later

terraform {
  required_version = ">= 1.10"

  required_providers {
    proxmox = {
      source  = "bpg/proxmox"
      version = "~> 0.111.1"
    }
  }
}

# Endpoint, credentials and TLS settings come from the environment only.
provider "proxmox" {}
