// SPDX-License-Identifier: GPL-3.0-or-later

// Package network connects pods: a bridge for the node's own, host routes to all other nodes'.
package network

import (
	"context"
	_ "embed"
	"fmt"
	"log"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"clusterwright.lab/k3s/internal/layout"
	"clusterwright.lab/k3s/internal/proc"
	"github.com/vishvananda/netlink"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	listers "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

// routeProtocol marks the routes that belong to the pod network.
const routeProtocol = 84

const (
	retryEvery  = 2 * time.Second
	resyncEvery = 30 * time.Second
)

//go:embed bridge.conflist
var conflist string

// Network is the pod network of one node.
type Network struct {
	NodeName    string
	ClusterCIDR string
	Kubeconfig  string
	ConfDir     string
	// HidesIPv6 tells whether pods reach what is outside by their node's IPv6 address.
	HidesIPv6 bool

	podCIDRs []string
}

// PrepareHost sets what a node must allow; settings it may not change are logged.
func PrepareHost(ipv6 bool) {
	names := []string{"net/ipv4/conf/all/forwarding", "net/ipv4/conf/default/forwarding", "net/bridge/bridge-nf-call-iptables"}
	if ipv6 {
		names = append(names, "net/ipv6/conf/all/forwarding", "net/ipv6/conf/default/forwarding", "net/bridge/bridge-nf-call-ip6tables")
	}
	for _, name := range names {
		path := filepath.Join("/proc/sys", name)
		if current, err := os.ReadFile(path); err == nil && strings.TrimSpace(string(current)) == "1" {
			continue
		}
		if err := os.WriteFile(path, []byte("1"), 0o644); err != nil {
			log.Printf("Failed to set sysctl %s: %v", name, err)
		}
	}
}

// Run follows the cluster's nodes until ctx ends.
func (n *Network) Run(ctx context.Context) {
	client, err := n.client()
	for err != nil {
		log.Printf("pod network: %v", err)
		if !proc.Sleep(ctx, retryEvery) {
			return
		}
		client, err = n.client()
	}
	factory := informers.NewSharedInformerFactory(client, resyncEvery)
	nodes := factory.Core().V1().Nodes()
	changed := make(chan struct{}, 1)
	trigger := func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	}
	_, err = nodes.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { trigger() },
		UpdateFunc: func(any, any) { trigger() },
		DeleteFunc: func(any) { trigger() },
	})
	if err != nil {
		log.Printf("pod network: %v", err)
		return
	}
	factory.Start(ctx.Done())
	if !cache.WaitForCacheSync(ctx.Done(), nodes.Informer().HasSynced) {
		return
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-changed:
			if err := n.apply(nodes.Lister()); err != nil {
				log.Printf("pod network: %v", err)
				time.AfterFunc(retryEvery, trigger)
			}
		}
	}
}

func (n *Network) client() (kubernetes.Interface, error) {
	config, err := clientcmd.BuildConfigFromFlags("", n.Kubeconfig)
	if err != nil {
		return nil, err
	}
	return kubernetes.NewForConfig(config)
}

func (n *Network) apply(lister listers.NodeLister) error {
	nodes, err := lister.List(labels.Everything())
	if err != nil {
		return err
	}
	wanted := map[string]string{}
	for _, node := range nodes {
		if node.Name == n.NodeName {
			if err := n.configure(node.Spec.PodCIDRs); err != nil {
				return err
			}
			continue
		}
		for _, cidr := range node.Spec.PodCIDRs {
			if gateway := internalIP(node, strings.Contains(cidr, ":")); gateway != "" {
				wanted[cidr] = gateway
			}
		}
	}
	return setRoutes(wanted)
}

// internalIP is the address of a node in one IP version.
func internalIP(node *corev1.Node, ipv6 bool) string {
	for _, address := range node.Status.Addresses {
		if address.Type == corev1.NodeInternalIP && strings.Contains(address.Address, ":") == ipv6 {
			return address.Address
		}
	}
	return ""
}

// configure gives the node's own ranges to the bridge plug-in, once.
func (n *Network) configure(podCIDRs []string) error {
	if len(podCIDRs) == 0 || slices.Equal(n.podCIDRs, podCIDRs) {
		return nil
	}
	for _, cidr := range strings.Split(n.ClusterCIDR, ",") {
		if err := n.letThrough(cidr); err != nil {
			return err
		}
	}
	var ranges []string
	for _, cidr := range podCIDRs {
		ranges = append(ranges, fmt.Sprintf(`[{"subnet": %q}]`, cidr))
	}
	text := strings.ReplaceAll(conflist, "@RANGES@", strings.Join(ranges, ", "))
	if err := layout.WriteFile(filepath.Join(n.ConfDir, "10-flannel.conflist"), []byte(text), 0o600); err != nil {
		return err
	}
	n.podCIDRs = podCIDRs
	return nil
}

// letThrough lets pods of a network pass, and hides them behind their node on the way out of the
// cluster.
func (n *Network) letThrough(cidr string) error {
	command, multicast, hidden := "iptables", "224.0.0.0/4", true
	if strings.Contains(cidr, ":") {
		command, multicast, hidden = "ip6tables", "ff00::/8", n.HidesIPv6
	}
	rules := []string{
		"-t filter FORWARD -s @PODS@ -m comment --comment flanneld -j ACCEPT",
		"-t filter FORWARD -d @PODS@ -m comment --comment flanneld -j ACCEPT",
	}
	if hidden {
		rules = append(rules,
			"-t nat POSTROUTING -s @PODS@ -d @PODS@ -m comment --comment flanneld -j RETURN",
			"-t nat POSTROUTING -s @PODS@ ! -d @MULTICAST@ -m comment --comment flanneld -j MASQUERADE")
	}
	for _, rule := range rules {
		words := strings.Fields(strings.NewReplacer("@PODS@", cidr, "@MULTICAST@", multicast).Replace(rule))
		if filter(command, words, "-C") == nil {
			continue
		}
		if err := filter(command, words, "-A"); err != nil {
			return err
		}
	}
	return nil
}

func filter(command string, rule []string, action string) error {
	arguments := append([]string{"-w", rule[0], rule[1], action}, rule[2:]...)
	output, err := exec.Command(command, arguments...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w: %s", command, strings.Join(arguments, " "), err, output)
	}
	return nil
}

// setRoutes makes the pod network's routes exactly the wanted ones, {range: gateway}.
func setRoutes(wanted map[string]string) error {
	filter := &netlink.Route{Protocol: routeProtocol}
	present, err := netlink.RouteListFiltered(netlink.FAMILY_ALL, filter, netlink.RT_FILTER_PROTOCOL)
	if err != nil {
		return err
	}
	for _, route := range present {
		if route.Dst == nil {
			continue
		}
		cidr := route.Dst.String()
		if wanted[cidr] == route.Gw.String() {
			delete(wanted, cidr)
		} else if _, replaced := wanted[cidr]; !replaced {
			if err := netlink.RouteDel(&route); err != nil {
				return err
			}
		}
	}
	for cidr, gateway := range wanted {
		_, destination, err := net.ParseCIDR(cidr)
		if err != nil {
			return err
		}
		route := &netlink.Route{Dst: destination, Gw: net.ParseIP(gateway), Protocol: routeProtocol}
		if err := netlink.RouteReplace(route); err != nil {
			return fmt.Errorf("route to %s by %s: %w", cidr, gateway, err)
		}
	}
	return nil
}
