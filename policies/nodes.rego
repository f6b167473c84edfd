# SPDX-License-Identifier: GPL-3.0-or-later
# Machines are on nodes that exist, take guests and are the site's; servers of a cluster are apart.
package clusterwright.nodes

available contains node.name if {
	some node in input.facts.nodes
	node.online
	not node.maintenance
	allowed(node.name)
}

allowed(_) if count(input.site.nodes) == 0

allowed(name) if name in input.site.nodes

findings contains {
	"id": "policy.nodes.unavailable",
	"severity": "error",
	"field": sprintf("machines.%s.node", [machine.name]),
	"message": sprintf("%s is planned on %s, which is offline, in maintenance or unknown; choose one of: %s.", [machine.name, machine.node, concat(", ", sort(available))]),
} if {
	input.facts != null
	some machine in input.plan.machines
	allowed(machine.node)
	not available[machine.node]
}

findings contains {
	"id": "policy.nodes.foreign",
	"severity": "error",
	"field": sprintf("machines.%s.node", [machine.name]),
	"message": sprintf("%s is planned on %s, which is not one of the site's nodes: %s.", [machine.name, machine.node, concat(", ", input.site.nodes)]),
} if {
	some machine in input.plan.machines
	not allowed(machine.node)
}

findings contains {
	"id": "policy.nodes.servers-together",
	"severity": "error",
	"field": "cluster.servers",
	"message": sprintf("All %d servers are on %s although %d nodes take guests: one failure would stop the cluster.", [count(servers), concat(", ", hosts), count(available)]),
} if {
	servers := [machine | some machine in input.plan.machines; machine.role == "server"; input.plan.cluster != null]
	count(servers) > 1
	hosts := {server.node | some server in servers}
	count(hosts) == 1
	count(available) > 1
}
