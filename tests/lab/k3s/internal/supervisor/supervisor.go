// SPDX-License-Identifier: GPL-3.0-or-later

// Package supervisor serves port 6443 of a server: what nodes need to join, and the Kubernetes
// API behind it.
package supervisor

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"sync/atomic"

	"clusterwright.lab/k3s/internal/bootstrap"
	"clusterwright.lab/k3s/internal/config"
	"clusterwright.lab/k3s/internal/etcd"
	"clusterwright.lab/k3s/internal/join"
	"clusterwright.lab/k3s/internal/pki"
	"k8s.io/client-go/kubernetes"
)

// APIServerHost is the loopback address of the real API server. It listens on the port that it
// advertises, which on every other address is the supervisor's.
const APIServerHost = "127.0.0.2"

// Supervisor is the server's front.
type Supervisor struct {
	Config *config.Config
	Keeper Keeper

	passwords atomic.Pointer[passwords]

	etcd     atomic.Pointer[etcd.Etcd]
	kube     atomic.Pointer[kubernetes.Clientset]
	clientCA *pki.CA
	serverCA *pki.CA
	api      http.Handler
}

// SetEtcd makes the etcd endpoints answer.
func (s *Supervisor) SetEtcd(member *etcd.Etcd) { s.etcd.Store(member) }

// SetKube makes the endpoints answer that need the Kubernetes API.
func (s *Supervisor) SetKube(client *kubernetes.Clientset) { s.kube.Store(client) }

// Run listens until ctx ends; it returns once the port is open.
func (s *Supervisor) Run(ctx context.Context) error {
	data := s.Config.DataDir
	var err error
	if s.clientCA, err = pki.LoadCA(data.TLS("client-ca")); err != nil {
		return err
	}
	if s.serverCA, err = pki.LoadCA(data.TLS("server-ca")); err != nil {
		return err
	}
	if s.api, err = s.newAPI(); err != nil {
		return err
	}
	pair, err := tls.LoadX509KeyPair(data.TLS("serving-kube-apiserver.crt"), data.TLS("serving-kube-apiserver.key"))
	if err != nil {
		return err
	}
	address := net.JoinHostPort(s.Config.BindAddress, fmt.Sprint(s.Config.HTTPSPort))
	listener, err := listen(ctx, address)
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler:     s.routes(),
		TLSConfig:   &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequestClientCert, MinVersion: tls.VersionTLS12},
		BaseContext: func(net.Listener) context.Context { return ctx },
		ErrorLog:    log.New(discardHandshakes{}, "", 0),
	}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	go func() {
		if err := server.ServeTLS(listener, "", ""); err != nil && ctx.Err() == nil {
			log.Fatalf("supervisor: %v", err)
		}
	}()
	return nil
}

type discardHandshakes struct{}

// Write drops the TLS errors of health checks that only open and close a connection.
func (discardHandshakes) Write(line []byte) (int, error) { return len(line), nil }

func (s *Supervisor) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /cacerts", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(s.serverCA.PEM) })
	mux.HandleFunc("/ping", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("pong")) })
	static := http.FileServer(http.Dir(s.Config.DataDir.Server("static")))
	mux.Handle("/static/", http.StripPrefix("/static/", static))

	node := func(pattern string, handler http.HandlerFunc) { mux.Handle(pattern, s.require(agentRole, handler)) }
	node("GET /v1-k3s/config", func(w http.ResponseWriter, _ *http.Request) { answer(w, s.agentConfig()) })
	node("GET /v1-k3s/apiservers", s.apiServers)
	node("GET /v1-k3s/readyz", s.readyz)
	node("GET /v1-k3s/client-ca.crt", s.caFile("client-ca.crt"))
	node("GET /v1-k3s/server-ca.crt", s.caFile("server-ca.crt"))
	node("POST /v1-k3s/client-kube-proxy.crt", s.sign(client("system:kube-proxy")))
	node("POST /v1-k3s/client-k3s-controller.crt", s.sign(client("system:k3s-controller")))
	node("POST /v1-k3s/client-kubelet.crt", s.checkNode(s.sign(kubeletClient)))
	node("POST /v1-k3s/serving-kubelet.crt", s.checkNode(s.sign(kubeletServing)))

	server := func(pattern string, handler http.HandlerFunc) { mux.Handle(pattern, s.require(serverRole, handler)) }
	server("GET /v1-k3s/server-bootstrap", s.bootstrap)
	server("GET /db/info", s.withEtcd(s.info))
	server("POST /db/snapshot", s.withEtcd(s.snapshot))
	server("PUT /v1-k3s/token", s.rotateToken)
	server("GET /v1-k3s/encrypt/status", func(w http.ResponseWriter, _ *http.Request) { answer(w, s.Keeper.Encryption()) })
	server("PUT /v1-k3s/encrypt/config", s.rotateKeys)
	mux.HandleFunc("/v1-k3s/", http.NotFound)
	mux.Handle("/", s.api)
	return mux
}

func (s *Supervisor) agentConfig() join.AgentConfig {
	return join.AgentConfig{
		ClusterCIDR:      s.Config.ClusterCIDR,
		ServiceCIDR:      s.Config.ServiceCIDR,
		ClusterDNS:       s.Config.ClusterDNS,
		ClusterDomain:    s.Config.ClusterDomain,
		FlannelBackend:   s.Config.FlannelBackend,
		DisableKubeProxy: s.Config.DisableKubeProxy,
		HTTPSPort:        s.Config.HTTPSPort,
		ClusterLevel:     s.Config.ClusterLevel,
	}
}

func (s *Supervisor) caFile(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		text, err := os.ReadFile(s.Config.DataDir.TLS(name))
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_, _ = w.Write(text)
	}
}

func (s *Supervisor) bootstrap(w http.ResponseWriter, _ *http.Request) {
	if s.Config.ClusterLevel["datastore"] != "etcd" {
		http.Error(w, "etcd disabled", http.StatusBadRequest)
		return
	}
	files, err := bootstrap.Read(s.Config.DataDir)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	answer(w, files)
}

func (s *Supervisor) withEtcd(next func(*etcd.Etcd, http.ResponseWriter, *http.Request)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		member := s.etcd.Load()
		if member == nil {
			http.Error(w, "etcd is not ready", http.StatusServiceUnavailable)
			return
		}
		next(member, w, r)
	}
}

func (s *Supervisor) info(member *etcd.Etcd, w http.ResponseWriter, r *http.Request) {
	members, err := member.Members(r.Context())
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	answer(w, map[string]any{"members": members})
}

func answer(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value)
}
