# SPDX-License-Identifier: GPL-3.0-or-later
# Names are DNS labels; names, ids and addresses are given once.
package clusterwright.names

findings contains {
	"id": "policy.names.pattern",
	"severity": "error",
	"field": "machines.name",
	"message": sprintf("%s is no DNS label; use small letters, digits and dashes, at most 63.", [machine.name]),
} if {
	some machine in input.plan.machines
	not regex.match(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`, machine.name)
}

# Pairs are compared only where something is there twice.
repeated contains key if {
	some key in ["name", "vmid", "address"]
	values := [machine[key] | some machine in input.plan.machines; machine[key] != null]
	distinct := {value | some value in values}
	count(distinct) < count(values)
}

findings contains {
	"id": "policy.names.duplicate",
	"severity": "error",
	"field": sprintf("machines.%s.%s", [machine.name, key]),
	"message": sprintf("%s has the %s %v, which another machine of the plan has as well.", [machine.name, key, machine[key]]),
} if {
	some key in repeated
	some index, machine in input.plan.machines
	machine[key] != null
	some other_index, other in input.plan.machines
	other_index < index
	other[key] == machine[key]
}
