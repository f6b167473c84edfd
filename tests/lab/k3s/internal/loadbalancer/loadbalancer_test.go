// SPDX-License-Identifier: GPL-3.0-or-later

package loadbalancer

import (
	"io"
	"net"
	"slices"
	"testing"
)

// server answers each connection with its name and ends it.
func server(t *testing.T, name string) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(connection, name)
			_ = connection.Close()
		}
	}()
	return listener
}

func ask(t *testing.T, address string) string {
	t.Helper()
	connection, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	answer, err := io.ReadAll(connection)
	if err != nil {
		t.Fatal(err)
	}
	return string(answer)
}

func TestFailsOverAndRemembers(t *testing.T) {
	first, second := server(t, "first"), server(t, "second")
	one, two := first.Addr().String(), second.Addr().String()
	balancer, err := New("127.0.0.1:0", []string{one, two})
	if err != nil {
		t.Fatal(err)
	}
	go balancer.Run(t.Context())
	if got := ask(t, balancer.Address()); got != "first" {
		t.Errorf("got %q from the preferred server", got)
	}
	_ = first.Close()
	if got := ask(t, balancer.Address()); got != "second" {
		t.Errorf("got %q after the first server ended", got)
	}
	if got := balancer.Servers(); !slices.Equal(got, []string{two, one}) {
		t.Errorf("order is %q", got)
	}
}

func TestSetServersKeepsThePreferredOne(t *testing.T) {
	balancer, err := New("127.0.0.1:0", []string{"b:1", "a:1"})
	if err != nil {
		t.Fatal(err)
	}
	defer balancer.listener.Close()
	balancer.SetServers([]string{"a:1", "b:1", "c:1"})
	if got := balancer.Servers(); !slices.Equal(got, []string{"b:1", "a:1", "c:1"}) {
		t.Errorf("got %q", got)
	}
	balancer.SetServers([]string{"c:1"})
	balancer.SetServers(nil)
	if got := balancer.Servers(); !slices.Equal(got, []string{"c:1"}) {
		t.Errorf("got %q", got)
	}
}
