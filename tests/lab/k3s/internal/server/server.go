// SPDX-License-Identifier: GPL-3.0-or-later

// Package server runs a server: etcd, the control plane behind the supervisor, and the server's
// own node.
package server

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"os"
	"strings"

	"clusterwright.lab/k3s/internal/agent"
	"clusterwright.lab/k3s/internal/bootstrap"
	"clusterwright.lab/k3s/internal/config"
	"clusterwright.lab/k3s/internal/etcd"
	"clusterwright.lab/k3s/internal/join"
	"clusterwright.lab/k3s/internal/layout"
	"clusterwright.lab/k3s/internal/loadbalancer"
	"clusterwright.lab/k3s/internal/notify"
	"clusterwright.lab/k3s/internal/supervisor"
	"clusterwright.lab/k3s/internal/token"
	"k8s.io/client-go/kubernetes"
)

// Server is one server of the cluster.
type Server struct {
	settings *config.Config
	data     layout.Data
	password string
	front    *supervisor.Supervisor
	member   *etcd.Etcd
	existing *join.Server
	// etcdMode is false for a single server without cluster-init, whose datastore k3s keeps in
	// sqlite and no other server can join.
	etcdMode bool
}

// Run is `k3s server`.
func Run(ctx context.Context, settings *config.Config) error {
	s := newServer(settings)
	if err := s.prepare(ctx); err != nil {
		return fmt.Errorf("preparing server: %w", err)
	}
	if settings.ClusterReset {
		return s.reset(ctx)
	}
	return s.run(ctx)
}

func newServer(settings *config.Config) *Server {
	member := &etcd.Etcd{
		Data: settings.DataDir, NodeName: settings.NodeName, Address: settings.NodeIP(),
		Args: settings.EtcdArgs, ExposeMetrics: settings.EtcdExposeMetrics,
	}
	return &Server{settings: settings, data: settings.DataDir, member: member}
}

// prepare decides what this server is part of and has its shared files, certificates and token.
func (s *Server) prepare(ctx context.Context) error {
	for _, dir := range []string{s.data.Server(), s.data.TLS(), s.data.Cred(), s.data.DB(), s.data.Agent()} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	if _, err := s.member.SetAsideBuried(); err != nil {
		return err
	}
	if err := s.chooseDatastore(); err != nil {
		return err
	}
	if s.settings.ServerURL != "" && !s.member.HasData() && !s.settings.ClusterReset {
		if err := s.bootstrapFrom(ctx); err != nil {
			return err
		}
	} else if err := s.ownToken(); err != nil {
		return err
	}
	if s.settings.ClusterReset {
		return nil
	}
	if err := bootstrap.Create(s.data, s.settings.SecretsEncryption); err != nil {
		return err
	}
	if err := s.member.LoadName(); err != nil {
		return err
	}
	return s.writeCredentials()
}

// chooseDatastore picks etcd or the single server's own store, which moves into etcd once
// cluster-init is set.
func (s *Server) chooseDatastore() error {
	single := s.data.DB("state.db")
	clustered := s.settings.ClusterInit || s.settings.ServerURL != "" || s.settings.ClusterReset
	s.etcdMode = clustered || s.member.HasData()
	switch {
	case s.etcdMode && layout.Exists(single) && !s.member.HasData() && s.settings.ServerURL == "":
		_ = os.RemoveAll(s.member.Dir())
		if err := os.Rename(single, s.member.Dir()); err != nil {
			return err
		}
		if err := layout.WriteFile(s.data.DB("state.db.migrated"), nil, 0o600); err != nil {
			return err
		}
	case !s.etcdMode:
		s.member.SingleStore = single
	}
	store := "sqlite"
	if s.etcdMode {
		store = "etcd"
	}
	s.settings.ClusterLevel["datastore"] = store
	return nil
}

