# SPDX-License-Identifier: GPL-3.0-or-later

resource "proxmox_vm_qemu" "machine" {
  for_each = local.vms

  name        = each.key
  vmid        = each.value.vmid
  target_node = each.value.node
  description = each.value.description
  tags        = join(",", each.value.tags)
  pool        = each.value.pool

  clone_id   = each.value.source.type == "template" ? each.value.source.vmid : null
  full_clone = each.value.source.full_clone
  # Without it the provider takes over a guest that has the name already.
  force_create = true

  bios               = each.value.bios
  machine            = each.value.machine_type == "pc" ? null : each.value.machine_type
  scsihw             = each.value.scsi_hardware
  boot               = length(each.value.boot_order) > 0 ? "order=${join(";", each.value.boot_order)}" : null
  hotplug            = each.value.hotplug
  qemu_os            = each.value.os_type
  start_at_node_boot = each.value.on_boot
  protection         = each.value.protection
  vm_state           = "running"

  # A change that needs a restart waits for one: Terraform would restart all machines at once.
  automatic_reboot          = false
  automatic_reboot_severity = "warning"
  define_connection_info    = false

  memory  = each.value.memory_mib
  balloon = each.value.balloon_mib

  agent     = each.value.agent ? 1 : 0
  skip_ipv4 = local.ipv6_first[each.key] ? true : null
  skip_ipv6 = local.ipv6_first[each.key] ? null : true

  ciuser       = try(each.value.cloud_init.user, null)
  sshkeys      = try(join("\n", each.value.cloud_init.ssh_public_keys), null)
  nameserver   = try(join(" ", each.value.cloud_init.dns_servers), null)
  searchdomain = try(each.value.cloud_init.search_domain, null)
  ciupgrade    = try(each.value.cloud_init.package_upgrade, null)
  ipconfig0    = try(local.ip_configs[each.key][0], null)
  ipconfig1    = try(local.ip_configs[each.key][1], null)
  ipconfig2    = try(local.ip_configs[each.key][2], null)
  ipconfig3    = try(local.ip_configs[each.key][3], null)
  ipconfig4    = try(local.ip_configs[each.key][4], null)
  ipconfig5    = try(local.ip_configs[each.key][5], null)
  ipconfig6    = try(local.ip_configs[each.key][6], null)
  ipconfig7    = try(local.ip_configs[each.key][7], null)

  cpu {
    cores   = each.value.cores
    sockets = each.value.sockets
    type    = each.value.cpu_type
    numa    = each.value.numa
  }

  dynamic "efidisk" {
    for_each = each.value.efi_disk == null ? [] : [each.value.efi_disk]

    content {
      storage           = efidisk.value.storage
      efitype           = efidisk.value.type
      pre_enrolled_keys = efidisk.value.pre_enrolled_keys
    }
  }

  dynamic "disk" {
    for_each = each.value.disks

    content {
      slot    = disk.value.interface
      type    = "disk"
      storage = disk.value.storage
      size    = "${disk.value.size_gib}G"
      discard = disk.value.discard
      backup  = disk.value.backup
      # Each of the two is known by some buses only.
      emulatessd = startswith(disk.value.interface, "virtio") ? null : disk.value.ssd
      iothread   = startswith(disk.value.interface, "sata") ? null : disk.value.iothread
    }
  }

  dynamic "disk" {
    for_each = each.value.cloud_init == null ? [] : [each.value.cloud_init]

    content {
      slot    = disk.value.interface
      type    = "cloudinit"
      storage = disk.value.storage
    }
  }

  dynamic "disk" {
    for_each = each.value.source.type == "iso" ? [each.value.source.volume_id] : []

    content {
      slot = "ide2"
      type = "cdrom"
      iso  = disk.value
    }
  }

  dynamic "network" {
    for_each = each.value.nics

    content {
      id       = network.key
      model    = network.value.model
      bridge   = network.value.bridge
      tag      = network.value.vlan
      mtu      = network.value.mtu
      firewall = network.value.firewall
      macaddr  = network.value.mac_address
    }
  }

  dynamic "serial" {
    for_each = each.value.serial ? ["socket"] : []

    content {
      id   = 0
      type = serial.value
    }
  }

  dynamic "pci" {
    for_each = each.value.pci_mappings

    content {
      id         = pci.key
      mapping_id = pci.value
      pcie       = strcontains(each.value.machine_type, "q35")
    }
  }

  dynamic "startup_shutdown" {
    for_each = each.value.startup == null ? [] : [each.value.startup]

    content {
      order            = startup_shutdown.value.order
      startup_delay    = startup_shutdown.value.up_delay_seconds
      shutdown_timeout = -1
    }
  }

  timeouts {
    create = "${var.timeout_seconds}s"
    update = "${var.timeout_seconds}s"
    delete = "${var.timeout_seconds}s"
  }

  lifecycle {
    # What a machine was made from is history: a newer template must not replace it.
    ignore_changes = [
      clone_id,
      full_clone,
      machine,
    ]
  }
}
