// SPDX-License-Identifier: GPL-3.0-or-later

// Package notify tells systemd how far the start has come.
package notify

import (
	"log"
	"os"

	"github.com/coreos/go-systemd/v22/daemon"
)

var socket = os.Getenv("NOTIFY_SOCKET")

// Claim keeps systemd's socket for this process: children must not report for it.
func Claim() { _ = os.Unsetenv("NOTIFY_SOCKET") }

// Ready says that the service has started.
func Ready() {
	if socket == "" {
		return
	}
	if err := os.Setenv("NOTIFY_SOCKET", socket); err != nil {
		log.Printf("systemd cannot be told: %v", err)
		return
	}
	if _, err := daemon.SdNotify(true, daemon.SdNotifyReady); err != nil {
		log.Printf("systemd cannot be told: %v", err)
	}
}
