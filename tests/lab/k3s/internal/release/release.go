// SPDX-License-Identifier: GPL-3.0-or-later

// Package release says what this program is.
package release

import (
	"fmt"
	"runtime"

	"k8s.io/component-base/version"
)

// Notice stands wherever a person reads this program's name or version.
const Notice = "lab stand-in, not k3s"

// Version is the version of Kubernetes with the stand-in's own build metadata.
func Version() string { return version.Get().GitVersion }

// Banner is what `k3s --version` prints: two lines of the form that k3s uses.
func Banner() string {
	return fmt.Sprintf("k3s version %s (%s)\ngo version %s\n", Version(), Notice, runtime.Version())
}
