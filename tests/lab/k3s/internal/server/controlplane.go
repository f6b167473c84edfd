// SPDX-License-Identifier: GPL-3.0-or-later

package server

import (
	"context"
	"fmt"
	"log"
	"os/exec"
	"time"

	"clusterwright.lab/k3s/internal/agent"
	"clusterwright.lab/k3s/internal/component"
	"clusterwright.lab/k3s/internal/etcd"
	"clusterwright.lab/k3s/internal/layout"
	"clusterwright.lab/k3s/internal/proc"
	"clusterwright.lab/k3s/internal/supervisor"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

const (
	// The API server lets requests drain for a minute; nothing here is worth waiting for that.
	apiGrace        = 2 * time.Second
	controllerGrace = 2 * time.Second
)

type controlPlane struct {
	api    *proc.Child
	client *kubernetes.Clientset
}

func (p *controlPlane) stop() { p.api.Stop(apiGrace) }

func (s *Server) startControlPlane(ctx context.Context) (*controlPlane, error) {
	api, err := proc.Start(component.APIServer, proc.Self(component.APIServer, s.apiServerArguments()...))
	if err != nil {
		return nil, err
	}
	plane := &controlPlane{api: api}
	if plane.client, err = s.waitForAPI(ctx, api); err != nil {
		plane.stop()
		return nil, err
	}
	log.Print("Kube API server is now running")
	path, err := s.writeKubeconfig()
	if err != nil {
		plane.stop()
		return nil, err
	}
	log.Printf("Wrote kubeconfig %s", path)
	go proc.Keep(ctx, component.ControllerManager, child(component.ControllerManager, s.controllerArguments()), controllerGrace)
	if !s.settings.DisableScheduler {
		go proc.Keep(ctx, component.Scheduler, child(component.Scheduler, s.schedulerArguments()), controllerGrace)
	}
	return plane, nil
}

func child(name string, arguments []string) func() *exec.Cmd {
	return func() *exec.Cmd { return proc.Self(name, arguments...) }
}

func (s *Server) waitForAPI(ctx context.Context, api *proc.Child) (*kubernetes.Clientset, error) {
	config, err := clientcmd.BuildConfigFromFlags("", s.data.Cred("admin.kubeconfig"))
	if err != nil {
		return nil, err
	}
	config.QPS, config.Burst = 50, 100
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	for {
		limited, cancel := context.WithTimeout(ctx, 5*time.Second)
		err := client.RESTClient().Get().AbsPath("/readyz").Do(limited).Error()
		cancel()
		if err == nil {
			return client, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-api.Done():
			return nil, fmt.Errorf("kube-apiserver ended: %w", api.Err())
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func (s *Server) apiServerArguments() []string {
	tls := func(name string) string { return s.data.TLS(name) }
	defaults := map[string]string{
		"advertise-address": s.settings.AdvertiseAddress,
		// The port that is advertised is the supervisor's: the API server has it on an address of
		// its own, so that every way from outside leads through the supervisor.
		"bind-address":                       supervisor.APIServerHost,
		"secure-port":                        fmt.Sprint(s.settings.HTTPSPort),
		"permit-port-sharing":                "true",
		"allow-privileged":                   "true",
		"anonymous-auth":                     "false",
		"authorization-mode":                 "Node,RBAC",
		"enable-admission-plugins":           "NodeRestriction",
		"client-ca-file":                     tls("client-ca.crt"),
		"etcd-servers":                       etcd.LocalEndpoint,
		"etcd-cafile":                        tls("etcd/server-ca.crt"),
		"etcd-certfile":                      tls("etcd/client.crt"),
		"etcd-keyfile":                       tls("etcd/client.key"),
		"kubelet-certificate-authority":      tls("server-ca.crt"),
		"kubelet-client-certificate":         tls("client-kube-apiserver.crt"),
		"kubelet-client-key":                 tls("client-kube-apiserver.key"),
		"kubelet-preferred-address-types":    "InternalIP,ExternalIP,Hostname",
		"profiling":                          "false",
		"proxy-client-cert-file":             tls("client-auth-proxy.crt"),
		"proxy-client-key-file":              tls("client-auth-proxy.key"),
		"requestheader-allowed-names":        "system:auth-proxy",
		"requestheader-client-ca-file":       tls("request-header-ca.crt"),
		"requestheader-extra-headers-prefix": "X-Remote-Extra-",
		"requestheader-group-headers":        "X-Remote-Group",
		"requestheader-username-headers":     "X-Remote-User",
		"service-account-issuer":             "https://kubernetes.default.svc." + s.settings.ClusterDomain,
		"service-account-key-file":           tls("service.key"),
		"service-account-signing-key-file":   tls("service.key"),
		"service-cluster-ip-range":           s.settings.ServiceCIDR,
		"service-node-port-range":            s.settings.ServiceNodePorts,
		"storage-backend":                    "etcd3",
		"tls-cert-file":                      tls("serving-kube-apiserver.crt"),
		"tls-private-key-file":               tls("serving-kube-apiserver.key"),
	}
	if file := s.data.Cred("encryption-config.json"); layout.Exists(file) {
		defaults["encryption-provider-config"] = file
		defaults["encryption-provider-config-automatic-reload"] = "true"
	}
	return agent.Arguments(defaults, s.settings.APIServerArgs)
}

func (s *Server) controllerArguments() []string {
	kubeconfig := s.data.Cred("controller.kubeconfig")
	return agent.Arguments(map[string]string{
		"kubeconfig":                       kubeconfig,
		"authentication-kubeconfig":        kubeconfig,
		"authorization-kubeconfig":         kubeconfig,
		"allocate-node-cidrs":              "true",
		"bind-address":                     "127.0.0.1",
		"cluster-cidr":                     s.settings.ClusterCIDR,
		"cluster-signing-cert-file":        s.data.TLS("client-ca.crt"),
		"cluster-signing-key-file":         s.data.TLS("client-ca.key"),
		"profiling":                        "false",
		"root-ca-file":                     s.data.TLS("server-ca.crt"),
		"service-account-private-key-file": s.data.TLS("service.key"),
		"service-cluster-ip-range":         s.settings.ServiceCIDR,
		"use-service-account-credentials":  "true",
	}, s.settings.ControllerManagerArgs)
}

func (s *Server) schedulerArguments() []string {
	kubeconfig := s.data.Cred("scheduler.kubeconfig")
	return agent.Arguments(map[string]string{
		"kubeconfig":                kubeconfig,
		"authentication-kubeconfig": kubeconfig,
		"authorization-kubeconfig":  kubeconfig,
		"bind-address":              "127.0.0.1",
		"profiling":                 "false",
	}, s.settings.SchedulerArgs)
}