// bootstrapFrom checks the server to join and takes over its shared files.
func (s *Server) bootstrapFrom(ctx context.Context) error {
	text := s.settings.Token
	if text == "" {
		stored, err := os.ReadFile(s.data.Server("token"))
		if err != nil {
			return errors.New("token is required to join a cluster")
		}
		text = strings.TrimSpace(string(stored))
	}
	server, err := join.Validate(ctx, s.settings.ServerURL, text, token.ServerUser)
	if err != nil {
		return err
	}
	parsed, err := token.Parse(text, token.ServerUser)
	if err != nil {
		return err
	}
	var files bootstrap.Files
	if err := server.GetJSON(ctx, "/v1-k3s/server-bootstrap", &files); err != nil {
		var status *join.StatusError
		if errors.As(err, &status) && status.Body == "etcd disabled" {
			return fmt.Errorf("failed to bootstrap cluster data: %w: etcd disabled", err)
		}
		return fmt.Errorf("failed to bootstrap cluster data: %w", err)
	}
	if err := s.compare(ctx, server); err != nil {
		return err
	}
	s.existing, s.password = server, parsed.Password
	return files.Write(s.data)
}

// compare refuses to join when a setting differs that all servers must share.
func (s *Server) compare(ctx context.Context, server *join.Server) error {
	var cluster join.AgentConfig
	if err := server.GetJSON(ctx, "/v1-k3s/config", &cluster); err != nil {
		log.Printf("Skipping cluster configuration validation: %v", err)
		return nil
	}
	differs := false
	for flag, value := range cluster.ClusterLevel {
		if s.settings.ClusterLevel[flag] != value {
			log.Printf("critical configuration mismatched: %s", flag)
			differs = true
		}
	}
	if differs {
		return errors.New("failed to validate server configuration: " +
			"critical configuration value mismatch between servers")
	}
	return nil
}

// ownToken takes the token of the settings, else the stored one, else makes one.
func (s *Server) ownToken() error {
	text := s.settings.Token
	if text == "" {
		stored, err := os.ReadFile(s.data.Server("token"))
		if err == nil {
			text = strings.TrimSpace(string(stored))
		}
	}
	if text == "" && s.settings.ClusterResetRestore != "" {
		return fmt.Errorf("%s does not exist, please pass --token to complete the restoration", s.data.Server("token"))
	}
	if text == "" {
		text = token.Random(16)
	}
	parsed, err := token.Parse(text, token.ServerUser)
	if err != nil {
		return err
	}
	if parsed.CAHash != "" && !s.settings.ClusterReset {
		ca, err := os.ReadFile(s.data.TLS("server-ca.crt"))
		if err != nil {
			return errors.New("a new cluster takes only the short form of a token")
		}
		if hash := token.Hash(ca); hash != parsed.CAHash {
			return fmt.Errorf("token CA hash does not match the Cluster CA certificate hash: %s != %s", parsed.CAHash, hash)
		}
	}
	s.password = parsed.Password
	return nil
}

func (s *Server) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	front, err := s.startSupervisor(ctx)
	if err != nil {
		return err
	}
	s.front = front
	balancer, err := loadbalancer.New(
		net.JoinHostPort("127.0.0.1", fmt.Sprint(s.settings.LoadBalancerPort)),
		[]string{net.JoinHostPort(supervisor.APIServerHost, fmt.Sprint(s.settings.HTTPSPort))})
	if err != nil {
		return err
	}
	go balancer.Run(ctx)
	runtime, err := agent.StartRuntime(ctx, s.settings, agent.CNIFor(s.data, s.settings.FlannelBackend))
	if err != nil {
		return err
	}
	defer runtime.Stop()
	if err := s.startEtcd(ctx); err != nil {
		return err
	}
	defer s.member.Stop()
	plane, err := s.startControlPlane(ctx)
	if err != nil {
		return err
	}
	defer plane.stop()
	node, err := s.startNode(ctx, runtime, plane.client)
	if err != nil {
		return err
	}
	defer node.Wait()
	defer cancel()
	go s.manage(ctx, plane.client)
	log.Print("k3s is up and running")
	notify.Ready()
	return s.watch(ctx, runtime, plane)
}

