// SPDX-License-Identifier: GPL-3.0-or-later

package config

import (
	"clusterwright.lab/k3s/internal/layout"
	"github.com/urfave/cli/v2"
)

const defaultDataDir = "/var/lib/rancher/k3s"

func text(name, value string, variables ...string) cli.Flag {
	return &cli.StringFlag{Name: name, Value: value, EnvVars: variables}
}

func short(name, alias, value string, variables ...string) cli.Flag {
	return &cli.StringFlag{Name: name, Aliases: []string{alias}, Value: value, EnvVars: variables}
}

func list(name string, aliases ...string) cli.Flag {
	return &cli.StringSliceFlag{Name: name, Aliases: aliases}
}

func number(name string, value int, variables ...string) cli.Flag {
	return &cli.IntFlag{Name: name, Value: value, EnvVars: variables}
}

func boolean(name string, variables ...string) cli.Flag {
	return &cli.BoolFlag{Name: name, EnvVars: variables}
}

func each(build func(name string) cli.Flag, names ...string) []cli.Flag {
	flags := make([]cli.Flag, 0, len(names))
	for _, name := range names {
		flags = append(flags, build(name))
	}
	return flags
}

func join(groups ...[]cli.Flag) []cli.Flag {
	var flags []cli.Flag
	for _, group := range groups {
		flags = append(flags, group...)
	}
	return flags
}

func nodeFlags() []cli.Flag {
	return join(
		[]cli.Flag{
			short("config", "c", layout.Config, "K3S_CONFIG_FILE"),
			boolean("debug", "K3S_DEBUG"),
			number("v", 0),
			short("log", "l", ""),
			short("token", "t", "", "K3S_TOKEN"),
			text("token-file", "", "K3S_TOKEN_FILE"),
			short("server", "s", "", "K3S_URL"),
			short("data-dir", "d", defaultDataDir, "K3S_DATA_DIR"),
			text("node-name", "", "K3S_NODE_NAME"),
			list("node-ip", "i"),
			text("resolv-conf", "", "K3S_RESOLV_CONF"),
			boolean("selinux", "K3S_SELINUX"),
			number("lb-server-port", 6444, "K3S_LB_SERVER_PORT"),
			text("pause-image", "rancher/mirrored-pause:3.6"),
			text("snapshotter", "overlayfs"),
			text("private-registry", "/etc/rancher/k3s/registries.yaml"),
			text("image-credential-provider-bin-dir", "/var/lib/rancher/credentialprovider/bin"),
			text("image-credential-provider-config", "/var/lib/rancher/credentialprovider/config.yaml"),
			text("vpn-auth", "", "K3S_VPN_AUTH"),
			text("vpn-auth-file", "", "K3S_VPN_AUTH_FILE"),
			text("bind-address", "0.0.0.0"),
		},
		each(func(name string) cli.Flag { return list(name) },
			"node-label", "node-taint", "node-external-ip", "node-internal-dns", "node-external-dns",
			"kubelet-arg", "kube-proxy-arg", "airgap-extra-registry"),
		each(func(name string) cli.Flag { return text(name, "") },
			"vmodule", "flannel-iface", "flannel-conf", "flannel-cni-conf",
			"container-runtime-endpoint", "default-runtime", "image-service-endpoint"),
		each(func(name string) cli.Flag { return boolean(name) },
			"alsologtostderr", "with-node-id", "protect-kernel-defaults", "nonroot-devices",
			"disable-default-registry-endpoint", "docker", "prefer-bundled-bin", "rootless",
			"enable-pprof"),
	)
}

// AgentFlags are the flags and configuration keys of `k3s agent`.
func AgentFlags() []cli.Flag {
	return append(nodeFlags(), boolean("disable-apiserver-lb"))
}

