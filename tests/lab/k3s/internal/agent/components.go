// SPDX-License-Identifier: GPL-3.0-or-later

package agent

import (
	"bytes"
	_ "embed"
	"net"
	"os"
	"os/exec"
	"strings"
	"text/template"

	"clusterwright.lab/k3s/internal/config"
	"clusterwright.lab/k3s/internal/join"
	"clusterwright.lab/k3s/internal/layout"
	"clusterwright.lab/k3s/internal/proc"
)

//go:embed kubelet.yaml
var kubeletTemplate string

func self(name string, arguments []string) func() *exec.Cmd {
	return func() *exec.Cmd { return proc.Self(name, arguments...) }
}

func kubeletArguments(settings *config.Config, cluster join.AgentConfig) ([]string, error) {
	data := settings.DataDir
	resolvConf, err := resolvConf(settings)
	if err != nil {
		return nil, err
	}
	file := data.Agent("etc", "kubelet.conf.d", "00-k3s-defaults.conf")
	form, err := template.New("kubelet").Parse(kubeletTemplate)
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	err = form.Execute(&text, map[string]string{
		"Agent": data.Agent(), "Socket": layout.ContainerdSocket, "ClusterDNS": strings.ReplaceAll(cluster.ClusterDNS, ",", `", "`),
		"ClusterDomain": cluster.ClusterDomain, "ResolvConf": resolvConf,
	})
	if err != nil {
		return nil, err
	}
	if err := layout.WriteFile(file, text.Bytes(), 0o600); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(data.Agent("pod-manifests"), 0o700); err != nil {
		return nil, err
	}
	labels := append([]string{"node.kubernetes.io/instance-type=k3s"}, settings.NodeLabels...)
	defaults := map[string]string{
		"config":            file,
		"kubeconfig":        data.Agent("kubelet.kubeconfig"),
		"hostname-override": settings.NodeName,
		"node-ip":           strings.Join(settings.NodeIPs, ","),
		"node-labels":       strings.Join(labels, ","),
	}
	if len(settings.NodeTaints) > 0 {
		defaults["register-with-taints"] = strings.Join(settings.NodeTaints, ",")
	}
	return Arguments(defaults, settings.KubeletArgs), nil
}

func proxyArguments(settings *config.Config, cluster join.AgentConfig) []string {
	return Arguments(map[string]string{
		"kubeconfig":           settings.DataDir.Agent("kubeproxy.kubeconfig"),
		"hostname-override":    settings.NodeName,
		"cluster-cidr":         cluster.ClusterCIDR,
		"proxy-mode":           "iptables",
		"healthz-bind-address": "127.0.0.1",
		// The host's connection tracking is not the lab's to change.
		"conntrack-max-per-core":            "0",
		"conntrack-tcp-timeout-established": "0s",
		"conntrack-tcp-timeout-close-wait":  "0s",
		"conntrack-udp-timeout":             "0s",
		"conntrack-udp-timeout-stream":      "0s",
	}, settings.KubeProxyArgs)
}

// resolvConf finds a resolv.conf that pods can use: with a name server other than loopback.
func resolvConf(settings *config.Config) (string, error) {
	if settings.ResolvConf != "" {
		return settings.ResolvConf, nil
	}
	for _, path := range []string{"/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"} {
		text, err := os.ReadFile(path)
		if err == nil && usableResolver(string(text)) {
			return path, nil
		}
	}
	path := settings.DataDir.Agent("etc", "resolv.conf")
	return path, layout.WriteFile(path, []byte("nameserver 8.8.8.8\n"), 0o644)
}

func usableResolver(text string) bool {
	usable := false
	for _, line := range strings.Split(text, "\n") {
		fields := strings.Fields(line)
		if len(fields) < 2 || fields[0] != "nameserver" {
			continue
		}
		ip := net.ParseIP(fields[1])
		if ip == nil || !ip.IsGlobalUnicast() {
			return false
		}
		usable = true
	}
	return usable
}
