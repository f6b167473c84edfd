// SPDX-License-Identifier: GPL-3.0-or-later

// Package layout names the files that k3s keeps on a host.
package layout

import (
	"os"
	"path/filepath"
)

// Paths outside the data directory.
const (
	Config           = "/etc/rancher/k3s/config.yaml"
	Kubeconfig       = "/etc/rancher/k3s/k3s.yaml"
	NodePassword     = "/etc/rancher/node/password"
	ContainerdSocket = "/run/k3s/containerd/containerd.sock"
	ContainerdState  = "/run/k3s/containerd"
	KubeletRoot      = "/var/lib/kubelet"
	HostCNIBin       = "/usr/lib/cni"
)

// Data is the data directory, /var/lib/rancher/k3s unless configured otherwise.
type Data string

// Server is a path below the server's directory.
func (d Data) Server(elements ...string) string { return d.below("server", elements) }

// TLS is a path below the server's certificates.
func (d Data) TLS(elements ...string) string { return d.below("server/tls", elements) }

// Cred is a path below the server's credentials.
func (d Data) Cred(elements ...string) string { return d.below("server/cred", elements) }

// DB is a path below the server's database directory.
func (d Data) DB(elements ...string) string { return d.below("server/db", elements) }

// Agent is a path below the agent's directory.
func (d Data) Agent(elements ...string) string { return d.below("agent", elements) }

func (d Data) below(base string, elements []string) string {
	return filepath.Join(append([]string{string(d), base}, elements...)...)
}

// Exists tells whether a file or directory is there.
func Exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// WriteFile replaces a file as a whole and makes its directory (0700) where it is missing.
func WriteFile(path string, data []byte, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	scratch := path + ".new"
	if err := os.WriteFile(scratch, data, mode); err != nil {
		return err
	}
	if err := os.Chmod(scratch, mode); err != nil {
		return err
	}
	return os.Rename(scratch, path)
}

// Link makes name a symbolic link to target.
func Link(target, name string) error {
	if current, err := os.Readlink(name); err == nil && current == target {
		return nil
	}
	if err := os.RemoveAll(name); err != nil {
		return err
	}
	return os.Symlink(target, name)
}
