# SPDX-License-Identifier: GPL-3.0-or-later
#
# One of each kind of object that the real provider can make here: a template
# from a cloud image, a clone with cloud-init, a container, network, placement,
# firewall, backup, accounts.
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
resource "proxmox_download_file" "img" {
  node_name    = "pve1"
  datastore_id = "local"
  content_type = "import"
  url          = "https://cloud.debian.org/images/cloud/bookworm/latest/debian-12-genericcloud-amd64.qcow2"
  file_name    = "debian-12.qcow2"
}

resource "proxmox_virtual_environment_vm" "tpl" {
  name      = "tpl"
  node_name = "pve1"
  vm_id     = 900
  template  = true
  started   = false
  disk {
    interface    = "scsi0"
    datastore_id = "ceph-vm"
    import_from  = proxmox_download_file.img.id
    size         = 4
  }
  initialization {
    datastore_id = "ceph-vm"
    ip_config {
      ipv4 {
        address = "dhcp"
      }
    }
  }
  agent {
    enabled = true
  }
  network_device {
    bridge = "vmbr0"
  }
  operating_system {
    type = "l26"
  }
}

resource "proxmox_virtual_environment_pool" "p" {
  pool_id = "tfpool"
  comment = "tf"
}

resource "proxmox_sdn_zone_simple" "z" {
  id    = "ztf"
  nodes = ["pve1", "pve2"]
}

resource "proxmox_sdn_vnet" "v" {
  id    = "vtf"
  zone  = proxmox_sdn_zone_simple.z.id
  alias = "lab"
}

resource "proxmox_sdn_subnet" "s" {
  vnet    = proxmox_sdn_vnet.v.id
  cidr    = "10.60.0.0/24"
  gateway = "10.60.0.1"
  snat    = true
}

resource "proxmox_sdn_applier" "a" {
  depends_on = [proxmox_sdn_subnet.s]
}

resource "proxmox_virtual_environment_vm" "m" {
  name            = "member"
  node_name       = "pve2"
  pool_id         = proxmox_virtual_environment_pool.p.pool_id
  tags            = ["a"]
  stop_on_destroy = true
  clone {
    vm_id     = proxmox_virtual_environment_vm.tpl.vm_id
    node_name = "pve1"
    retries   = 1
  }
  agent {
    enabled = true
    timeout = "10s"
  }
  cpu {
    cores = 1
  }
  memory {
    dedicated = 1024
  }
  disk {
    interface    = "scsi0"
    datastore_id = "ceph-vm"
    size         = 8
  }
  network_device {
    bridge = "vmbr0"
  }
  network_device {
    bridge = "vtf"
  }
  initialization {
    datastore_id = "ceph-vm"
    ip_config {
      ipv4 {
        address = "10.77.0.31/24"
        gateway = "10.77.0.1"
      }
    }
  }
  depends_on = [proxmox_sdn_applier.a]
}

resource "proxmox_haresource" "h" {
  resource_id = "vm:${proxmox_virtual_environment_vm.m.vm_id}"
  state       = "started"
  group       = one(proxmox_hagroup.g[*].group)
}

resource "proxmox_harule" "r" {
  count     = var.pve_major >= 9 ? 1 : 0
  rule      = "prefer"
  type      = "node-affinity"
  resources = [proxmox_haresource.h.resource_id]
  nodes     = { pve1 = 2, pve2 = 1 }
}

resource "proxmox_hagroup" "g" {
  count = var.pve_major >= 9 ? 0 : 1
  group = "prefer"
  nodes = { pve1 = 2, pve2 = 1 }
}

resource "proxmox_virtual_environment_firewall_options" "o" {
  node_name    = proxmox_virtual_environment_vm.m.node_name
  vm_id        = proxmox_virtual_environment_vm.m.vm_id
  enabled      = true
  input_policy = "DROP"
}

resource "proxmox_virtual_environment_firewall_rules" "f" {
  node_name = proxmox_virtual_environment_vm.m.node_name
  vm_id     = proxmox_virtual_environment_vm.m.vm_id
  rule {
    type    = "in"
    action  = "ACCEPT"
    proto   = "tcp"
    dport   = "6443"
    comment = "api"
  }
}

resource "proxmox_virtual_environment_cluster_firewall_security_group" "g" {
  name = "webgrp"
  rule {
    type   = "in"
    action = "ACCEPT"
    proto  = "tcp"
    dport  = "443"
  }
}

resource "proxmox_backup_job" "b" {
  id       = "tf-nightly"
  schedule = "03:00"
  storage  = "nas-backup"
  vmid     = ["${proxmox_virtual_environment_vm.m.vm_id}"]
  mode     = "snapshot"
}

resource "proxmox_virtual_environment_role" "role" {
  role_id    = "TFR"
  privileges = ["VM.Audit", "VM.PowerMgmt"]
}

resource "proxmox_virtual_environment_user" "u" {
  user_id = "bot@pve"
  comment = "bot"
}

resource "proxmox_acl" "acl" {
  path    = "/vms"
  role_id = proxmox_virtual_environment_role.role.role_id
  user_id = proxmox_virtual_environment_user.u.user_id
}

resource "proxmox_user_token" "t" {
  user_id    = proxmox_virtual_environment_user.u.user_id
  token_name = "tk"
}

resource "proxmox_virtual_environment_container" "ct" {
  node_name    = "pve1"
  vm_id        = 950
  unprivileged = true
  started      = true
  initialization {
    hostname = "ct1"
    ip_config {
      ipv4 {
        address = "10.77.0.32/24"
        gateway = "10.77.0.1"
      }
    }
  }
  cpu {
    cores = 1
  }
  memory {
    dedicated = 256
  }
  disk {
    datastore_id = "local-lvm"
    size         = 4
  }
  network_interface {
    name   = "eth0"
    bridge = "vmbr0"
  }
  operating_system {
    template_file_id = "local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst"
    type             = "debian"
  }
}

output "addresses" {
  value = proxmox_virtual_environment_vm.m.ipv4_addresses
}
