// SPDX-License-Identifier: GPL-3.0-or-later

// Command k3s behaves like k3s's command line around upstream Kubernetes and etcd. It is a
// stand-in for tests, not k3s.
package main

import (
	"os"

	"clusterwright.lab/k3s/internal/cli"
)

func main() { os.Exit(cli.Main(os.Args)) }
