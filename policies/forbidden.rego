# SPDX-License-Identifier: GPL-3.0-or-later
# Settings that no plan may have.
package clusterwright.forbidden

owner_tag := "clusterwright"

findings contains {
	"id": "policy.forbidden.privileged-container",
	"severity": "error",
	"field": sprintf("machines.%s.unprivileged", [machine.name]),
	"message": sprintf("%s is a privileged container: root in it is root on %s; make it unprivileged.", [machine.name, machine.node]),
} if {
	some machine in input.plan.machines
	machine.kind == "lxc"
	not machine.unprivileged
}

findings contains {
	"id": "policy.forbidden.no-owner-tag",
	"severity": "error",
	"field": sprintf("machines.%s.tags", [machine.name]),
	"message": sprintf("%s lacks the tag %s, so that nobody could tell whose it is.", [machine.name, owner_tag]),
} if {
	some machine in input.plan.machines
	not owner_tag in machine.tags
}

findings contains {
	"id": "policy.forbidden.no-key",
	"severity": "error",
	"field": sprintf("machines.%s.cloud_init", [machine.name]),
	"message": sprintf("%s would start without an SSH key: nobody could log in; add one to the site.", [machine.name]),
} if {
	some machine in input.plan.machines
	machine.ssh_keys == 0
}

findings contains {
	"id": "policy.forbidden.gateway-address",
	"severity": "error",
	"field": sprintf("machines.%s.address", [machine.name]),
	"message": sprintf("%s would take the address of the gateway, %s; the network would stop.", [machine.name, machine.address]),
} if {
	some machine in input.plan.machines
	machine.address == input.site.network.gateway
}
