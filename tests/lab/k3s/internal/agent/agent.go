// SPDX-License-Identifier: GPL-3.0-or-later

// Package agent is the part of a node that runs pods: containerd, kubelet, kube-proxy and the
// pod network.
package agent

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"clusterwright.lab/k3s/internal/component"
	"clusterwright.lab/k3s/internal/config"
	"clusterwright.lab/k3s/internal/join"
	"clusterwright.lab/k3s/internal/kubeconfig"
	"clusterwright.lab/k3s/internal/layout"
	"clusterwright.lab/k3s/internal/loadbalancer"
	"clusterwright.lab/k3s/internal/network"
	"clusterwright.lab/k3s/internal/notify"
	"clusterwright.lab/k3s/internal/proc"
	"clusterwright.lab/k3s/internal/token"
)

const (
	validateEvery = 2 * time.Second
	retryEvery    = 5 * time.Second
	refreshEvery  = 10 * time.Second
	stopGrace     = 3 * time.Second
)

// CNIPaths are the directories of the pod network's plug-ins and configuration.
type CNIPaths struct{ Bin, Conf string }

// CNIFor is where containerd looks for the pod network of a flannel backend.
func CNIFor(data layout.Data, backend string) CNIPaths {
	if backend == "none" {
		return CNIPaths{Bin: "/opt/cni/bin", Conf: "/etc/cni/net.d"}
	}
	return CNIPaths{Bin: layout.HostCNIBin, Conf: data.Agent("etc", "cni", "net.d")}
}

// Run is `k3s agent`: it joins the server and runs pods until ctx ends.
func Run(ctx context.Context, settings *config.Config) error {
	if settings.ServerURL == "" {
		return errors.New("--server is required")
	}
	if settings.Token == "" {
		return errors.New("--token is required")
	}
	server, err := validate(ctx, settings)
	if err != nil {
		return err
	}
	parsed, err := url.Parse(server.URL)
	if err != nil {
		return err
	}
	balancer, err := loadbalancer.New(localAddress(settings), []string{parsed.Host})
	if err != nil {
		return err
	}
	go balancer.Run(ctx)
	local := server.Through("https://" + balancer.Address())
	cluster, err := retrieveConfig(ctx, local)
	if err != nil {
		return err
	}
	go refreshServers(ctx, balancer, local)
	runtime, err := StartRuntime(ctx, settings, CNIFor(settings.DataDir, cluster.FlannelBackend))
	if err != nil {
		return err
	}
	defer runtime.Stop()
	node, err := StartNode(ctx, settings, runtime, local, cluster)
	if err != nil {
		return err
	}
	defer node.Wait()
	log.Print("k3s agent is up and running")
	notify.Ready()
	select {
	case <-ctx.Done():
		return nil
	case <-runtime.Done():
		return errors.New("containerd ended")
	}
}

func localAddress(settings *config.Config) string {
	return net.JoinHostPort("127.0.0.1", fmt.Sprint(settings.LoadBalancerPort))
}

// validate waits for a server whose CA the token fits; a token in no known form ends the agent.
func validate(ctx context.Context, settings *config.Config) (*join.Server, error) {
	if _, err := token.Parse(settings.Token, token.NodeUser); err != nil {
		return nil, err
	}
	for {
		server, err := join.Validate(ctx, settings.ServerURL, settings.Token, token.NodeUser)
		if err == nil {
			return server, nil
		}
		log.Printf("Failed to validate connection to cluster at %s: %v", settings.ServerURL, err)
		if !proc.Sleep(ctx, validateEvery) {
			return nil, ctx.Err()
		}
	}
}

func retrieveConfig(ctx context.Context, server *join.Server) (join.AgentConfig, error) {
	for {
		var cluster join.AgentConfig
		err := server.GetJSON(ctx, "/v1-k3s/config", &cluster)
		if err == nil {
			_, err = server.Get(ctx, "/v1-k3s/readyz")
		}
		if err == nil {
			return cluster, nil
		}
		log.Printf("Waiting to retrieve agent configuration; server is not ready: %v", err)
		if !proc.Sleep(ctx, retryEvery) {
			return cluster, ctx.Err()
		}
	}
}

func refreshServers(ctx context.Context, balancer *loadbalancer.Balancer, server *join.Server) {
	for {
		var servers []string
		if err := server.GetJSON(ctx, "/v1-k3s/apiservers", &servers); err == nil {
			balancer.SetServers(servers)
		}
		if !proc.Sleep(ctx, refreshEvery) {
			return
		}
	}
}

// Node is a running node's kubelet, kube-proxy and pod network.
type Node struct{ ended []chan struct{} }

// Wait returns when all parts of the node have ended, which they do with their context.
func (n *Node) Wait() {
	for _, ended := range n.ended {
		<-ended
	}
}

func (n *Node) run(part func()) {
	ended := make(chan struct{})
	n.ended = append(n.ended, ended)
	go func() {
		defer close(ended)
		part()
	}()
}

