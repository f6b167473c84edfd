// SPDX-License-Identifier: GPL-3.0-or-later

package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"
	"time"

	"clusterwright.lab/k3s/internal/join"
	"clusterwright.lab/k3s/internal/layout"
	"clusterwright.lab/k3s/internal/supervisor"
	"clusterwright.lab/k3s/internal/token"
	"github.com/urfave/cli/v2"
)

// serverFlags name the server that a command speaks to, and its token.
func serverFlags() []cli.Flag {
	return []cli.Flag{
		dataDirFlag(),
		&cli.StringFlag{Name: "server", Aliases: []string{"s"}, Value: "https://127.0.0.1:6443", EnvVars: []string{"K3S_URL"}},
		&cli.StringFlag{Name: "token", Aliases: []string{"t"}, EnvVars: []string{"K3S_TOKEN"}},
	}
}

func theServer(c *cli.Context) (*join.Server, error) {
	text := c.String("token")
	if text == "" {
		stored, err := os.ReadFile(layout.Data(c.String("data-dir")).Server("token"))
		if err != nil {
			return nil, err
		}
		text = strings.TrimSpace(string(stored))
	}
	return join.Validate(c.Context, c.String("server"), text, token.ServerUser)
}

func put(c *cli.Context, path string, request any) error {
	server, err := theServer(c)
	if err != nil {
		return err
	}
	err = server.PutJSON(c.Context, path, request)
	var status *join.StatusError
	if errors.As(err, &status) {
		return fmt.Errorf("see server log for details: %w: %s", err, status.Body)
	}
	return err
}

func rotateToken(c *cli.Context) error {
	fmt.Fprintln(c.App.Writer, "WARNING: Recommended to keep a record of the old token. If restoring from a "+
		"snapshot, you must use the token associated with that snapshot.")
	if err := put(c, "/v1-k3s/token", supervisor.TokenRequest{NewToken: c.String("new-token")}); err != nil {
		return err
	}
	_, err := fmt.Fprintln(c.App.Writer, "Token rotated, restart k3s nodes with new token")
	return err
}

func encryptionCommand() *cli.Command {
	status := append(serverFlags(), &cli.StringFlag{Name: "output", Aliases: []string{"o"}, Value: "text"})
	return &cli.Command{
		Name: "secrets-encrypt", Usage: "Control secrets encryption and keys rotation",
		Subcommands: []*cli.Command{
			{Name: "status", Usage: "Print current status of secrets encryption", Flags: status, Action: encryptionStatus},
			{Name: "rotate-keys", Usage: "Rotate keys and reencrypt", Flags: serverFlags(), Action: func(c *cli.Context) error {
				if err := put(c, "/v1-k3s/encrypt/config", supervisor.EncryptionRequest{Stage: "rotate_keys"}); err != nil {
					return err
				}
				_, err := fmt.Fprintln(c.App.Writer, "keys rotated, reencryption started")
				return err
			}},
		},
	}
}

func encryptionStatus(c *cli.Context) error {
	server, err := theServer(c)
	if err != nil {
		return err
	}
	var found supervisor.Encryption
	if err := server.GetJSON(c.Context, "/v1-k3s/encrypt/status", &found); err != nil {
		return err
	}
	if c.String("output") == "json" {
		return json.NewEncoder(c.App.Writer).Encode(found)
	}
	if !found.Enabled {
		_, err = fmt.Fprintln(c.App.Writer, "Encryption Status: Disabled, no configuration file found")
		return err
	}
	_, err = fmt.Fprintf(c.App.Writer, "Encryption Status: Enabled\nCurrent Rotation Stage: %s\n", found.Stage)
	return err
}

// rotateCertificates sets all leaf certificates of this node aside; its next start makes new ones.
func rotateCertificates(c *cli.Context) error {
	data, stamp := layout.Data(c.String("data-dir")), time.Now().Unix()
	for folder, backup := range map[string]string{
		data.TLS():   data.Server(fmt.Sprintf("tls-%d", stamp)),
		data.Agent(): data.Agent(fmt.Sprintf("tls-%d", stamp)),
	} {
		for _, pattern := range []string{"*.crt", "etcd/*.crt"} {
			files, err := filepath.Glob(filepath.Join(folder, pattern))
			if err != nil {
				return err
			}
			for _, file := range files {
				if err := setAside(folder, backup, file); err != nil {
					return err
				}
			}
		}
	}
	log.Print("Successfully backed up and rotated certificates, please restart k3s")
	return nil
}

func setAside(folder, backup, file string) error {
	base := strings.TrimSuffix(file, ".crt")
	if strings.HasSuffix(base, "-ca") {
		return nil
	}
	for _, path := range []string{file, base + ".key"} {
		inside, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		target := filepath.Join(backup, inside)
		if err := os.MkdirAll(filepath.Dir(target), 0o700); err != nil {
			return err
		}
		if err := os.Rename(path, target); err != nil && !os.IsNotExist(err) {
			return err
		}
	}
	return nil
}
