// SPDX-License-Identifier: GPL-3.0-or-later

package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"clusterwright.lab/k3s/internal/layout"
	"clusterwright.lab/k3s/internal/pki"
	"clusterwright.lab/k3s/internal/release"
	"clusterwright.lab/k3s/internal/token"
	"github.com/urfave/cli/v2"
)

const certificateWarning = 120 * 24 * time.Hour

func dataDirFlag() cli.Flag {
	return &cli.StringFlag{
		Name: "data-dir", Aliases: []string{"d"}, Value: "/var/lib/rancher/k3s", EnvVars: []string{"K3S_DATA_DIR"},
	}
}

func tokenCommand() *cli.Command {
	return &cli.Command{
		Name: "token", Usage: "Manage tokens",
		Subcommands: []*cli.Command{{
			Name: "generate", Usage: "Generate and print a bootstrap token, but do not create it on the server",
			Action: func(c *cli.Context) error {
				_, err := fmt.Fprintf(c.App.Writer, "%s.%s\n", token.Random(3), token.Random(8))
				return err
			},
		}, {
			Name: "rotate", Usage: "Rotate original server token with a new server token",
			Flags: append(serverFlags(), &cli.StringFlag{Name: "new-token"}), Action: rotateToken,
		}},
	}
}

type certificateRow struct {
	Filename      string    `json:"filename"`
	Subject       string    `json:"subject"`
	ExpiryTime    time.Time `json:"expiryTime"`
	ResidualHours int       `json:"residualHours"`
	Status        string    `json:"status"`
}

func certificateCommand() *cli.Command {
	return &cli.Command{
		Name: "certificate", Usage: "Manage certificates",
		Subcommands: []*cli.Command{{
			Name: "check", Usage: "Check component certificates on disk",
			Flags: []cli.Flag{
				dataDirFlag(),
				&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Value: "text"},
			},
			Action: checkCertificates,
		}, {
			Name: "rotate", Usage: "Rotate component certificates on disk",
			Flags: []cli.Flag{dataDirFlag()}, Action: rotateCertificates,
		}},
	}
}

func checkCertificates(c *cli.Context) error {
	data := layout.Data(c.String("data-dir"))
	var rows []certificateRow
	for _, pattern := range []string{data.TLS("*.crt"), data.TLS("etcd", "*.crt"), data.Agent("*.crt")} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			return err
		}
		for _, file := range files {
			row, err := certificateStatus(file)
			if err != nil {
				return err
			}
			rows = append(rows, row)
		}
	}
	if c.String("output") == "json" {
		return json.NewEncoder(c.App.Writer).Encode(map[string]any{"certificates": rows})
	}
	table := tabwriter.NewWriter(c.App.Writer, 0, 0, 2, ' ', 0)
	fmt.Fprint(table, "FILENAME\tSUBJECT\tEXPIRES\tRESIDUAL TIME\tSTATUS\n")
	for _, row := range rows {
		fmt.Fprintf(table, "%s\t%s\t%s\t%dh\t%s\n", row.Filename, row.Subject,
			row.ExpiryTime.Format("Jan 02, 2006 15:04 MST"), row.ResidualHours, row.Status)
	}
	return table.Flush()
}

func certificateStatus(file string) (certificateRow, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return certificateRow{}, err
	}
	certificate, err := pki.ParseCertificate(text)
	if err != nil {
		return certificateRow{}, fmt.Errorf("%s: %w", file, err)
	}
	left := time.Until(certificate.NotAfter)
	row := certificateRow{
		Filename: filepath.Base(file), Subject: certificate.Subject.String(), ExpiryTime: certificate.NotAfter,
		ResidualHours: int(left.Hours()), Status: "OK",
	}
	switch {
	case left <= 0:
		row.Status = "EXPIRED"
	case time.Now().Before(certificate.NotBefore):
		row.Status = "NOT YET VALID"
	case left < certificateWarning:
		row.Status = "WARNING"
	}
	return row, nil
}

// checkConfig looks for what a node needs of its host.
func checkConfig(c *cli.Context) error {
	fmt.Fprintf(c.App.Writer, "Checking what a node needs of this host (%s)\n", release.Notice)
	var missing []string
	for _, tool := range []string{"containerd", "ctr", "runc", "iptables"} {
		state := "good"
		if _, err := exec.LookPath(tool); err != nil {
			state = "missing (fail)"
			missing = append(missing, tool)
		}
		fmt.Fprintf(c.App.Writer, "- %s: %s\n", tool, state)
	}
	for _, plugin := range []string{"bridge", "host-local", "portmap", "loopback"} {
		path := filepath.Join(layout.HostCNIBin, plugin)
		state := "good"
		if !layout.Exists(path) {
			state = "missing (fail)"
			missing = append(missing, path)
		}
		fmt.Fprintf(c.App.Writer, "- %s: %s\n", path, state)
	}
	if len(missing) > 0 {
		fmt.Fprintf(c.App.Writer, "\nSTATUS: %d (fail)\n", len(missing))
		return errors.New("missing: " + strings.Join(missing, ", "))
	}
	_, err := fmt.Fprint(c.App.Writer, "\nSTATUS: pass\n")
	return err
}
