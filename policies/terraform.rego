# SPDX-License-Identifier: GPL-3.0-or-later
# What Terraform would do is what was planned: known kinds of resources, the same machines and sizes.
package clusterwright.terraform

providers := {"registry.terraform.io/bpg/proxmox", "registry.opentofu.org/bpg/proxmox"}

machine_types := {"proxmox_virtual_environment_vm", "proxmox_virtual_environment_container"}

changes := [change |
	some change in input.terraform.resource_changes
	change.mode == "managed"
	change.change.actions != ["no-op"]
]

machines := {machine.name: machine | some machine in input.plan.machines}

findings contains {
	"id": "policy.terraform.provider",
	"severity": "error",
	"field": change.address,
	"message": sprintf("%s belongs to the provider %s, only bpg/proxmox may change anything.", [change.address, change.provider_name]),
} if {
	some change in changes
	not change.provider_name in providers
}

findings contains {
	"id": "policy.terraform.unplanned",
	"severity": "error",
	"field": change.address,
	"message": sprintf("%s would be made or changed, but %v is no machine of the plan.", [change.address, change.index]),
} if {
	some change in changes
	change.type in machine_types
	change.change.after != null
	not machines[change.index]
}

findings contains {
	"id": "policy.terraform.size",
	"severity": "error",
	"field": change.address,
	"message": sprintf("%s would get %v cores and %v MiB, the plan says %v and %v.", [change.address, cores, memory, machine.cores, machine.memory_mib]),
} if {
	some change in changes
	change.type in machine_types
	machine := machines[change.index]
	cores := change.change.after.cpu[0].cores
	memory := change.change.after.memory[0].dedicated
	[cores, memory] != [machine.cores, machine.memory_mib]
}
