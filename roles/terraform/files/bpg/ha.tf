# SPDX-License-Identifier: GPL-3.0-or-later
#
# A machine prefers the node of its plan and returns there: by a group on 8, by a rule on 9.
# Servers of a cluster never share a node, so that one failure takes one vote; 8 has no rule for it.
#
# A guest that HA manages cannot be destroyed, and a rule goes with its last guest. So both are made
# anew with a machine.

resource "proxmox_hagroup" "node" {
  for_each = var.pve_major < 9 ? local.ha_nodes : []

  group       = "cw-${var.deployment}-${each.key}"
  nodes       = { (each.key) = 1 }
  restricted  = false
  no_failback = false
  comment     = "Deployment ${var.deployment}"
}

resource "proxmox_haresource" "vm" {
  for_each = { for name, m in local.highly_available : name => m if m.kind == "vm" }

  resource_id  = local.ha_resources[each.key]
  state        = "started"
  max_restart  = each.value.ha.max_restart
  max_relocate = each.value.ha.max_relocate
  group        = var.pve_major < 9 ? proxmox_hagroup.node[each.value.node].group : null
  comment      = each.key

  lifecycle {
    replace_triggered_by = [proxmox_virtual_environment_vm.machine[each.key].id]
  }
}

resource "proxmox_haresource" "container" {
  for_each = { for name, m in local.highly_available : name => m if m.kind == "lxc" }

  resource_id  = local.ha_resources[each.key]
  state        = "started"
  max_restart  = each.value.ha.max_restart
  max_relocate = each.value.ha.max_relocate
  group        = var.pve_major < 9 ? proxmox_hagroup.node[each.value.node].group : null
  comment      = each.key

  lifecycle {
    replace_triggered_by = [proxmox_virtual_environment_container.machine[each.key].id]
  }
}

resource "proxmox_harule" "node" {
  for_each = var.pve_major < 9 ? [] : local.ha_nodes

  rule      = "cw-${var.deployment}-${each.key}${local.nothing_of_machines}"
  type      = "node-affinity"
  nodes     = { (each.key) = 1 }
  strict    = false
  resources = toset([for name, m in local.highly_available : local.ha_resources[name] if m.node == each.key])
  comment   = "Deployment ${var.deployment}"

  depends_on = [
    proxmox_haresource.container,
    proxmox_haresource.vm,
  ]
}

resource "proxmox_harule" "apart" {
  for_each = var.pve_major < 9 ? {} : var.apart

  rule      = "cw-${var.deployment}-apart-${each.key}${local.nothing_of_machines}"
  type      = "resource-affinity"
  affinity  = "negative"
  resources = toset([for name in each.value : local.ha_resources[name]])
  comment   = "Deployment ${var.deployment}"

  # The rules are checked against each other: one after the other, never at once.
  depends_on = [proxmox_harule.node]
}
