# SPDX-License-Identifier: GPL-3.0-or-later
# Promises of service that were stated: what the plan does about them, and that it guarantees none.
package clusterwright.sla

servers := count([1 | some machine in input.plan.machines; machine.role == "server"])

hosts := count({machine.node | some machine in input.plan.machines})

managed := count([1 | some machine in input.plan.machines; machine.ha.enabled])

measure := sprintf("%d servers and %d machines on %d hosts survive the loss of one host", [servers, count(input.plan.machines), hosts]) if {
	servers >= 3
	hosts > 1
} else := sprintf("high availability of Proxmox restarts %d of %d machines on another host", [managed, count(input.plan.machines)]) if {
	managed > 0
} else := sprintf("%d machines on %d hosts, none with a standby", [count(input.plan.machines), hosts])

latency_names contains name if {
	some name, _ in input.request.sla
	regex.match(`^(latency|p[0-9]+)_ms$`, name)
}

findings contains {
	"id": "policy.sla.latency",
	"severity": "warning",
	"field": sprintf("sla.%s", [name]),
	"message": sprintf("%s of %v ms is stated but cannot be guaranteed: the plan gives the documented sizes with head-room; measure it under load.", [name, input.request.sla[name]]),
} if {
	some name in latency_names
}

findings contains {
	"id": "policy.sla.availability",
	"severity": "warning",
	"field": "sla.availability_percent",
	"message": sprintf("%.3f %% availability is stated but cannot be guaranteed: %s.", [input.request.sla.availability_percent, measure]),
} if {
	is_number(input.request.sla.availability_percent)
}

findings contains {
	"id": "policy.sla.zero-downtime",
	"severity": "warning",
	"field": "sla.zero_downtime",
	"message": sprintf("Zero downtime is stated but cannot be guaranteed: %s.", [measure]),
} if {
	input.request.sla.zero_downtime == true
}

findings contains {
	"id": "policy.sla.other",
	"severity": "warning",
	"field": sprintf("sla.%s", [name]),
	"message": sprintf("%s is stated but no measure of the plan is known to keep it; check it yourself.", [name]),
} if {
	some name, _ in input.request.sla
	not name in {"availability_percent", "zero_downtime"}
	not name in latency_names
}
