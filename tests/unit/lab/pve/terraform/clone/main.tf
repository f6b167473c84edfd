# SPDX-License-Identifier: GPL-3.0-or-later
#
# One clone with cloud-init, a second disk and an address from the guest agent.
terraform {
  required_providers {
    proxmox = {
      source  = "bpg/proxmox"
      version = "0.111.1"
    }
  }
}

variable "pve_major" {
  type = number
}

provider "proxmox" {}

resource "proxmox_virtual_environment_vm" "m" {
  name            = "k3s-1"
  node_name       = "pve2"
  vm_id           = 300
  tags            = ["clusterwright"]
  stop_on_destroy = true
  clone {
    vm_id     = 9000
    node_name = "pve1"
    retries   = 1
  }
  agent {
    enabled = true
    timeout = "30s"
  }
  cpu {
    cores = 2
  }
  memory {
    dedicated = 2048
  }
  disk {
    interface    = "scsi0"
    datastore_id = "ceph-vm"
    size         = 20
  }
  disk {
    interface    = "scsi1"
    datastore_id = "ceph-vm"
    size         = 5
  }
  network_device {
    bridge = "vmbr0"
  }
  initialization {
    datastore_id = "ceph-vm"
    ip_config {
      ipv4 {
        address = "10.77.0.31/24"
        gateway = "10.77.0.1"
      }
    }
    user_account {
      username = "debian"
      keys     = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0Ndk1jrVJ3kqjyUuGJtwkTgSQjB1m2nCjC8vQmLhQb t@t"]
    }
  }
}
