# SPDX-License-Identifier: GPL-3.0-or-later

variable "deployment" {
  description = "Name of the deployment; every machine carries the tag cw-<deployment>."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", var.deployment))
    error_message = "A deployment is named by lower-case letters, digits and inner hyphens."
  }
}

variable "pve_major" {
  description = "Major version of Proxmox VE: 8 places HA resources by groups, 9 by rules."
  type        = number

  validation {
    condition     = contains([8, 9], var.pve_major)
    error_message = "pve_major is 8 or 9."
  }
}

variable "timeout_seconds" {
  description = "How long one clone, start, stop or move may take."
  type        = number
  default     = 1800

  validation {
    condition     = var.timeout_seconds >= 30 && var.timeout_seconds <= 86400
    error_message = "timeout_seconds is between 30 and 86400."
  }
}

variable "agent_timeout_seconds" {
  description = "How long a VM on DHCP may take to tell its address, after its start and at every read."
  type        = number
  default     = 120

  validation {
    condition     = var.agent_timeout_seconds >= 5 && var.agent_timeout_seconds <= 3600
    error_message = "agent_timeout_seconds is between 5 and 3600."
  }
}

variable "imports" {
  description = "Existing guests to adopt: machine name to NODE/VMID. Given for one plan only."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for id in values(var.imports) : can(regex("^[A-Za-z0-9-]+/[1-9][0-9]{2,8}$", id))])
    error_message = "A guest to adopt is named by NODE/VMID."
  }
  validation {
    condition     = alltrue([for name in keys(var.imports) : contains(keys(var.machines), name)])
    error_message = "Only machines of the plan can be adopted."
  }
}

variable "apart" {
  description = "Groups of machines that never share a node: group to names. All of them are highly available."
  type        = map(list(string))
  default     = {}

  validation {
    condition     = alltrue([for names in values(var.apart) : length(names) >= 2 && length(distinct(names)) == length(names)])
    error_message = "Machines apart from each other are two or more."
  }
  validation {
    condition     = alltrue(flatten([for names in values(var.apart) : [for name in names : try(var.machines[name].ha.enabled, false)]]))
    error_message = "Only highly available machines of the plan can be kept apart."
  }
}

variable "backups" {
  description = "Backup jobs by name."
  type = map(object({
    storage     = string
    schedule    = string # calendar event
    enabled     = bool
    guests      = string # deployment, pool or all
    vmids       = list(number)
    pool        = string
    mode        = string
    compression = string
    keep        = map(number) # period to number of backups; none: all are kept
  }))
  default = {}

  validation {
    condition     = alltrue([for name in keys(var.backups) : can(regex("^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$", name))])
    error_message = "A backup job is named by lower-case letters, digits and inner hyphens, at most 32."
  }
  validation {
    condition     = alltrue([for job in values(var.backups) : can(regex("^[A-Za-z][A-Za-z0-9._-]{0,99}$", job.storage))])
    error_message = "A backup job has a storage."
  }
  validation {
    condition     = alltrue([for job in values(var.backups) : can(regex("^[A-Za-z0-9*][A-Za-z0-9*,:./~ -]{0,127}$", job.schedule))])
    error_message = "The schedule of a backup job is a calendar event, such as 21:00 or */30."
  }
  validation {
    condition = alltrue([
      for job in values(var.backups) :
      contains(["deployment", "pool", "all"], job.guests) &&
      (job.guests == "pool") == (job.pool != null) &&
      (job.guests == "deployment") == (length(job.vmids) > 0)
    ])
    error_message = "A backup job is of the deployment's machines by VMID, of one pool, or of all guests."
  }
  validation {
    condition     = alltrue([for job in values(var.backups) : contains(["snapshot", "suspend", "stop"], job.mode)])
    error_message = "The mode of a backup job is snapshot, suspend or stop."
  }
  validation {
    condition     = alltrue([for job in values(var.backups) : contains(["zstd", "gzip", "lzo", "none"], job.compression)])
    error_message = "The compression of a backup job is zstd, gzip, lzo or none."
  }
  validation {
    condition = alltrue(flatten([
      for job in values(var.backups) : [
        for period, number in job.keep :
        contains(["last", "hourly", "daily", "weekly", "monthly", "yearly"], period) && number >= 1 && floor(number) == number
      ]
    ]))
    error_message = "What a backup job keeps is a whole number of last, hourly, daily, weekly, monthly or yearly backups."
  }
}

