# SPDX-License-Identifier: GPL-3.0-or-later
# What the site profile allows in an environment: number and size of machines.
package clusterwright.limits

environment := input.plan.environment

allowed := object.get(input.site.environments, environment, {})

findings contains {
	"id": "policy.limits.machines",
	"severity": "error",
	"field": "machines",
	"message": sprintf("%d machines are planned, the site allows %d in %s; ask for fewer.", [count(input.plan.machines), allowed.max_machines, environment]),
} if {
	is_number(allowed.max_machines)
	count(input.plan.machines) > allowed.max_machines
}

findings contains {
	"id": "policy.limits.cores",
	"severity": "error",
	"field": sprintf("machines.%s.cores", [machine.name]),
	"message": sprintf("%s has %d vCPU, the site allows %d per machine in %s; ask for less.", [machine.name, machine.cores * machine.sockets, allowed.max_cores_per_machine, environment]),
} if {
	is_number(allowed.max_cores_per_machine)
	some machine in input.plan.machines
	machine.cores * machine.sockets > allowed.max_cores_per_machine
}

findings contains {
	"id": "policy.limits.memory",
	"severity": "error",
	"field": sprintf("machines.%s.memory_mib", [machine.name]),
	"message": sprintf("%s has %d MiB of memory, the site allows %d per machine in %s; ask for less.", [machine.name, machine.memory_mib, allowed.max_memory_mib_per_machine, environment]),
} if {
	is_number(allowed.max_memory_mib_per_machine)
	some machine in input.plan.machines
	machine.memory_mib > allowed.max_memory_mib_per_machine
}
