// SPDX-License-Identifier: GPL-3.0-or-later

// Package loadbalancer is the TCP proxy by which a node reaches any living server.
package loadbalancer

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"slices"
	"sync"
	"time"
)

const (
	dialTimeout = 2 * time.Second
	checkEvery  = 5 * time.Second
)

// Balancer forwards connections to the first server that answers, beginning with the last one
// that did.
type Balancer struct {
	listener net.Listener
	mutex    sync.Mutex
	servers  []string
	open     map[net.Conn]string
}

// New listens on address for the given servers (host:port).
func New(address string, servers []string) (*Balancer, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	return &Balancer{listener: listener, servers: slices.Clone(servers), open: map[net.Conn]string{}}, nil
}

// Address is where the balancer listens.
func (b *Balancer) Address() string { return b.listener.Addr().String() }

// SetServers replaces the list; connections to servers that left it are closed.
func (b *Balancer) SetServers(servers []string) {
	if len(servers) == 0 {
		return
	}
	b.mutex.Lock()
	defer b.mutex.Unlock()
	var kept []string
	for _, known := range b.servers {
		if slices.Contains(servers, known) {
			kept = append(kept, known)
		} else {
			b.closeAll(known)
		}
	}
	for _, server := range servers {
		if !slices.Contains(kept, server) {
			kept = append(kept, server)
		}
	}
	b.servers = kept
}

// Servers is the current list, the preferred one first.
func (b *Balancer) Servers() []string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return slices.Clone(b.servers)
}

// Run accepts connections until ctx ends.
func (b *Balancer) Run(ctx context.Context) {
	context.AfterFunc(ctx, func() { _ = b.listener.Close() })
	go b.check(ctx)
	for {
		connection, err := b.listener.Accept()
		if err != nil {
			if ctx.Err() == nil && !errors.Is(err, net.ErrClosed) {
				log.Printf("load balancer: %v", err)
			}
			return
		}
		go b.forward(connection)
	}
}

func (b *Balancer) forward(client net.Conn) {
	defer client.Close()
	for _, server := range b.Servers() {
		upstream, err := net.DialTimeout("tcp", server, dialTimeout)
		if err != nil {
			b.demote(server)
			continue
		}
		b.track(upstream, server)
		pipe(client, upstream)
		b.forget(upstream)
		return
	}
}

func pipe(client, upstream net.Conn) {
	done := make(chan struct{}, 2)
	for _, pair := range [][2]net.Conn{{client, upstream}, {upstream, client}} {
		go func() {
			_, _ = io.Copy(pair[0], pair[1])
			done <- struct{}{}
		}()
	}
	<-done
	_ = upstream.Close()
	_ = client.Close()
	<-done
}

func (b *Balancer) track(connection net.Conn, server string) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.open[connection] = server
}

func (b *Balancer) forget(connection net.Conn) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	delete(b.open, connection)
	_ = connection.Close()
}

// demote puts a server last that did not answer.
func (b *Balancer) demote(server string) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if position := slices.Index(b.servers, server); position >= 0 {
		b.servers = append(slices.Delete(b.servers, position, position+1), server)
	}
}

// check closes the connections to servers that stopped answering: a host that lost its power
// ends none of them itself.
func (b *Balancer) check(ctx context.Context) {
	ticker := time.NewTicker(checkEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			for _, server := range b.used() {
				b.probe(server)
			}
		}
	}
}

func (b *Balancer) probe(server string) {
	connection, err := net.DialTimeout("tcp", server, dialTimeout)
	if err == nil {
		_ = connection.Close()
		return
	}
	b.demote(server)
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.closeAll(server)
}

func (b *Balancer) used() []string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	var servers []string
	for _, server := range b.open {
		if !slices.Contains(servers, server) {
			servers = append(servers, server)
		}
	}
	return servers
}

func (b *Balancer) closeAll(server string) {
	for connection, owner := range b.open {
		if owner == server {
			_ = connection.Close()
		}
	}
}