// watch returns when the server is told to end or one of its parts has.
func (s *Server) watch(ctx context.Context, runtime *agent.Runtime, plane *controlPlane) error {
	select {
	case <-ctx.Done():
		return nil
	case <-runtime.Done():
		return errors.New("containerd ended")
	case <-plane.api.Done():
		return fmt.Errorf("kube-apiserver ended: %w", plane.api.Err())
	case <-s.member.Done():
		return s.etcdEnded(ctx)
	}
}

func (s *Server) startSupervisor(ctx context.Context) (*supervisor.Supervisor, error) {
	if _, err := token.Parse(s.settings.AgentToken, token.NodeUser); s.settings.AgentToken != "" && err != nil {
		return nil, err
	}
	front := &supervisor.Supervisor{Config: s.settings, Keeper: s}
	front.SetPasswords(s.passwords())
	return front, front.Run(ctx)
}

// passwords are those of servers and of agents, which are the same unless agents have their own.
func (s *Server) passwords() (server, node string) {
	if parsed, err := token.Parse(s.settings.AgentToken, token.NodeUser); err == nil {
		return s.password, parsed.Password
	}
	return s.password, s.password
}

// startEtcd runs the member and returns once it votes.
func (s *Server) startEtcd(ctx context.Context) error {
	var err error
	switch {
	case s.existing != nil:
		var info struct{ Members []etcd.Member }
		if err = s.existing.GetJSON(ctx, "/db/info", &info); err == nil {
			err = s.member.Join(ctx, info.Members)
		}
	case s.member.HasData():
		log.Print("Managed etcd cluster bootstrap already complete and initialized")
		err = s.member.Start(nil, "", false)
	default:
		err = s.member.StartNew()
	}
	if err != nil {
		return err
	}
	if err := s.member.WaitVoter(ctx); err != nil {
		s.member.Stop()
		return err
	}
	if err := bootstrap.Save(ctx, s.member.Client(), s.data, s.password); err != nil {
		s.member.Stop()
		return err
	}
	log.Print("ETCD server is now running")
	if s.etcdMode {
		s.front.SetEtcd(s.member)
		go s.member.Promote(ctx)
		go s.scheduleSnapshots(ctx)
	}
	// A restored or reset cluster is complete once its member serves.
	return removeIfThere(s.data.DB("reset-flag"))
}

// etcdEnded tells a removed member from one that failed.
func (s *Server) etcdEnded(ctx context.Context) error {
	if s.member.Removed(ctx, s.member.LastKnown()) {
		log.Print("This node has been removed from the cluster - please restart k3s to rejoin the cluster")
		return s.member.Bury()
	}
	return errors.New("etcd ended")
}

// startNode runs the server's own node, joined by way of its own supervisor.
func (s *Server) startNode(
	ctx context.Context, runtime *agent.Runtime, client *kubernetes.Clientset,
) (*agent.Node, error) {
	if layout.Exists(s.data.DB("forget-node-password")) {
		if err := supervisor.ForgetPassword(ctx, client, s.settings.NodeName); err != nil {
			return nil, err
		}
		if err := removeIfThere(s.data.DB("forget-node-password")); err != nil {
			return nil, err
		}
	}
	s.front.SetKube(client)
	address := fmt.Sprintf("https://127.0.0.1:%d", s.settings.HTTPSPort)
	self, err := join.Validate(ctx, address, s.fullToken(token.ServerUser), token.ServerUser)
	if err != nil {
		return nil, err
	}
	var cluster join.AgentConfig
	if err := self.GetJSON(ctx, "/v1-k3s/config", &cluster); err != nil {
		return nil, err
	}
	return agent.StartNode(ctx, s.settings, runtime, self, cluster)
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		return err
	}
	return nil
}
