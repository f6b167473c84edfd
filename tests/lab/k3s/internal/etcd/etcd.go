// SPDX-License-Identifier: GPL-3.0-or-later

// Package etcd runs the embedded etcd member of a server and keeps the cluster's membership.
package etcd

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"clusterwright.lab/k3s/internal/component"
	"clusterwright.lab/k3s/internal/layout"
	"clusterwright.lab/k3s/internal/proc"
	"clusterwright.lab/k3s/internal/token"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"sigs.k8s.io/yaml"
)

// LocalEndpoint is the client address of a server's own member.
const LocalEndpoint = "https://127.0.0.1:2379"

const (
	requestTimeout = 5 * time.Second
	stopGrace      = 5 * time.Second
)

// Etcd is the member of one server.
type Etcd struct {
	Data          layout.Data
	NodeName      string
	Address       string
	Args          []string
	ExposeMetrics bool
	Name          string
	// SingleStore is the data directory in the place of a single server's own store.
	SingleStore string

	child  *proc.Child
	client *clientv3.Client
	known  atomic.Pointer[[]Member]
}

// Dir is the data directory of the member.
func (e *Etcd) Dir() string {
	if e.SingleStore != "" {
		return e.SingleStore
	}
	return e.Data.DB("etcd")
}

func (e *Etcd) file(name string) string { return filepath.Join(e.Dir(), name) }

// HasData tells whether the member has already been part of a cluster.
func (e *Etcd) HasData() bool { return layout.Exists(e.file("member/wal")) }

func (e *Etcd) peerURL() string { return e.url("https", "2380") }

func (e *Etcd) url(scheme, port string) string {
	return scheme + "://" + net.JoinHostPort(e.Address, port)
}

// LoadName reads the member's name, `<node>-<8 hex>`, and makes one where there is none.
func (e *Etcd) LoadName() error {
	path := e.file("name")
	if text, err := os.ReadFile(path); err == nil && len(text) > 0 {
		e.Name = strings.TrimSpace(string(text))
		return nil
	}
	e.Name = e.NodeName + "-" + token.Random(4)
	return layout.WriteFile(path, []byte(e.Name), 0o600)
}

// Start runs the member. cluster is the initial cluster (`name=peer URL`) of a member without
// data; force makes it the only member of a cluster of its own.
func (e *Etcd) Start(cluster []string, state string, force bool) error {
	if err := e.writeConfig(cluster, state, force); err != nil {
		return err
	}
	child, err := proc.Start(component.Etcd, proc.Self(component.Etcd, "--config-file", e.file("config")))
	if err != nil {
		return err
	}
	e.child = child
	e.client, err = Client(e.Data, LocalEndpoint)
	return err
}

// StartNew runs the first member of a new cluster.
func (e *Etcd) StartNew() error {
	log.Print("Managed etcd cluster initializing")
	return e.Start([]string{e.Name + "=" + e.peerURL()}, "new", false)
}

func (e *Etcd) writeConfig(cluster []string, state string, force bool) error {
	metrics := "http://127.0.0.1:2381"
	if e.ExposeMetrics {
		metrics += "," + e.url("http", "2381")
	}
	values := map[string]any{
		"name":                        e.Name,
		"data-dir":                    e.Dir(),
		"listen-client-urls":          e.url("https", "2379") + "," + LocalEndpoint,
		"advertise-client-urls":       e.url("https", "2379"),
		"listen-peer-urls":            e.peerURL() + ",https://127.0.0.1:2380",
		"initial-advertise-peer-urls": e.peerURL(),
		"listen-metrics-urls":         metrics,
		"initial-cluster-token":       "etcd-cluster",
		"heartbeat-interval":          200,
		"election-timeout":            2000,
		"snapshot-count":              10000,
		"log-level":                   "error",
		"force-new-cluster":           force,
		"client-transport-security":   transport(e.Data, "server-client", "server-ca"),
		"peer-transport-security":     transport(e.Data, "peer-server-client", "peer-ca"),
	}
	if len(cluster) > 0 {
		values["initial-cluster"] = strings.Join(cluster, ",")
		values["initial-cluster-state"] = state
	}
	for _, argument := range e.Args {
		key, value, _ := strings.Cut(argument, "=")
		values[key] = value
	}
	text, err := yaml.Marshal(values)
	if err != nil {
		return err
	}
	return layout.WriteFile(e.file("config"), text, 0o600)
}

func transport(data layout.Data, certificate, ca string) map[string]any {
	return map[string]any{
		"cert-file":        data.TLS("etcd", certificate+".crt"),
		"key-file":         data.TLS("etcd", certificate+".key"),
		"trusted-ca-file":  data.TLS("etcd", ca+".crt"),
		"client-cert-auth": true,
	}
}

// Client connects to etcd members with the server's client certificate.
func Client(data layout.Data, endpoints ...string) (*clientv3.Client, error) {
	config, err := clientConfig(data, endpoints...)
	if err != nil {
		return nil, err
	}
	return clientv3.New(config)
}

func clientConfig(data layout.Data, endpoints ...string) (clientv3.Config, error) {
	pair, err := tls.LoadX509KeyPair(data.TLS("etcd", "client.crt"), data.TLS("etcd", "client.key"))
	if err != nil {
		return clientv3.Config{}, err
	}
	ca, err := os.ReadFile(data.TLS("etcd", "server-ca.crt"))
	if err != nil {
		return clientv3.Config{}, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	return clientv3.Config{
		Endpoints:            endpoints,
		DialTimeout:          requestTimeout,
		DialKeepAliveTime:    30 * time.Second,
		DialKeepAliveTimeout: 10 * time.Second,
		Logger:               zap.NewNop(),
		TLS:                  &tls.Config{Certificates: []tls.Certificate{pair}, RootCAs: roots, MinVersion: tls.VersionTLS12},
	}, nil
}

// WaitVoter returns once the member votes and reads from a cluster with a leader.
func (e *Etcd) WaitVoter(ctx context.Context) error {
	lastLog := time.Time{}
	for {
		select {
		case <-e.child.Done():
			return fmt.Errorf("etcd ended: %w", e.child.Err())
		default:
		}
		err := e.voterError(ctx)
		if err == nil {
			log.Print("etcd data store connection OK")
			return nil
		}
		if time.Since(lastLog) >= 5*time.Second {
			log.Printf("Failed to test data store connection: %v", err)
			lastLog = time.Now()
		}
		if !proc.Sleep(ctx, 200*time.Millisecond) {
			return ctx.Err()
		}
	}
}

func (e *Etcd) voterError(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	status, err := e.client.Status(limited, LocalEndpoint)
	if err != nil {
		return err
	}
	if status.IsLearner {
		return errors.New("this server has not yet been promoted from learner to voting member")
	}
	_, err = e.client.Get(limited, "health")
	return err
}

// Client is the connection to the own member; valid after Start.
func (e *Etcd) Client() *clientv3.Client { return e.client }

// Done is closed when the member's process has ended.
func (e *Etcd) Done() <-chan struct{} { return e.child.Done() }

// Stop ends the member's process.
func (e *Etcd) Stop() {
	if e.client != nil {
		_ = e.client.Close()
	}
	if e.child != nil {
		e.child.Stop(stopGrace)
	}
}
