// SPDX-License-Identifier: GPL-3.0-or-later

// Command kubectl is upstream's kubectl, built from the same modules as the stand-in.
package main

import (
	"os"

	"k8s.io/component-base/cli"
	"k8s.io/kubectl/pkg/cmd"
)

func main() { os.Exit(cli.Run(cmd.NewDefaultKubectlCommand())) }
