// SPDX-License-Identifier: GPL-3.0-or-later

package supervisor

import (
	"context"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// listen shares the port with the API server, which binds the same one on its own address.
func listen(ctx context.Context, address string) (net.Listener, error) {
	options := net.ListenConfig{Control: reusePort}
	listener, err := options.Listen(ctx, "tcp", address)
	return front{listener}, err
}

func reusePort(_, _ string, raw syscall.RawConn) error {
	var failed error
	err := raw.Control(func(descriptor uintptr) {
		failed = unix.SetsockoptInt(int(descriptor), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
	})
	if err != nil {
		return err
	}
	return failed
}

// front refuses what is meant for the API server. Until that listens, its address is the
// supervisor's too, which would then be its own backend.
type front struct{ net.Listener }

func (f front) Accept() (net.Conn, error) {
	for {
		connection, err := f.Listener.Accept()
		if err != nil {
			return nil, err
		}
		local, ok := connection.LocalAddr().(*net.TCPAddr)
		if !ok || local.IP.String() != APIServerHost {
			return connection, nil
		}
		_ = connection.Close()
	}
}
