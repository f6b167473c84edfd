// SPDX-License-Identifier: GPL-3.0-or-later

package server

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"

	"clusterwright.lab/k3s/internal/config"
	"clusterwright.lab/k3s/internal/kubeconfig"
	"clusterwright.lab/k3s/internal/layout"
	"clusterwright.lab/k3s/internal/pki"
	"clusterwright.lab/k3s/internal/token"
	"github.com/robfig/cron/v3"
)

const adminGroup = "system:masters"

type leaf struct {
	ca, path string
	subject  pki.Subject
}

func (s *Server) leaves() ([]leaf, error) {
	first, err := config.Addresses(s.settings.ServiceCIDR, 1)
	if err != nil {
		return nil, err
	}
	names := []string{
		"127.0.0.1", "::1", "localhost", s.settings.NodeName, s.settings.AdvertiseAddress,
		"kubernetes", "kubernetes.default", "kubernetes.default.svc",
		"kubernetes.default.svc." + s.settings.ClusterDomain,
	}
	names = slices.Concat(names, s.settings.NodeIPs, first, s.settings.TLSSANs)
	etcdNames := append([]string{"127.0.0.1", "localhost", "kine.sock", s.settings.NodeName}, s.settings.NodeIPs...)
	user := func(file, name string, groups ...string) leaf {
		return leaf{"client-ca", file, pki.Subject{CommonName: name, Organizations: groups, Client: true}}
	}
	return []leaf{
		user("client-admin", "system:admin", adminGroup),
		user("client-supervisor", "system:k3s-supervisor", adminGroup),
		user("client-controller", "system:kube-controller-manager"),
		user("client-scheduler", "system:kube-scheduler"),
		user("client-kube-apiserver", "system:apiserver", adminGroup),
		user("client-kube-proxy", "system:kube-proxy"),
		user("client-k3s-controller", "system:k3s-controller"),
		{"request-header-ca", "client-auth-proxy", pki.Subject{CommonName: "system:auth-proxy", Client: true}},
		{"server-ca", "serving-kube-apiserver", pki.Subject{CommonName: "kube-apiserver", Names: names, Server: true}},
		{"etcd/server-ca", "etcd/server-client", pki.Subject{CommonName: "etcd-server", Names: etcdNames, Server: true, Client: true}},
		{"etcd/peer-ca", "etcd/peer-server-client", pki.Subject{CommonName: "etcd-peer", Names: etcdNames, Server: true, Client: true}},
		{"etcd/server-ca", "etcd/client", pki.Subject{CommonName: "etcd-client", Client: true}},
	}, nil
}

// writeCredentials keeps the server's certificates, kubeconfigs and token files.
func (s *Server) writeCredentials() error {
	leaves, err := s.leaves()
	if err != nil {
		return err
	}
	for _, one := range leaves {
		ca, err := pki.LoadCA(s.data.TLS(one.ca))
		if err != nil {
			return err
		}
		if err := ca.EnsureLeaf(s.data.TLS(one.path), one.subject); err != nil {
			return err
		}
	}
	api := fmt.Sprintf("https://127.0.0.1:%d", s.settings.LoadBalancerPort)
	for file, certificate := range map[string]string{
		"admin": "client-admin", "supervisor": "client-supervisor", "controller": "client-controller",
		"scheduler": "client-scheduler", "api-server": "client-kube-apiserver",
	} {
		err := kubeconfig.WriteFiles(s.data.Cred(file+".kubeconfig"), api, s.data.TLS("server-ca.crt"),
			s.data.TLS(certificate+".crt"), s.data.TLS(certificate+".key"))
		if err != nil {
			return err
		}
	}
	return s.writeTokens()
}

func (s *Server) fullToken(user string) string {
	ca, err := os.ReadFile(s.data.TLS("server-ca.crt"))
	if err != nil {
		return s.password
	}
	return token.Format(ca, user, s.password)
}

func (s *Server) writeTokens() error {
	text := s.fullToken(token.ServerUser) + "\n"
	if err := layout.WriteFile(s.data.Server("token"), []byte(text), 0o600); err != nil {
		return err
	}
	if err := layout.Link(s.data.Server("token"), s.data.Server("node-token")); err != nil {
		return err
	}
	agentToken := s.data.Server("agent-token")
	if s.settings.AgentToken == "" {
		return layout.Link(s.data.Server("token"), agentToken)
	}
	parsed, err := token.Parse(s.settings.AgentToken, token.NodeUser)
	if err != nil {
		return err
	}
	ca, err := os.ReadFile(s.data.TLS("server-ca.crt"))
	if err != nil {
		return err
	}
	_ = os.Remove(agentToken)
	full := token.Format(ca, token.NodeUser, parsed.Password) + "\n"
	return layout.WriteFile(agentToken, []byte(full), 0o600)
}

// writeKubeconfig writes the administrator's kubeconfig, anew at every start.
func (s *Server) writeKubeconfig() (string, error) {
	host := s.settings.BindAddress
	if host == "0.0.0.0" || host == "" {
		host = "127.0.0.1"
	}
	path := s.settings.KubeconfigOutput
	if path == "" {
		path = layout.Kubeconfig
	}
	if info, err := os.Lstat(path); err == nil && info.Mode()&os.ModeSymlink != 0 {
		_ = os.Remove(path)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", err
	}
	err := kubeconfig.WriteEmbedded(path, s.settings.KubeconfigMode,
		"https://"+net.JoinHostPort(host, fmt.Sprint(s.settings.HTTPSPort)),
		s.data.TLS("server-ca.crt"), s.data.TLS("client-admin.crt"), s.data.TLS("client-admin.key"))
	if err != nil || path == layout.Kubeconfig {
		return path, err
	}
	if err := os.MkdirAll(filepath.Dir(layout.Kubeconfig), 0o755); err != nil {
		return "", err
	}
	return path, layout.Link(path, layout.Kubeconfig)
}

func parseSchedule(text string) (cron.Schedule, error) { return cron.ParseStandard(text) }
