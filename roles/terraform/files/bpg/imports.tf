# SPDX-License-Identifier: GPL-3.0-or-later

import {
  for_each = { for name, id in var.imports : name => id if var.machines[name].kind == "vm" }

  to = proxmox_virtual_environment_vm.machine[each.key]
  id = each.value
}

import {
  for_each = { for name, id in var.imports : name => id if var.machines[name].kind == "lxc" }

  to = proxmox_virtual_environment_container.machine[each.key]
  id = each.value
}