// StartNode gets the node's certificates from the server and runs its parts.
func StartNode(
	ctx context.Context, settings *config.Config, runtime *Runtime, server *join.Server, cluster join.AgentConfig,
) (*Node, error) {
	if err := nodeName(settings); err != nil {
		return nil, err
	}
	if err := certificates(ctx, settings, server); err != nil {
		return nil, err
	}
	network.PrepareHost(config.IsIPv6(cluster.ClusterCIDR))
	if err := preparePodsCgroup(); err != nil {
		return nil, err
	}
	kubelet, err := kubeletArguments(settings, cluster)
	if err != nil {
		return nil, err
	}
	node := &Node{}
	node.run(func() {
		<-runtime.Imported()
		proc.Keep(ctx, component.Kubelet, self(component.Kubelet, kubelet), stopGrace)
	})
	if !cluster.DisableKubeProxy {
		proxy := proxyArguments(settings, cluster)
		node.run(func() {
			proc.Keep(ctx, component.KubeProxy, self(component.KubeProxy, proxy), stopGrace)
		})
	}
	if cluster.FlannelBackend != "none" {
		pods := &network.Network{
			NodeName: settings.NodeName, ClusterCIDR: cluster.ClusterCIDR,
			Kubeconfig: settings.DataDir.Agent("k3scontroller.kubeconfig"),
			ConfDir:    CNIFor(settings.DataDir, cluster.FlannelBackend).Conf,
			HidesIPv6:  cluster.ClusterLevel["flannel-ipv6-masq"] == "true",
		}
		node.run(func() { pods.Run(ctx) })
	}
	return node, nil
}

// nodeName adds the host's id to the name where the user asked for it.
func nodeName(settings *config.Config) error {
	if !settings.WithNodeID {
		return nil
	}
	id, err := keptSecret(filepath.Join(filepath.Dir(layout.NodePassword), "id"), 4, 0o644)
	if err != nil {
		return err
	}
	if !strings.HasSuffix(settings.NodeName, "-"+id) {
		settings.NodeName += "-" + id
	}
	return nil
}

// keptSecret reads a file of random hexadecimal digits and makes it where it is missing.
func keptSecret(path string, bytes int, mode os.FileMode) (string, error) {
	if text, err := os.ReadFile(path); err == nil {
		return strings.TrimSpace(string(text)), nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", err
	}
	value := token.Random(bytes)
	return value, layout.WriteFile(path, []byte(value+"\n"), mode)
}

func certificates(ctx context.Context, settings *config.Config, server *join.Server) error {
	password, err := keptSecret(layout.NodePassword, 16, 0o600)
	if err != nil {
		return err
	}
	data := settings.DataDir
	if err := layout.WriteFile(data.Agent("server-ca.crt"), server.CA, 0o644); err != nil {
		return err
	}
	headers := map[string]string{
		join.NodeNameHeader: settings.NodeName, join.NodePasswordHeader: password,
		join.NodeIPHeader: strings.Join(settings.NodeIPs, ","),
	}
	if err := fetch(ctx, func() error {
		text, err := server.Get(ctx, "/v1-k3s/client-ca.crt")
		if err != nil {
			return err
		}
		return layout.WriteFile(data.Agent("client-ca.crt"), text, 0o644)
	}); err != nil {
		return err
	}
	for _, name := range []string{"client-kubelet", "serving-kubelet", "client-kube-proxy", "client-k3s-controller"} {
		if err := fetch(ctx, func() error {
			text, err := server.Certificate(ctx, "/v1-k3s/"+name+".crt", data.Agent(name+".key"), headers)
			if err != nil {
				return err
			}
			return layout.WriteFile(data.Agent(name+".crt"), text, 0o600)
		}); err != nil {
			return err
		}
	}
	local := "https://" + localAddress(settings)
	for file, certificate := range map[string]string{
		"kubelet": "client-kubelet", "kubeproxy": "client-kube-proxy", "k3scontroller": "client-k3s-controller",
	} {
		err := kubeconfig.WriteFiles(data.Agent(file+".kubeconfig"), local, data.Agent("server-ca.crt"),
			data.Agent(certificate+".crt"), data.Agent(certificate+".key"))
		if err != nil {
			return err
		}
	}
	return nil
}

// fetch repeats a request to the server until it succeeds.
func fetch(ctx context.Context, ask func() error) error {
	for {
		err := ask()
		if err == nil {
			return nil
		}
		var status *join.StatusError
		delay := time.Second
		switch {
		case errors.As(err, &status) && status.Code == 403:
			log.Print("Waiting to retrieve agent configuration; server is not ready: Node password rejected, " +
				"duplicate hostname or contents of '" + layout.NodePassword + "' may not match server " +
				"node-passwd entry, try enabling a unique node name with the --with-node-id flag")
			delay = retryEvery
		case errors.As(err, &status) && status.Code == 503:
		default:
			log.Printf("Waiting to retrieve agent configuration; server is not ready: %v", err)
		}
		if !proc.Sleep(ctx, delay) {
			return ctx.Err()
		}
	}
}