// ServerFlags are the flags and configuration keys of `k3s server`.
func ServerFlags() []cli.Flag {
	return join(
		nodeFlags(),
		[]cli.Flag{
			number("https-listen-port", 6443),
			text("advertise-address", ""),
			number("advertise-port", 0),
			&cli.BoolFlag{Name: "tls-san-security", Value: true},
			text("service-node-port-range", "30000-32767"),
			text("cluster-domain", "cluster.local"),
			text("flannel-backend", "vxlan"),
			text("egress-selector-mode", "agent"),
			text("servicelb-namespace", "kube-system"),
			short("write-kubeconfig", "o", "", "K3S_KUBECONFIG_OUTPUT"),
			text("write-kubeconfig-mode", "600", "K3S_KUBECONFIG_MODE"),
			text("write-kubeconfig-group", "", "K3S_KUBECONFIG_GROUP"),
			text("agent-token", "", "K3S_AGENT_TOKEN"),
			text("agent-token-file", "", "K3S_AGENT_TOKEN_FILE"),
			boolean("cluster-init", "K3S_CLUSTER_INIT"),
			boolean("cluster-reset", "K3S_CLUSTER_RESET"),
			text("cluster-reset-restore-path", ""),
			text("system-default-registry", "", "K3S_SYSTEM_DEFAULT_REGISTRY"),
			text("default-local-storage-path", ""),
			text("helm-job-image", ""),
			text("secrets-encryption-provider", "aescbc"),
			text("datastore-endpoint", "", "K3S_DATASTORE_ENDPOINT"),
			text("datastore-cafile", "", "K3S_DATASTORE_CAFILE"),
			text("datastore-certfile", "", "K3S_DATASTORE_CERTFILE"),
			text("datastore-keyfile", "", "K3S_DATASTORE_KEYFILE"),
			boolean("etcd-expose-metrics"),
			boolean("etcd-disable-snapshots"),
		},
		each(func(name string) cli.Flag { return list(name) },
			"tls-san", "cluster-cidr", "service-cidr", "cluster-dns", "disable", "kube-apiserver-arg",
			"kube-controller-manager-arg", "kube-scheduler-arg", "kube-cloud-controller-manager-arg",
			"helm-controller-arg", "etcd-arg"),
		each(func(name string) cli.Flag { return boolean(name) },
			"flannel-ipv6-masq", "flannel-external-ip", "disable-scheduler",
			"disable-cloud-controller", "disable-kube-proxy", "disable-network-policy",
			"disable-helm-controller", "disable-apiserver", "disable-controller-manager",
			"disable-etcd", "disable-agent", "embedded-registry", "supervisor-metrics",
			"secrets-encryption"),
		snapshotFlags(),
	)
}

func snapshotFlags() []cli.Flag {
	return join(
		[]cli.Flag{
			text("etcd-snapshot-name", "etcd-snapshot"),
			text("etcd-snapshot-schedule-cron", "0 */12 * * *"),
			number("etcd-snapshot-retention", 5),
			text("etcd-snapshot-dir", ""),
			boolean("etcd-snapshot-compress"),
			text("etcd-s3-endpoint", "s3.amazonaws.com"),
			text("etcd-s3-access-key", "", "AWS_ACCESS_KEY_ID"),
			text("etcd-s3-secret-key", "", "AWS_SECRET_ACCESS_KEY"),
			text("etcd-s3-session-token", "", "AWS_SESSION_TOKEN"),
			text("etcd-s3-bucket-lookup-type", "auto"),
			text("etcd-s3-region", "us-east-1"),
			number("etcd-s3-retention", 5),
			text("etcd-s3-timeout", "5m0s"),
		},
		each(func(name string) cli.Flag { return boolean(name) },
			"etcd-s3", "etcd-s3-insecure", "etcd-s3-skip-ssl-verify"),
		each(func(name string) cli.Flag { return text(name, "") },
			"etcd-s3-endpoint-ca", "etcd-s3-bucket", "etcd-s3-folder", "etcd-s3-proxy",
			"etcd-s3-config-secret"),
	)
}

// SnapshotCommandFlags are the flags and configuration keys of `k3s etcd-snapshot`.
func SnapshotCommandFlags() []cli.Flag {
	return join(
		[]cli.Flag{
			short("config", "c", layout.Config, "K3S_CONFIG_FILE"),
			boolean("debug", "K3S_DEBUG"),
			short("data-dir", "d", defaultDataDir, "K3S_DATA_DIR"),
			&cli.StringFlag{Name: "etcd-server", Aliases: []string{"s"}, Value: "https://127.0.0.1:6443"},
			&cli.StringFlag{Name: "etcd-token", Aliases: []string{"t"}},
			text("node-name", "", "K3S_NODE_NAME"),
			&cli.StringFlag{Name: "name"},
			&cli.StringFlag{Name: "dir"},
			&cli.BoolFlag{Name: "snapshot-compress"},
			&cli.IntFlag{Name: "snapshot-retention", Value: 5},
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Value: "table"},
		},
		snapshotFlags(),
	)
}
