# SPDX-License-Identifier: GPL-3.0-or-later

resource "proxmox_lxc" "machine" {
  for_each = local.containers

  hostname     = each.key
  vmid         = each.value.vmid
  target_node  = each.value.node
  description  = each.value.description
  tags         = join(";", each.value.tags)
  pool         = each.value.pool
  unprivileged = each.value.unprivileged
  onboot       = each.value.on_boot
  protection   = each.value.protection
  start        = true

  ostemplate = each.value.source.volume_id
  ostype     = each.value.os_type
  cores      = each.value.cores * each.value.sockets
  memory     = each.value.memory_mib
  swap       = each.value.swap_mib
  startup    = try("order=${each.value.startup.order},up=${each.value.startup.up_delay_seconds}", null)

  ssh_public_keys = try(join("\n", each.value.cloud_init.ssh_public_keys), null)
  nameserver      = try(join(" ", each.value.cloud_init.dns_servers), null)
  searchdomain    = try(each.value.cloud_init.search_domain, null)

  dynamic "rootfs" {
    for_each = [for disk in each.value.disks : disk if disk.interface == "rootfs"]

    content {
      storage = rootfs.value.storage
      size    = "${rootfs.value.size_gib}G"
    }
  }

  dynamic "mountpoint" {
    for_each = [for disk in each.value.disks : disk if disk.interface != "rootfs"]

    content {
      key     = trimprefix(mountpoint.value.interface, "mp")
      slot    = tonumber(trimprefix(mountpoint.value.interface, "mp"))
      storage = mountpoint.value.storage
      size    = "${mountpoint.value.size_gib}G"
      mp      = mountpoint.value.mount_path
      backup  = mountpoint.value.backup
    }
  }

  dynamic "network" {
    for_each = each.value.nics

    content {
      name     = "eth${network.key}"
      bridge   = network.value.bridge
      tag      = network.value.vlan
      mtu      = network.value.mtu
      firewall = network.value.firewall
      hwaddr   = network.value.mac_address
      ip       = strcontains(network.value.address, ":") ? null : network.value.address
      gw       = strcontains(network.value.address, ":") ? null : network.value.gateway
      ip6      = strcontains(network.value.address, ":") ? network.value.address : null
      gw6      = strcontains(network.value.address, ":") ? network.value.gateway : null
    }
  }

  dynamic "features" {
    for_each = each.value.nesting ? [true] : []

    content {
      nesting = true
    }
  }

  timeouts {
    create = "${var.timeout_seconds}s"
    update = "${var.timeout_seconds}s"
    delete = "${var.timeout_seconds}s"
  }

  lifecycle {
    # What a container was made from is history, as are keys that are taken at creation only.
    ignore_changes = [
      ostemplate,
      ssh_public_keys,
    ]
  }
}
