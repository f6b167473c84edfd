// SPDX-License-Identifier: GPL-3.0-or-later

// Package component holds the upstream programs that the stand-in runs as child processes of
// its own binary: the program's name in argv[0] says which one to become.
package component

import (
	"context"
	"os"
	"sort"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/metrics/prometheus/clientgo" // client metrics of every component
	_ "k8s.io/component-base/metrics/prometheus/version"  // build info metric
	kubectl "k8s.io/kubectl/pkg/cmd"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

// Names of the components, which are also their argv[0].
const (
	Etcd              = "etcd"
	APIServer         = "kube-apiserver"
	ControllerManager = "kube-controller-manager"
	Scheduler         = "kube-scheduler"
	Kubelet           = "kubelet"
	KubeProxy         = "kube-proxy"
	Kubectl           = "kubectl"
)

var commands = map[string]func() *cobra.Command{
	APIServer:         apiserver.NewAPIServerCommand,
	ControllerManager: controllermanager.NewControllerManagerCommand,
	Scheduler:         func() *cobra.Command { return scheduler.NewSchedulerCommand() },
	Kubelet:           func() *cobra.Command { return kubelet.NewKubeletCommand(context.Background()) },
	KubeProxy:         proxy.NewProxyCommand,
	Kubectl:           kubectl.NewDefaultKubectlCommand,
}

// Known tells whether name is a component.
func Known(name string) bool {
	_, found := commands[name]
	return found || name == Etcd
}

// Names lists the components in alphabetical order.
func Names() []string {
	names := []string{Etcd}
	for name := range commands {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// Run becomes the component name with the arguments args (without the name itself) and returns
// its exit code.
func Run(name string, args []string) int {
	os.Args = append([]string{name}, args...)
	if name == Etcd {
		etcdmain.Main(os.Args)
		return 0
	}
	return cli.Run(commands[name]())
}
