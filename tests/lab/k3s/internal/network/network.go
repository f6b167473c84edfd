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

	podCIDR string
}

// PrepareHost sets what a node must allow; settings it may not change are logged.
func PrepareHost() {
	for name, value := range map[string]string{
		"net/ipv4/conf/all/forwarding":       "1",
		"net/ipv4/conf/default/forwarding":   "1",
		"net/bridge/bridge-nf-call-iptables": "1",
	} {
		path := filepath.Join("/proc/sys", name)
		if current, err := os.ReadFile(path); err == nil && strings.TrimSpace(string(current)) == value {
			continue
		}
		if err := os.WriteFile(path, []byte(value), 0o644); err != nil {
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
		switch {
		case node.Spec.PodCIDR == "":
		case node.Name == n.NodeName:
			if err := n.configure(node.Spec.PodCIDR); err != nil {
				return err
			}
		case internalIP(node) != "":
			wanted[node.Spec.PodCIDR] = internalIP(node)
		}
	}
	return setRoutes(wanted)
}

func internalIP(node *corev1.Node) string {
	for _, address := range node.Status.Addresses {
		if address.Type == corev1.NodeInternalIP {
			return address.Address
		}
	}
	return ""
}

// configure gives the node's own range to the bridge plug-in, once.
func (n *Network) configure(podCIDR string) error {
	if n.podCIDR == podCIDR {
		return nil
	}
	if err := n.masquerade(); err != nil {
		return err
	}
	text := strings.ReplaceAll(conflist, "@POD_CIDR@", podCIDR)
	if err := layout.WriteFile(filepath.Join(n.ConfDir, "10-flannel.conflist"), []byte(text), 0o600); err != nil {
		return err
	}
	n.podCIDR = podCIDR
	return nil
}

// masquerade hides pods behind their node on the way out of the cluster, and lets them pass.
func (n *Network) masquerade() error {
	for _, rule := range []string{
		"-t nat POSTROUTING -s %[1]s -d %[1]s -m comment --comment flanneld -j RETURN",
		"-t nat POSTROUTING -s %[1]s ! -d 224.0.0.0/4 -m comment --comment flanneld -j MASQUERADE",
		"-t filter FORWARD -s %[1]s -m comment --comment flanneld -j ACCEPT",
		"-t filter FORWARD -d %[1]s -m comment --comment flanneld -j ACCEPT",
	} {
		words := strings.Fields(fmt.Sprintf(rule+" ", n.ClusterCIDR))
		if iptables(words, "-C") == nil {
			continue
		}
		if err := iptables(words, "-A"); err != nil {
			return err
		}
	}
	return nil
}

func iptables(rule []string, action string) error {
	arguments := append([]string{"-w", rule[0], rule[1], action}, rule[2:]...)
	output, err := exec.Command("iptables", arguments...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("iptables %s: %w: %s", strings.Join(arguments, " "), err, output)
	}
	return nil
}

// setRoutes makes the pod network's routes exactly the wanted ones, {range: gateway}.
func setRoutes(wanted map[string]string) error {
	filter := &netlink.Route{Protocol: routeProtocol}
	present, err := netlink.RouteListFiltered(netlink.FAMILY_V4, filter, netlink.RT_FILTER_PROTOCOL)
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
