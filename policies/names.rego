# SPDX-License-Identifier: GPL-3.0-or-later
# Names are DNS labels; names, ids and addresses are given once.
package clusterwright.names

findings contains {
	"id": "policy.names.pattern",
	"severity": "error",
	"field": "machines.name",
	"message": sprintf("%q is no DNS label; use small letters, digits and dashes, at most 63.", [machine.name]),
} if {
	some machine in input.plan.machines
	not regex.match(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`, machine.name)
}

findings contains {
	"id": "policy.names.duplicate",
	"severity": "error",
	"field": sprintf("machines.%s", [key]),
	"message": sprintf("The %s %v is given to %d machines; each must have its own.", [key, value, count(holders)]),
} if {
	some key in ["name", "vmid", "address"]
	some value in {machine[key] | some machine in input.plan.machines}
	value != null
	holders := [1 | some machine in input.plan.machines; machine[key] == value]
	count(holders) > 1
}
