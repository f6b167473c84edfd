// SPDX-License-Identifier: GPL-3.0-or-later

package agent

import (
	"os"
	"path/filepath"
)

const (
	cgroupRoot = "/sys/fs/cgroup"
	podsGroup  = "kubepods"
)

// preparePodsCgroup makes the group of all pods in every controller of cgroup v1. A lab host may
// show more processors than the machine below it has; the kubelet would fail to make the group
// for processors that are not there, but takes one that exists.
func preparePodsCgroup() error {
	if _, err := os.Stat(filepath.Join(cgroupRoot, "cpuset")); err != nil {
		return nil
	}
	for _, controller := range []string{"cpu", "cpuacct", "cpuset", "memory", "pids", "systemd", "hugetlb"} {
		parent := filepath.Join(cgroupRoot, controller)
		if _, err := os.Stat(parent); err != nil {
			continue
		}
		if err := os.MkdirAll(filepath.Join(parent, podsGroup), 0o755); err != nil {
			return err
		}
	}
	for _, name := range []string{"cpuset.cpus", "cpuset.mems"} {
		value, err := os.ReadFile(filepath.Join(cgroupRoot, "cpuset", name))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(cgroupRoot, "cpuset", podsGroup, name), value, 0o644); err != nil {
			return err
		}
	}
	return nil
}
