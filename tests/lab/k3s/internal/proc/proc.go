// SPDX-License-Identifier: GPL-3.0-or-later

// Package proc runs the parts of a node as child processes that never outlive the program.
package proc

import (
	"context"
	"errors"
	"log"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// Child is a running process.
type Child struct {
	Name string
	cmd  *exec.Cmd
	done chan struct{}
	err  error
}

type start struct {
	cmd    *exec.Cmd
	result chan error
}

var (
	launcherOnce sync.Once
	starts       chan start
)

// launch starts cmd from one thread that lives as long as the program: the kernel sends a child's
// death signal when the thread that made it ends, not when the process does.
func launch(cmd *exec.Cmd) error {
	launcherOnce.Do(func() {
		starts = make(chan start)
		go func() {
			runtime.LockOSThread()
			for request := range starts {
				request.result <- request.cmd.Start()
			}
		}()
	})
	request := start{cmd: cmd, result: make(chan error)}
	starts <- request
	return <-request.result
}

// Self is the command of this program under another name, such as a component's.
func Self(name string, arguments ...string) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe", arguments...)
	cmd.Args[0] = name
	return cmd
}

// Start runs cmd as the child name; its output goes to this program's standard error.
func Start(name string, cmd *exec.Cmd) (*Child, error) {
	if cmd.Stdout == nil {
		cmd.Stdout = os.Stderr
	}
	if cmd.Stderr == nil {
		cmd.Stderr = os.Stderr
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	child := &Child{Name: name, cmd: cmd, done: make(chan struct{})}
	log.Printf("Running %s", name)
	if err := launch(cmd); err != nil {
		return nil, err
	}
	go func() {
		child.err = cmd.Wait()
		close(child.done)
	}()
	return child, nil
}

// Done is closed when the process has ended.
func (c *Child) Done() <-chan struct{} { return c.done }

// Err is how the process ended; valid after Done.
func (c *Child) Err() error {
	if c.err == nil {
		return errors.New("exited")
	}
	return c.err
}

// Stop asks the process to end and kills it after the grace period.
func (c *Child) Stop(grace time.Duration) {
	_ = c.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-c.done:
	case <-time.After(grace):
		_ = c.cmd.Process.Kill()
		<-c.done
	}
}

// Keep runs a process until ctx ends, and again a second after it ended by itself.
func Keep(ctx context.Context, name string, command func() *exec.Cmd, grace time.Duration) {
	for ctx.Err() == nil {
		child, err := Start(name, command())
		if err != nil {
			log.Printf("%s cannot be started: %v", name, err)
		} else {
			select {
			case <-ctx.Done():
				child.Stop(grace)
				return
			case <-child.Done():
				log.Printf("%s ended: %v", name, child.Err())
			}
		}
		Sleep(ctx, time.Second)
	}
}

// Sleep waits for a duration and tells whether ctx still lives.
func Sleep(ctx context.Context, duration time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(duration):
		return true
	}
}
