// SPDX-License-Identifier: GPL-3.0-or-later

// Package cli is the command line of k3s.
package cli

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"clusterwright.lab/k3s/internal/agent"
	"clusterwright.lab/k3s/internal/component"
	"clusterwright.lab/k3s/internal/config"
	"clusterwright.lab/k3s/internal/configfile"
	"clusterwright.lab/k3s/internal/layout"
	"clusterwright.lab/k3s/internal/notify"
	"clusterwright.lab/k3s/internal/release"
	"clusterwright.lab/k3s/internal/server"
	"github.com/urfave/cli/v2"
)

// Main runs the program under the name in argv[0] and returns its exit code.
func Main(argv []string) int {
	name := filepath.Base(argv[0])
	switch {
	case component.Known(name) && name != component.Kubectl:
		return component.Run(name, argv[1:])
	case isTool(name):
		return runTool(name, argv[1:])
	case len(argv) > 1 && isTool(argv[1]):
		return runTool(argv[1], argv[2:])
	}
	notify.Claim()
	log.SetFlags(0)
	log.SetOutput(prefixed{os.Stderr})
	arguments, err := withConfigFile(argv)
	if err == nil {
		err = newApp().Run(arguments)
	}
	if err != nil {
		log.Printf("level=fatal msg=%q", "Error: "+err.Error())
		return 1
	}
	return 0
}

// prefixed writes log lines in the form that k3s's own have.
type prefixed struct{ out io.Writer }

func (p prefixed) Write(line []byte) (int, error) {
	text := strings.TrimSuffix(string(line), "\n")
	if !strings.HasPrefix(text, "level=") {
		text = fmt.Sprintf("level=info msg=%q", text)
	}
	_, err := fmt.Fprintln(p.out, text)
	return len(line), err
}

func newApp() *cli.App {
	cli.VersionPrinter = func(c *cli.Context) { fmt.Fprint(c.App.Writer, release.Banner()) }
	return &cli.App{
		Name:                      "k3s",
		Usage:                     "Kubernetes, but small and simple (" + release.Notice + ")",
		Version:                   release.Version(),
		DisableSliceFlagSeparator: true,
		HideHelpCommand:           false,
		ExitErrHandler:            func(*cli.Context, error) {},
		Commands: []*cli.Command{
			{Name: "server", Usage: "Run management server", Flags: config.ServerFlags(), Action: runServer},
			{Name: "agent", Usage: "Run node agent", Flags: config.AgentFlags(), Action: runAgent},
			{Name: "kubectl", Usage: "Run kubectl", SkipFlagParsing: true},
			{Name: "crictl", Usage: "Run crictl of the host", SkipFlagParsing: true},
			{Name: "ctr", Usage: "Run ctr of the host", SkipFlagParsing: true},
			tokenCommand(),
			snapshotCommand(),
			certificateCommand(),
			encryptionCommand(),
			{Name: "check-config", Usage: "Run config check", Action: checkConfig},
		},
	}
}

func runServer(c *cli.Context) error {
	settings, err := config.FromServer(c)
	if err != nil {
		return err
	}
	log.Printf("Starting k3s %s (%s)", release.Version(), release.Notice)
	ctx, stop := signals()
	defer stop()
	return server.Run(ctx, settings)
}

func runAgent(c *cli.Context) error {
	settings, err := config.FromAgent(c)
	if err != nil {
		return err
	}
	log.Printf("Starting k3s agent %s (%s)", release.Version(), release.Notice)
	ctx, stop := signals()
	defer stop()
	return agent.Run(ctx, settings)
}

func signals() (context.Context, context.CancelFunc) {
	return signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
}

// withConfigFile puts the configuration file's keys right after the subcommand they are for, so
// that what stands on the command line comes later and wins.
func withConfigFile(argv []string) ([]string, error) {
	position, command := subcommand(argv)
	if command == nil {
		return argv, nil
	}
	path, named := configfile.Path(argv, os.Getenv, layout.Config)
	entries, err := configfile.Read(path, named)
	if err != nil {
		return nil, err
	}
	var known func(string) bool
	if command.Name != "agent" {
		known = func(key string) bool {
			return slices.ContainsFunc(command.Flags, func(flag cli.Flag) bool {
				return slices.Contains(flag.Names(), key)
			})
		}
	}
	extra, unknown := configfile.Arguments(entries, known)
	for _, key := range unknown {
		log.Printf("level=warning msg=%q", "Unknown flag --"+key+" found in config.yaml, skipping")
	}
	return slices.Concat(argv[:position], extra, argv[position:]), nil
}

// subcommand finds the command that reads the configuration file and where its arguments begin.
func subcommand(argv []string) (int, *cli.Command) {
	if len(argv) < 2 {
		return 0, nil
	}
	command := newApp().Command(argv[1])
	if command == nil {
		return 0, nil
	}
	switch command.Name {
	case "server", "agent":
		return 2, command
	case "etcd-snapshot":
		if len(argv) > 2 {
			if nested := command.Command(argv[2]); nested != nil {
				return 3, nested
			}
		}
	}
	return 0, nil
}
