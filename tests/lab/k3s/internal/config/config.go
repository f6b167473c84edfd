// SPDX-License-Identifier: GPL-3.0-or-later

// Package config holds the settings of a node: k3s's flags, configuration keys and variables.
package config

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"clusterwright.lab/k3s/internal/layout"
	"clusterwright.lab/k3s/internal/s3"
	"github.com/urfave/cli/v2"
)

// Config is what a server or agent was told.
type Config struct {
	DataDir    layout.Data
	Token      string
	AgentToken string
	ServerURL  string
	NodeName   string
	NodeIPs    []string
	ExternalIP string
	WithNodeID bool
	NodeLabels []string
	NodeTaints []string
	ResolvConf string
	PauseImage string

	KubeletArgs   []string
	KubeProxyArgs []string

	ClusterInit         bool
	ClusterReset        bool
	ClusterResetRestore string

	BindAddress        string
	HTTPSPort          int
	AdvertiseAddress   string
	TLSSANs            []string
	ClusterCIDR        string
	ServiceCIDR        string
	ClusterDNS         string
	ClusterDomain      string
	ServiceNodePorts   string
	FlannelBackend     string
	EgressSelectorMode string
	SecretsEncryption  bool
	Disable            []string
	DisableKubeProxy   bool
	DisableScheduler   bool
	ClusterLevel       map[string]string

	KubeconfigOutput string
	KubeconfigMode   os.FileMode

	APIServerArgs         []string
	ControllerManagerArgs []string
	SchedulerArgs         []string
	EtcdArgs              []string
	EtcdExposeMetrics     bool
	Snapshots             Snapshots

	LoadBalancerPort int
}

// Snapshots are the settings of etcd snapshots.
type Snapshots struct {
	Disabled  bool
	Name      string
	Schedule  string
	Retention int
	Dir       string
	Compress  bool
	// S3 is nil unless snapshots go to a bucket too.
	S3 *s3.Settings
}

// FromAgent reads the flags of an agent.
func FromAgent(c *cli.Context) (*Config, error) { return common(c) }

// FromServer reads and checks the flags of a server.
func FromServer(c *cli.Context) (*Config, error) {
	config, err := common(c)
	if err != nil {
		return nil, err
	}
	config.ClusterInit = c.Bool("cluster-init")
	config.ClusterReset = c.Bool("cluster-reset")
	config.ClusterResetRestore = c.String("cluster-reset-restore-path")
	if config.ClusterResetRestore != "" && !config.ClusterReset {
		return nil, errors.New("invalid flag use; --cluster-reset required with --cluster-reset-restore-path")
	}
	if config.ClusterReset && config.ServerURL != "" {
		return nil, errors.New("cannot perform cluster-reset while server URL is set - " +
			"remove server from configuration before resetting")
	}
	if err := unsupported(c); err != nil {
		return nil, err
	}
	if err := network(c, config); err != nil {
		return nil, err
	}
	if config.AgentToken, err = secret(c, "agent-token"); err != nil {
		return nil, err
	}
	mode := c.String("write-kubeconfig-mode")
	parsed, err := strconv.ParseUint(mode, 8, 32)
	if err != nil {
		return nil, fmt.Errorf("invalid write-kubeconfig-mode %q: %w", mode, err)
	}
	config.KubeconfigMode = os.FileMode(parsed)
	config.KubeconfigOutput = c.String("write-kubeconfig")
	config.APIServerArgs = c.StringSlice("kube-apiserver-arg")
	config.ControllerManagerArgs = c.StringSlice("kube-controller-manager-arg")
	config.SchedulerArgs = c.StringSlice("kube-scheduler-arg")
	config.EtcdArgs = c.StringSlice("etcd-arg")
	config.EtcdExposeMetrics = c.Bool("etcd-expose-metrics")
	config.Disable = split(c.StringSlice("disable"))
	config.DisableKubeProxy = c.Bool("disable-kube-proxy")
	config.DisableScheduler = c.Bool("disable-scheduler")
	config.SecretsEncryption = c.Bool("secrets-encryption")
	if config.Snapshots, err = SnapshotSettings(c, config.DataDir); err != nil {
		return nil, err
	}
	config.ClusterLevel = clusterLevel(c, config)
	return config, nil
}

