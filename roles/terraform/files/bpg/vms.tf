# SPDX-License-Identifier: GPL-3.0-or-later

resource "proxmox_virtual_environment_vm" "machine" {
  for_each = local.vms

  name        = each.key
  vm_id       = each.value.vmid
  node_name   = each.value.node
  description = each.value.description
  tags        = each.value.tags
  pool_id     = each.value.pool

  bios          = each.value.bios
  machine       = each.value.machine_type
  scsi_hardware = each.value.scsi_hardware
  boot_order    = length(each.value.boot_order) > 0 ? each.value.boot_order : null
  hotplug       = each.value.hotplug
  on_boot       = each.value.on_boot
  protection    = each.value.protection
  started       = true

  # A change that needs a restart waits for one: Terraform would restart all machines at once.
  reboot_after_update = false
  migrate             = true

  stop_on_destroy  = true
  purge_on_destroy = true
  # Never look for disks by VMID on all storages: some of them may be another cluster's.
  delete_unreferenced_disks_on_destroy = false

  timeout_clone       = var.timeout_seconds
  timeout_create      = var.timeout_seconds
  timeout_migrate     = var.timeout_seconds
  timeout_reboot      = var.timeout_seconds
  timeout_shutdown_vm = var.timeout_seconds
  timeout_start_vm    = var.timeout_seconds
  timeout_stop_vm     = var.timeout_seconds

  dynamic "clone" {
    for_each = each.value.source.type == "template" ? [each.value.source] : []

    content {
      vm_id        = clone.value.vmid
      node_name    = clone.value.node
      full         = clone.value.full_clone
      datastore_id = clone.value.full_clone ? each.value.disks[0].storage : null
      # A second try would take over a guest that holds the VMID already.
      retries = 1
    }
  }

  cpu {
    cores   = each.value.cores
    sockets = each.value.sockets
    type    = each.value.cpu_type
    flags   = each.value.cpu_flags
    numa    = each.value.numa
  }

  memory {
    dedicated = each.value.memory_mib
    floating  = each.value.balloon_mib
  }

  dynamic "efi_disk" {
    for_each = each.value.efi_disk == null ? [] : [each.value.efi_disk]

    content {
      datastore_id      = efi_disk.value.storage
      type              = efi_disk.value.type
      pre_enrolled_keys = efi_disk.value.pre_enrolled_keys
    }
  }

  dynamic "tpm_state" {
    for_each = each.value.tpm == null ? [] : [each.value.tpm]

    content {
      datastore_id = tpm_state.value.storage
      version      = tpm_state.value.version
    }
  }

  dynamic "disk" {
    for_each = each.value.disks

    content {
      interface    = disk.value.interface
      datastore_id = disk.value.storage
      size         = disk.value.size_gib
      ssd          = disk.value.ssd
      discard      = disk.value.discard ? "on" : "ignore"
      iothread     = disk.value.iothread
      backup       = disk.value.backup
      aio          = disk.value.aio
      cache        = disk.value.cache
      queues       = disk.value.queues
      replicate    = disk.value.replicate
      serial       = disk.value.serial
      import_from  = contains(["image", "existing"], each.value.source.type) && disk.key == 0 ? each.value.source.volume_id : null
    }
  }

  dynamic "cdrom" {
    for_each = each.value.source.type == "iso" ? [each.value.source.volume_id] : []

    content {
      file_id   = cdrom.value
      interface = each.value.cloud_init == null ? "ide2" : "ide3"
    }
  }

  dynamic "network_device" {
    for_each = each.value.nics

    content {
      bridge      = network_device.value.bridge
      model       = network_device.value.model
      vlan_id     = network_device.value.vlan
      mtu         = network_device.value.mtu
      firewall    = network_device.value.firewall
      mac_address = network_device.value.mac_address

      queues       = network_device.value.queues
      rate_limit   = network_device.value.rate_mb_per_second
      trunks       = length(network_device.value.trunks) > 0 ? join(";", network_device.value.trunks) : null
      disconnected = !network_device.value.connected
    }
  }

  dynamic "initialization" {
    for_each = each.value.cloud_init == null ? [] : [each.value.cloud_init]

    content {
      datastore_id = initialization.value.storage
      interface    = initialization.value.interface
      upgrade      = initialization.value.package_upgrade

      dynamic "dns" {
        for_each = contains(keys(local.with_dns), each.key) ? [local.with_dns[each.key]] : []

        content {
          domain  = dns.value.search_domain
          servers = dns.value.dns_servers
        }
      }

      dynamic "ip_config" {
        for_each = [for nic in each.value.nics : nic if nic.address != "manual"]

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

      user_account {
        username = initialization.value.user
        keys     = initialization.value.ssh_public_keys
      }
    }
  }

  agent {
    enabled = each.value.agent
    type    = each.value.agent_type
    trim    = each.value.agent_trim
    timeout = "${var.agent_timeout_seconds}s"

    # A fixed address is known: only DHCP needs the agent's word.
    wait_for_ip {
      disabled = try(each.value.nics[0].address, "") != "dhcp"
    }
  }

  operating_system {
    type = each.value.os_type
  }

  dynamic "serial_device" {
    for_each = each.value.serial ? ["socket"] : []

    content {
      device = serial_device.value
    }
  }

  dynamic "hostpci" {
    for_each = each.value.pci_mappings

    content {
      device  = "hostpci${hostpci.key}"
      mapping = hostpci.value
      pcie    = strcontains(each.value.machine_type, "q35")
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
    # What a machine was made from is history: a newer template must not replace it. Another
    # machine type would rename the network devices of the guest.
    ignore_changes = [
      clone,
      disk[0].import_from,
      machine,
    ]
  }
}
