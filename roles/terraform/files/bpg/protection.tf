# SPDX-License-Identifier: GPL-3.0-or-later
#
# Backup jobs and replication. Both are settings of the cluster beside the machines: they go when
# the deployment goes, the backups that were made stay.
#
# Proxmox VE takes a guest that is destroyed out of both and removes a job without guests, which the
# provider then cannot read. So the ids hang on the machines': a job is made anew with a machine.

resource "proxmox_backup_job" "deployment" {
  for_each = var.backups

  id       = "cw-${var.deployment}-${each.key}${each.value.guests == "deployment" ? local.nothing_of_machines : ""}"
  enabled  = each.value.enabled
  storage  = each.value.storage
  schedule = each.value.schedule
  mode     = each.value.mode
  compress = each.value.compression == "none" ? "0" : each.value.compression

  # Exactly one of these selects the guests.
  vmid = each.value.guests == "deployment" ? [for vmid in each.value.vmids : tostring(vmid)] : null
  pool = each.value.guests == "pool" ? each.value.pool : null
  all  = each.value.guests == "all" ? true : null

  prune_backups = length(each.value.keep) == 0 ? { "keep-all" = "1" } : {
    for period, number in each.value.keep : "keep-${period}" => tostring(number)
  }
}

resource "proxmox_replication" "machine" {
  for_each = local.replications

  id       = "${local.guest_ids[each.value.machine]}-${each.value.number}"
  type     = "local"
  target   = each.value.target
  schedule = each.value.schedule
  rate     = each.value.rate_mb_per_second
  comment  = "Deployment ${var.deployment}"
}