// SnapshotSettings reads the flags of etcd snapshots.
func SnapshotSettings(c *cli.Context, data layout.Data) (Snapshots, error) {
	settings := Snapshots{
		Disabled:  c.Bool("etcd-disable-snapshots"),
		Name:      c.String("etcd-snapshot-name"),
		Schedule:  c.String("etcd-snapshot-schedule-cron"),
		Retention: c.Int("etcd-snapshot-retention"),
		Dir:       c.String("etcd-snapshot-dir"),
		Compress:  c.Bool("etcd-snapshot-compress"),
	}
	if settings.Dir == "" {
		settings.Dir = data.DB("snapshots")
	}
	var err error
	settings.S3, err = S3Settings(c)
	return settings, err
}

// S3Settings reads where snapshots go besides the disk; nil when nowhere.
func S3Settings(c *cli.Context) (*s3.Settings, error) {
	if !c.Bool("etcd-s3") {
		return nil, nil
	}
	if c.String("etcd-s3-config-secret") != "" {
		return nil, errors.New("the lab stand-in for k3s cannot do --etcd-s3-config-secret")
	}
	timeout, err := time.ParseDuration(c.String("etcd-s3-timeout"))
	if err != nil {
		return nil, err
	}
	return &s3.Settings{
		Endpoint: c.String("etcd-s3-endpoint"), EndpointCA: c.String("etcd-s3-endpoint-ca"),
		SkipVerify: c.Bool("etcd-s3-skip-ssl-verify"), Insecure: c.Bool("etcd-s3-insecure"),
		AccessKey: c.String("etcd-s3-access-key"), SecretKey: c.String("etcd-s3-secret-key"),
		SessionToken: c.String("etcd-s3-session-token"), Bucket: c.String("etcd-s3-bucket"),
		Lookup: c.String("etcd-s3-bucket-lookup-type"), Region: c.String("etcd-s3-region"),
		Folder: c.String("etcd-s3-folder"), Proxy: c.String("etcd-s3-proxy"),
		Retention: c.Int("etcd-s3-retention"), Timeout: timeout,
	}, nil
}

// Disables tells whether a packaged component was switched off.
func (c *Config) Disables(component string) bool {
	for _, name := range c.Disable {
		if name == component {
			return true
		}
	}
	return false
}

func common(c *cli.Context) (*Config, error) {
	config := &Config{
		DataDir:          layout.Data(c.String("data-dir")),
		ServerURL:        strings.TrimSuffix(c.String("server"), "/"),
		NodeName:         strings.ToLower(c.String("node-name")),
		NodeIPs:          split(c.StringSlice("node-ip")),
		ExternalIP:       first(c.StringSlice("node-external-ip")),
		WithNodeID:       c.Bool("with-node-id"),
		NodeLabels:       c.StringSlice("node-label"),
		NodeTaints:       c.StringSlice("node-taint"),
		ResolvConf:       c.String("resolv-conf"),
		PauseImage:       c.String("pause-image"),
		KubeletArgs:      c.StringSlice("kubelet-arg"),
		KubeProxyArgs:    c.StringSlice("kube-proxy-arg"),
		LoadBalancerPort: c.Int("lb-server-port"),
	}
	if os.Geteuid() != 0 {
		return nil, errors.New("server must run as root, or with --rootless and/or --disable-agent")
	}
	var err error
	if config.Token, err = secret(c, "token"); err != nil {
		return nil, err
	}
	if config.NodeName == "" {
		name, err := os.Hostname()
		if err != nil {
			return nil, err
		}
		config.NodeName = strings.ToLower(name)
	}
	if len(config.NodeIPs) == 0 {
		own, err := outgoingAddress()
		if err != nil {
			return nil, err
		}
		config.NodeIPs = []string{own}
	}
	for _, address := range config.NodeIPs {
		if net.ParseIP(address) == nil {
			return nil, fmt.Errorf("invalid node-ip %q", address)
		}
	}
	return config, nil
}

