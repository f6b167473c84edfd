// SPDX-License-Identifier: GPL-3.0-or-later

package cli

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"

	"clusterwright.lab/k3s/internal/component"
	"clusterwright.lab/k3s/internal/layout"
)

func isTool(name string) bool { return slices.Contains([]string{"kubectl", "crictl", "ctr"}, name) }

// runTool becomes kubectl, or the host's crictl or ctr with k3s's socket.
func runTool(name string, arguments []string) int {
	if name == component.Kubectl {
		if os.Getenv("KUBECONFIG") == "" && layout.Exists(layout.Kubeconfig) {
			_ = os.Setenv("KUBECONFIG", layout.Kubeconfig)
		}
		return component.Run(name, arguments)
	}
	binary, err := hostTool(name)
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s is missing on this host, and the lab stand-in for k3s brings none: %v\n", name, err)
		return 1
	}
	environment := os.Environ()
	if name == "ctr" {
		environment = append(environment, "CONTAINERD_ADDRESS="+layout.ContainerdSocket, "CONTAINERD_NAMESPACE=k8s.io")
	} else {
		environment = append(environment, "CONTAINER_RUNTIME_ENDPOINT=unix://"+layout.ContainerdSocket)
	}
	if err := syscall.Exec(binary, append([]string{name}, arguments...), environment); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	return 1
}

// hostTool finds a program of the host, passing by links to this one.
func hostTool(name string) (string, error) {
	self, err := os.Stat("/proc/self/exe")
	if err != nil {
		return "", err
	}
	for _, dir := range strings.Split(os.Getenv("PATH"), ":") {
		path := dir + "/" + name
		info, err := os.Stat(path)
		if err == nil && info.Mode()&0o111 != 0 && !os.SameFile(info, self) {
			return path, nil
		}
	}
	return "", &exec.Error{Name: name, Err: exec.ErrNotFound}
}
