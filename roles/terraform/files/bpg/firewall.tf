# SPDX-License-Identifier: GPL-3.0-or-later
#
# Switches the firewall of a machine on and drops forged MAC addresses. Both policies accept, so
# that a machine stays reachable until the rules of the site say otherwise.

resource "proxmox_virtual_environment_firewall_options" "machine" {
  for_each = local.firewalled

  node_name    = each.value.node
  vm_id        = each.value.kind == "vm" ? each.value.vmid : null
  container_id = each.value.kind == "lxc" ? each.value.vmid : null

  enabled       = true
  macfilter     = true
  dhcp          = true
  input_policy  = "ACCEPT"
  output_policy = "ACCEPT"

  depends_on = [
    proxmox_virtual_environment_container.machine,
    proxmox_virtual_environment_vm.machine,
  ]
}