variable "machines" {
  description = "All machines of the deployment by name."
  type = map(object({
    kind         = string # vm or lxc
    vmid         = number
    node         = string
    description  = string
    tags         = list(string)
    pool         = string
    cores        = number
    sockets      = number
    cpu_type     = string
    cpu_flags    = optional(list(string))
    numa         = bool
    memory_mib   = number
    balloon_mib  = number
    swap_mib     = number
    os_type      = string
    bios         = string
    machine_type = string
    efi_disk = object({
      storage           = string
      type              = string # 2m or 4m
      pre_enrolled_keys = bool
    })
    tpm = object({
      storage = string
      version = string # v1.2 or v2.0
    })
    hotplug      = string
    serial       = bool
    agent        = bool
    agent_type   = optional(string)
    agent_trim   = optional(bool)
    on_boot      = bool
    protection   = bool
    unprivileged = bool
    nesting      = bool

    scsi_hardware = string
    boot_order    = list(string)
    pci_mappings  = list(string)

    source = object({
      type       = string # template, iso, lxc_template, image or existing
      vmid       = number
      node       = string
      volume_id  = string
      full_clone = bool
    })
    disks = list(object({
      interface  = string
      storage    = string
      size_gib   = number
      ssd        = bool
      discard    = bool
      iothread   = bool
      backup     = bool
      mount_path = string
      aio        = optional(string)
      cache      = optional(string)
      queues     = optional(number)
      replicate  = optional(bool)
      serial     = optional(string)
    }))
    nics = list(object({
      bridge      = string
      model       = string
      vlan        = number
      mtu         = number
      firewall    = bool
      mac_address = string
      address     = string # CIDR, dhcp or manual
      gateway     = string

      queues             = optional(number)
      rate_mb_per_second = optional(number)
      trunks             = optional(list(string), [])
      connected          = optional(bool, true)
    }))
    cloud_init = object({
      user            = string
      ssh_public_keys = list(string)
      dns_servers     = list(string)
      search_domain   = string
      storage         = string
      interface       = string # of its drive
      package_upgrade = bool
    })
    replication = list(object({
      target             = string
      schedule           = string # calendar event
      rate_mb_per_second = number
    }))
    startup = object({
      order            = number
      up_delay_seconds = number
    })
    ha = object({
      enabled      = bool
      max_restart  = number
      max_relocate = number
    })
  }))

  validation {
    condition     = alltrue([for name, m in var.machines : can(regex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", name))])
    error_message = "A machine is named by lower-case letters, digits and inner hyphens."
  }
  validation {
    condition     = alltrue([for m in values(var.machines) : contains(["vm", "lxc"], m.kind)])
    error_message = "The kind of a machine is vm or lxc."
  }
  validation {
    condition     = alltrue([for m in values(var.machines) : m.vmid >= 100 && m.vmid <= 999999999 && floor(m.vmid) == m.vmid])
    error_message = "A VMID is a whole number between 100 and 999999999."
  }
  validation {
    condition     = length(distinct([for m in values(var.machines) : m.vmid])) == length(var.machines)
    error_message = "Each machine needs a VMID of its own."
  }
  validation {
    condition     = alltrue([for m in values(var.machines) : can(regex("^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$", m.node))])
    error_message = "A node is named by letters, digits and inner hyphens."
  }
  validation {
    condition = alltrue([
      for m in values(var.machines) :
      m.cores >= 1 && m.cores <= 1024 && floor(m.cores) == m.cores && m.sockets >= 1 && m.sockets <= 8 && floor(m.sockets) == m.sockets
    ])
    error_message = "A machine has 1 to 1024 cores in 1 to 8 sockets."
  }
  validation {
    condition = alltrue([
      for m in values(var.machines) :
      m.memory_mib >= 16 && m.memory_mib <= 16777216 && m.balloon_mib >= 0 && m.balloon_mib <= m.memory_mib && m.swap_mib >= 0
    ])
    error_message = "A machine has 16 to 16777216 MiB of memory, and its balloon is no larger than that."
  }
  validation {
    condition     = alltrue([for m in values(var.machines) : contains(["seabios", "ovmf"], m.bios)])
    error_message = "The firmware of a machine is seabios or ovmf."
  }
  validation {
    condition     = alltrue([for m in values(var.machines) : m.efi_disk == null ? true : contains(["2m", "4m"], m.efi_disk.type)])
    error_message = "An EFI disk is of the type 2m or 4m."
  }
  validation {
    condition     = alltrue([for m in values(var.machines) : m.tpm == null ? true : contains(["v1.2", "v2.0"], m.tpm.version)])
    error_message = "A TPM is of the version v1.2 or v2.0."
  }
  validation {
    condition     = alltrue([for m in values(var.machines) : contains(m.tags, "clusterwright") && contains(m.tags, "cw-${var.deployment}")])
    error_message = "Each machine carries the tags clusterwright and cw-<deployment>."
  }
  validation {
    condition     = alltrue(flatten([for m in values(var.machines) : [for tag in m.tags : can(regex("^[a-z0-9_][a-z0-9_+.-]*$", tag))]]))
    error_message = "A tag holds lower-case letters, digits and _ + . - only."
  }
  validation {
    condition = alltrue([
      for m in values(var.machines) :
      contains(m.kind == "lxc" ? ["lxc_template", "existing"] : ["template", "iso", "image", "existing"], m.source.type)
    ])
    error_message = "A VM is made from a template, an ISO or an image, or was there before; a container is made from an lxc_template."
  }
  validation {
    condition = alltrue([
      for m in values(var.machines) :
      m.source.type == "template" ? m.source.vmid != null : (
        can(regex("^[A-Za-z][A-Za-z0-9._-]*:[A-Za-z0-9._/+:~-]+$", m.source.volume_id)) && !strcontains(m.source.volume_id, "..")
      )
    ])
    error_message = "A template is named by its VMID, every other source by its volume id (STORAGE:PATH)."
  }
  validation {
    condition     = alltrue([for m in values(var.machines) : length(m.disks) > 0])
    error_message = "A machine has at least one disk."
  }
  validation {
    condition = alltrue(flatten([
      for m in values(var.machines) : [
        for disk in m.disks :
        can(regex(m.kind == "lxc" ? "^(rootfs|mp[0-9]{1,2})$" : "^(scsi([12]?[0-9]|30)|virtio(1[0-5]|[0-9])|sata[0-5]|ide[0-3])$", disk.interface)) &&
        can(regex("^[A-Za-z][A-Za-z0-9._-]{0,99}$", disk.storage)) &&
        disk.size_gib >= 1 && disk.size_gib <= 65536
      ]
    ]))
    error_message = "A disk has an interface (scsiN, virtioN, sataN, ideN; containers: rootfs, mpN), a storage and 1 to 65536 GiB."
  }
  validation {
    condition     = alltrue([for m in values(var.machines) : length(distinct([for disk in m.disks : disk.interface])) == length(m.disks)])
    error_message = "Each disk of a machine needs an interface of its own."
  }
  validation {
    condition     = alltrue([for m in values(var.machines) : m.kind == "vm" || contains([for disk in m.disks : disk.interface], "rootfs")])
    error_message = "A container has a disk with the interface rootfs."
  }
  validation {
    condition = alltrue(flatten([
      for m in values(var.machines) : [
        for disk in m.disks : m.kind == "vm" || disk.interface == "rootfs" || try(startswith(disk.mount_path, "/"), false)
      ]
    ]))
    error_message = "A mount point of a container has an absolute path."
  }
  validation {
    condition = alltrue(flatten([
      for m in values(var.machines) : [
        for nic in m.nics :
        can(regex("^[A-Za-z][A-Za-z0-9_.-]{0,14}$", nic.bridge)) &&
        contains(["virtio", "e1000", "e1000e", "rtl8139", "vmxnet3"], nic.model) &&
        (nic.vlan == null ? true : nic.vlan >= 1 && nic.vlan <= 4094) &&
        (nic.mtu == null ? true : nic.mtu >= 576 && nic.mtu <= 65520) &&
        (contains(["dhcp", "manual"], nic.address) || can(cidrhost(nic.address, 0))) &&
        (nic.gateway == null ? true : can(cidrhost("${nic.gateway}/32", 0)) || can(cidrhost("${nic.gateway}/128", 0)))
      ]
    ]))
    error_message = "A network interface has a bridge, a known model, VLAN 1 to 4094, MTU 576 to 65520, and an address in CIDR notation, dhcp or manual."
  }
  validation {
    condition = length(distinct(flatten([
      for m in values(var.machines) : [for nic in m.nics : split("/", nic.address)[0] if strcontains(nic.address, "/")]
      ]))) == length(flatten([
      for m in values(var.machines) : [for nic in m.nics : nic.address if strcontains(nic.address, "/")]
    ]))
    error_message = "Each fixed address may be given to one interface only."
  }
  validation {
    condition     = alltrue([for m in values(var.machines) : contains(["lsi", "lsi53c810", "megasas", "pvscsi", "virtio-scsi-pci", "virtio-scsi-single"], m.scsi_hardware)])
    error_message = "The SCSI controller of a machine is one that Proxmox VE knows, such as virtio-scsi-single."
  }
  validation {
    condition     = alltrue([for m in values(var.machines) : can(regex("^([01]?|(cloudinit|cpu|disk|memory|network|usb)(,(cloudinit|cpu|disk|memory|network|usb))*)$", m.hotplug))])
    error_message = "Hotplug is a list of network, disk, usb, cpu, memory and cloudinit, or 0 for none."
  }
  validation {
    condition     = alltrue(flatten([for m in values(var.machines) : [for device in m.boot_order : m.kind == "lxc" || can(regex("^(scsi|virtio|sata|ide|net|hostpci|usb)[0-9]{1,2}$", device))]]))
    error_message = "A machine boots from disks, drives and network interfaces, such as scsi0 or net0."
  }
  validation {
    condition     = alltrue(flatten([for m in values(var.machines) : [for mapping in m.pci_mappings : can(regex("^[A-Za-z][A-Za-z0-9_-]*$", mapping))]]))
    error_message = "A PCI device is given by the name of its resource mapping."
  }
  validation {
    condition = alltrue([
      for m in values(var.machines) :
      # The provider reads -1 where a guest that was there before has no order or delay.
      (m.startup == null ? true : m.startup.order >= -1 && m.startup.up_delay_seconds >= -1) &&
      m.ha.max_restart >= 0 && m.ha.max_relocate >= 0
    ])
    error_message = "The limits of HA are 0 or more, and so are order and delay at boot, or -1 for none."
  }
  validation {
    condition = alltrue([
      for m in values(var.machines) : m.cloud_init == null ? true : (
        can(regex("^[a-z_][a-z0-9_-]{0,31}$", m.cloud_init.user)) &&
        can(regex("^[A-Za-z][A-Za-z0-9._-]{0,99}$", m.cloud_init.storage)) &&
        can(regex("^(ide[0-3]|sata[0-5]|scsi([12]?[0-9]|30))$", m.cloud_init.interface)) &&
        alltrue([for server in m.cloud_init.dns_servers : can(cidrhost("${server}/32", 0)) || can(cidrhost("${server}/128", 0))])
      )
    ])
    error_message = "Cloud-init has a user, a storage, a drive at ideN, sataN or scsiN, and DNS servers by IP address."
  }
  validation {
    condition     = alltrue([for m in values(var.machines) : m.cloud_init == null ? true : length(m.cloud_init.ssh_public_keys) > 0])
    error_message = "Cloud-init needs at least one public key: there is no password."
  }
  validation {
    condition = alltrue(flatten([
      for m in values(var.machines) : [
        for job in m.replication :
        job.target != m.node &&
        can(regex("^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$", job.target)) &&
        can(regex("^[A-Za-z0-9*][A-Za-z0-9*,:./~ -]{0,127}$", job.schedule)) &&
        (job.rate_mb_per_second == null ? true : job.rate_mb_per_second >= 1)
      ]
    ]))
    error_message = "A machine is replicated to another node by a calendar event, at 1 MB/s or more."
  }
  validation {
    condition     = alltrue([for m in values(var.machines) : length(distinct(m.replication[*].target)) == length(m.replication)])
    error_message = "A machine is replicated to each node once."
  }
}
