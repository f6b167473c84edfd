# SPDX-License-Identifier: GPL-3.0-or-later
# Disks lie on storages that the facts show on the machine's node, usable for that kind of disk.
package clusterwright.storages

content := {"vm": "images", "lxc": "rootdir"}

usable contains [row.node, row.storage, kind] if {
	some row in input.facts.storages
	row.enabled
	row.active
	some kind, needed in content
	needed in row.content
}

findings contains {
	"id": "policy.storages.unusable",
	"severity": "error",
	"field": sprintf("machines.%s.disks", [machine.name]),
	"message": sprintf("%s needs the storage %s with content %s on %s, which the facts do not show; choose another.", [machine.name, disk.storage, content[machine.kind], machine.node]),
} if {
	input.facts != null
	some machine in input.plan.machines
	some disk in machine.disks
	not usable[[machine.node, disk.storage, machine.kind]]
}
