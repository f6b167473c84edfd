# SPDX-License-Identifier: GPL-3.0-or-later
# What the site profile allows in an environment: number and size of machines.
package clusterwright.limits

allowed(environment) := object.get(input.site.environments, environment, {})

findings contains {
	"id": "policy.limits.machines",
	"severity": "error",
	"field": "machines",
	"message": sprintf("%d machines are planned, the site allows %d in %s; ask for fewer.", [count(own), rules.max_machines, environment]),
} if {
	some environment in {machine.environment | some machine in input.plan.machines}
	rules := allowed(environment)
	is_number(rules.max_machines)
	own := [machine | some machine in input.plan.machines; machine.environment == environment]
	count(own) > rules.max_machines
}

findings contains {
	"id": "policy.limits.cores",
	"severity": "error",
	"field": sprintf("machines.%s.cores", [machine.name]),
	"message": sprintf("%s has %d vCPU, the site allows %d per machine in %s; ask for less.", [machine.name, machine.cores * machine.sockets, rules.max_cores_per_machine, machine.environment]),
} if {
	some machine in input.plan.machines
	rules := allowed(machine.environment)
	is_number(rules.max_cores_per_machine)
	machine.cores * machine.sockets > rules.max_cores_per_machine
}

findings contains {
	"id": "policy.limits.memory",
	"severity": "error",
	"field": sprintf("machines.%s.memory_mib", [machine.name]),
	"message": sprintf("%s has %d MiB of memory, the site allows %d per machine in %s; ask for less.", [machine.name, machine.memory_mib, rules.max_memory_mib_per_machine, machine.environment]),
} if {
	some machine in input.plan.machines
	rules := allowed(machine.environment)
	is_number(rules.max_memory_mib_per_machine)
	machine.memory_mib > rules.max_memory_mib_per_machine
}
