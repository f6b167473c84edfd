// SPDX-License-Identifier: GPL-3.0-or-later

// Command terraform-provider-proxmox serves the schema of Telmate/proxmox to Terraform, so that a
// configuration can be validated and planned without that provider. It is a stand-in for tests: it
// knows names, types and allowed values, reaches no cluster and refuses to apply.
package main

import (
	_ "embed"
	"fmt"
	"os"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tfprotov5/tf5server"
)

//go:embed telmate.json
var published []byte

func main() {
	server, err := newServer(published)
	if err == nil {
		err = tf5server.Serve("registry.terraform.io/telmate/proxmox", func() tfprotov5.ProviderServer { return server })
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
