# SPDX-License-Identifier: GPL-3.0-or-later

locals {
  vms        = { for name, m in var.machines : name => m if m.kind == "vm" }
  containers = { for name, m in var.machines : name => m if m.kind == "lxc" }

  # One "ip=…,gw=…" for each interface; IPv6 has keys of its own.
  ip_configs = {
    for name, m in local.vms : name => [
      for nic in m.nics : join(",", compact(strcontains(nic.address, ":") ? [
        "ip6=${nic.address}", nic.gateway == null ? "" : "gw6=${nic.gateway}"
        ] : [
        "ip=${nic.address}", nic.gateway == null ? "" : "gw=${nic.gateway}"
      ])) if m.cloud_init != null && nic.address != "manual"
    ]
  }

  # The family that the guest agent shall wait for: that of the first interface.
  ipv6_first = { for name, m in local.vms : name => length(m.nics) > 0 && strcontains(try(m.nics[0].address, ""), ":") }
}
