# SPDX-License-Identifier: GPL-3.0-or-later
#
# Switches the firewall of a machine on and drops forged MAC addresses. Both policies accept, so
# that a machine stays reachable until the rules of the site say otherwise. The options go with the
# guest, so they are made anew with it.

resource "proxmox_virtual_environment_firewall_options" "vm" {
  for_each = { for name, m in local.firewalled : name => m if m.kind == "vm" }

  node_name = each.value.node
  vm_id     = each.value.vmid

  enabled       = true
  macfilter     = true
  dhcp          = true
  input_policy  = "ACCEPT"
  output_policy = "ACCEPT"

  lifecycle {
    replace_triggered_by = [proxmox_virtual_environment_vm.machine[each.key].id]
  }
}

resource "proxmox_virtual_environment_firewall_options" "container" {
  for_each = { for name, m in local.firewalled : name => m if m.kind == "lxc" }

  node_name    = each.value.node
  container_id = each.value.vmid

  enabled       = true
  macfilter     = true
  dhcp          = true
  input_policy  = "ACCEPT"
  output_policy = "ACCEPT"

  lifecycle {
    replace_triggered_by = [proxmox_virtual_environment_container.machine[each.key].id]
  }
}
