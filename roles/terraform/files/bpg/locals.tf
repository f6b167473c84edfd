# SPDX-License-Identifier: GPL-3.0-or-later

locals {
  vms        = { for name, m in var.machines : name => m if m.kind == "vm" }
  containers = { for name, m in var.machines : name => m if m.kind == "lxc" }

  highly_available = { for name, m in var.machines : name => m if m.ha.enabled }
  # A machine that was there before keeps the firewall that it has.
  firewalled = { for name, m in var.machines : name => m if m.source.type != "existing" && anytrue([for nic in m.nics : nic.firewall]) }

  # An empty DNS block would differ from what Proxmox VE gives back.
  with_dns = {
    for name, m in var.machines : name => m.cloud_init
    if try(length(m.cloud_init.dns_servers) > 0 || m.cloud_init.search_domain != null, false)
  }

  # One job per machine and target node.
  replications = merge([
    for name, m in var.machines : {
      for number, job in m.replication : "${name}-${job.target}" => merge(job, { machine = name, number = number })
    }
  ]...)

  # Unknown as long as a machine is to be made or made anew, unlike the VMIDs of the plan: what
  # hangs on them is made anew with a machine, as Proxmox VE forgets it with a guest.
  guest_ids = merge(
    { for name, vm in proxmox_virtual_environment_vm.machine : name => vm.id },
    { for name, container in proxmox_virtual_environment_container.machine : name => container.id },
  )
  nothing_of_machines = substr(join("", values(local.guest_ids)), 0, 0)

  # Resource of the HA manager: vm:100 or ct:100, known before the guest exists.
  ha_resources = { for name, m in local.highly_available : name => "${m.kind == "lxc" ? "ct" : "vm"}:${m.vmid}" }
  ha_nodes     = toset([for m in values(local.highly_available) : m.node])
}
