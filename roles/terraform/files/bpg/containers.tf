# SPDX-License-Identifier: GPL-3.0-or-later

resource "proxmox_virtual_environment_container" "machine" {
  for_each = local.containers

  vm_id         = each.value.vmid
  node_name     = each.value.node
  description   = each.value.description
  tags          = each.value.tags
  pool_id       = each.value.pool
  unprivileged  = each.value.unprivileged
  start_on_boot = each.value.on_boot
  protection    = each.value.protection
  started       = true

  timeout_clone  = var.timeout_seconds
  timeout_create = var.timeout_seconds
  timeout_delete = var.timeout_seconds
  timeout_update = var.timeout_seconds

  cpu {
    cores = each.value.cores * each.value.sockets
  }

  memory {
    dedicated = each.value.memory_mib
    swap      = each.value.swap_mib
  }

  operating_system {
    template_file_id = each.value.source.volume_id
    type             = each.value.os_type
  }

  dynamic "disk" {
    for_each = [for disk in each.value.disks : disk if disk.interface == "rootfs"]

    content {
      datastore_id = disk.value.storage
      size         = disk.value.size_gib
    }
  }

  dynamic "mount_point" {
    for_each = [for disk in each.value.disks : disk if disk.interface != "rootfs"]

    content {
      volume = mount_point.value.storage
      size   = "${mount_point.value.size_gib}G"
      path   = mount_point.value.mount_path
      backup = mount_point.value.backup
    }
  }

  dynamic "network_interface" {
    for_each = each.value.nics

    content {
      name        = "eth${network_interface.key}"
      bridge      = network_interface.value.bridge
      vlan_id     = network_interface.value.vlan
      mtu         = network_interface.value.mtu
      firewall    = network_interface.value.firewall
      mac_address = network_interface.value.mac_address
    }
  }

  initialization {
    hostname = each.key

    dynamic "dns" {
      for_each = contains(keys(local.with_dns), each.key) ? [local.with_dns[each.key]] : []

      content {
        domain  = dns.value.search_domain
        servers = dns.value.dns_servers
      }
    }

    dynamic "ip_config" {
      for_each = each.value.nics

      content {
        dynamic "ipv4" {
          for_each = strcontains(ip_config.value.address, ":") ? [] : [ip_config.value]

          content {
            address = ipv4.value.address
            gateway = ipv4.value.gateway
          }
        }
        dynamic "ipv6" {
          for_each = strcontains(ip_config.value.address, ":") ? [ip_config.value] : []

          content {
            address = ipv6.value.address
            gateway = ipv6.value.gateway
          }
        }
      }
    }

    dynamic "user_account" {
      for_each = each.value.cloud_init == null ? [] : [each.value.cloud_init]

      content {
        keys = user_account.value.ssh_public_keys
      }
    }
  }

  dynamic "features" {
    for_each = each.value.nesting ? [true] : []

    content {
      nesting = true
    }
  }

  dynamic "startup" {
    for_each = each.value.startup == null ? [] : [each.value.startup]

    content {
      order    = startup.value.order
      up_delay = startup.value.up_delay_seconds
    }
  }

  lifecycle {
    # What a container was made from is history: a newer template must not replace it, nor keys
    # that Proxmox VE takes at creation only.
    ignore_changes = [
      console,
      initialization[0].user_account,
      operating_system[0].template_file_id,
    ]
  }
}
