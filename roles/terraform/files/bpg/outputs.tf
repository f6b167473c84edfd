# SPDX-License-Identifier: GPL-3.0-or-later

locals {
  # A fixed address is the plan's; with DHCP it is the agent's for the first interface, by MAC.
  vm_addresses = {
    for name, vm in proxmox_virtual_environment_vm.machine : name => (
      # A machine that the state has and these variables have not is told without an address.
      length(try(local.vms[name].nics, [])) == 0 ? null :
      strcontains(local.vms[name].nics[0].address, "/") ? split("/", local.vms[name].nics[0].address)[0] :
      try([
        for i, mac in vm.mac_addresses : vm.ipv4_addresses[i][0]
        if upper(mac) == upper(vm.network_device[0].mac_address) && length(vm.ipv4_addresses[i]) > 0
      ][0], null)
    )
  }
  container_addresses = {
    for name, container in proxmox_virtual_environment_container.machine : name => (
      length(try(local.containers[name].nics, [])) == 0 ? null :
      local.containers[name].nics[0].address != "dhcp" ? split("/", local.containers[name].nics[0].address)[0] :
      try(split("/", container.ipv4["eth0"])[0], null)
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
      for name, vm in proxmox_virtual_environment_vm.machine : name => {
        kind    = "vm"
        vmid    = vm.vm_id
        node    = vm.node_name
        address = local.vm_addresses[name]
        tags    = vm.tags
      }
    },
    {
      for name, container in proxmox_virtual_environment_container.machine : name => {
        kind    = "lxc"
        vmid    = container.vm_id
        node    = container.node_name
        address = local.container_addresses[name]
        tags    = container.tags
      }
    },
  )
}
