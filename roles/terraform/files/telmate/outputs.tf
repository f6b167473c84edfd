# SPDX-License-Identifier: GPL-3.0-or-later

locals {
  # A fixed address is the plan's; with DHCP it is the one that the guest agent told first.
  addresses = {
    for name, m in var.machines : name => (
      length(m.nics) == 0 ? null :
      m.nics[0].address != "dhcp" ? split("/", m.nics[0].address)[0] :
      try(proxmox_vm_qemu.machine[name].default_ipv4_address, null)
    )
  }
}

output "deployment" {
  description = "Name of the deployment."
  value       = var.deployment
}

output "machines" {
  description = "Machines by name: kind, vmid, node, address of the first interface, tags."
  value = merge(
    {
      for name, vm in proxmox_vm_qemu.machine : name => {
        kind    = "vm"
        vmid    = vm.vmid
        node    = vm.target_node
        address = local.addresses[name]
        tags    = var.machines[name].tags
      }
    },
    {
      for name, container in proxmox_lxc.machine : name => {
        kind    = "lxc"
        vmid    = container.vmid
        node    = container.target_node
        address = local.addresses[name]
        tags    = var.machines[name].tags
      }
    },
  )
}