// secret reads a token from its flag or, once it exists, from the file that `<name>-file` names.
func secret(c *cli.Context, name string) (string, error) {
	path := c.String(name + "-file")
	if path == "" {
		return c.String(name), nil
	}
	for {
		text, err := os.ReadFile(path)
		if err == nil {
			return strings.TrimSpace(string(text)), nil
		}
		if !os.IsNotExist(err) {
			return "", err
		}
		fmt.Fprintf(os.Stderr, "Waiting for %s to be available\n", path)
		time.Sleep(2 * time.Second)
	}
}

func network(c *cli.Context, config *Config) error {
	config.BindAddress = c.String("bind-address")
	config.HTTPSPort = c.Int("https-listen-port")
	config.TLSSANs = split(c.StringSlice("tls-san"))
	config.ServiceNodePorts = c.String("service-node-port-range")
	config.ClusterDomain = c.String("cluster-domain")
	config.FlannelBackend = c.String("flannel-backend")
	config.EgressSelectorMode = c.String("egress-selector-mode")
	config.AdvertiseAddress = c.String("advertise-address")
	if config.AdvertiseAddress == "" {
		config.AdvertiseAddress = config.ExternalIP
	}
	if config.AdvertiseAddress == "" {
		config.AdvertiseAddress = config.NodeIP()
	}
	config.ClusterCIDR = joinedOr(c.StringSlice("cluster-cidr"), "10.42.0.0/16")
	config.ServiceCIDR = joinedOr(c.StringSlice("service-cidr"), "10.43.0.0/16")
	tenths, err := checkFamilies(config)
	if err != nil {
		return err
	}
	config.ClusterDNS = joinedOr(c.StringSlice("cluster-dns"), tenths...)
	switch config.EgressSelectorMode {
	case "agent", "cluster", "pod", "disabled":
		return nil
	}
	return fmt.Errorf("invalid egress-selector-mode %s", config.EgressSelectorMode)
}

// clusterLevel are the settings that must be equal on all servers, by the names k3s reports.
func clusterLevel(c *cli.Context, config *Config) map[string]string {
	values := map[string]string{
		"cluster-dns":          config.ClusterDNS,
		"cluster-cidr":         config.ClusterCIDR,
		"cluster-domain":       config.ClusterDomain,
		"service-cidr":         config.ServiceCIDR,
		"flannel-backend":      config.FlannelBackend,
		"egress-selector-mode": config.EgressSelectorMode,
		"disable-service-lb":   strconv.FormatBool(config.Disables("servicelb")),
	}
	for _, name := range []string{
		"disable-cloud-controller", "disable-helm-controller", "disable-network-policy",
		"secrets-encryption", "embedded-registry", "flannel-ipv6-masq", "flannel-external-ip",
	} {
		values[name] = strconv.FormatBool(c.Bool(name))
	}
	return values
}

// unsupported refuses what the stand-in would have to pretend.
func unsupported(c *cli.Context) error {
	for _, name := range []string{
		"rootless", "docker", "datastore-endpoint", "vpn-auth", "vpn-auth-file", "embedded-registry",
		"disable-agent", "disable-apiserver", "disable-controller-manager", "disable-etcd",
	} {
		if value := c.String(name); c.IsSet(name) && value != "" && value != "false" {
			return fmt.Errorf("the lab stand-in for k3s cannot do --%s", name)
		}
	}
	return nil
}

// outgoingAddress is this host's address on the way to its default route.
func outgoingAddress() (string, error) {
	connection, err := net.Dial("udp4", "192.0.2.1:9")
	if err != nil {
		return "", fmt.Errorf("no default route, set node-ip: %w", err)
	}
	defer connection.Close()
	return connection.LocalAddr().(*net.UDPAddr).IP.String(), nil
}

func split(values []string) []string {
	var parts []string
	for _, value := range values {
		for _, part := range strings.Split(value, ",") {
			if part = strings.TrimSpace(part); part != "" {
				parts = append(parts, part)
			}
		}
	}
	return parts
}

func first(values []string) string {
	first, _, _ := strings.Cut(joinedOr(values), ",")
	return first
}

// joinedOr are all values with commas between them, those of fallback where there are none.
func joinedOr(values []string, fallback ...string) string {
	if parts := split(values); len(parts) > 0 {
		return strings.Join(parts, ",")
	}
	return strings.Join(fallback, ",")
}
