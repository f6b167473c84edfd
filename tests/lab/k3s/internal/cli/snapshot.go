// SPDX-License-Identifier: GPL-3.0-or-later

package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"clusterwright.lab/k3s/internal/config"
	"clusterwright.lab/k3s/internal/etcd"
	"clusterwright.lab/k3s/internal/join"
	"clusterwright.lab/k3s/internal/layout"
	"clusterwright.lab/k3s/internal/supervisor"
	"clusterwright.lab/k3s/internal/token"
	"github.com/urfave/cli/v2"
	"sigs.k8s.io/yaml"
)

func snapshotCommand() *cli.Command {
	flags := config.SnapshotCommandFlags()
	return &cli.Command{
		Name: "etcd-snapshot", Usage: "Manage etcd snapshots",
		Subcommands: []*cli.Command{
			{Name: "save", Usage: "Trigger an immediate etcd snapshot", Flags: flags, Action: saveSnapshot},
			{Name: "ls", Aliases: []string{"list", "l"}, Usage: "List snapshots", Flags: flags, Action: listSnapshots},
			{Name: "delete", Usage: "Delete given snapshot(s)", Flags: flags, Action: deleteSnapshots},
			{Name: "prune", Usage: "Remove snapshots that match the name prefix", Flags: flags, Action: pruneSnapshots},
		},
	}
}

// askServer sends a request to the running server with the server's own token.
func askServer(c *cli.Context, request supervisor.SnapshotRequest) (supervisor.SnapshotResponse, error) {
	var response supervisor.SnapshotResponse
	data := layout.Data(c.String("data-dir"))
	text := c.String("etcd-token")
	if text == "" {
		stored, err := os.ReadFile(data.Server("token"))
		if err != nil {
			return response, err
		}
		text = strings.TrimSpace(string(stored))
	}
	request.Dir = c.String("dir")
	if request.Dir == "" {
		request.Dir = c.String("etcd-snapshot-dir")
	}
	server, err := join.Validate(c.Context, c.String("etcd-server"), text, token.ServerUser)
	if err != nil {
		return response, err
	}
	err = server.PostJSON(c.Context, "/db/snapshot", request, &response)
	var status *join.StatusError
	if errors.As(err, &status) {
		err = fmt.Errorf("see server log for details: %w: %s", err, status.Body)
	}
	return response, err
}

func saveSnapshot(c *cli.Context) error {
	name := c.String("name")
	if name == "" {
		name = "on-demand"
	}
	response, err := askServer(c, supervisor.SnapshotRequest{
		Operation: supervisor.SnapshotSave, Name: name,
		Compress: c.Bool("snapshot-compress") || c.Bool("etcd-snapshot-compress"),
	})
	if err != nil {
		return err
	}
	for _, saved := range response.Snapshots {
		log.Printf("Snapshot %s saved.", saved.Name)
	}
	return nil
}

func deleteSnapshots(c *cli.Context) error {
	if c.NArg() == 0 {
		return errors.New("no snapshots given for removal")
	}
	response, err := askServer(c, supervisor.SnapshotRequest{
		Operation: supervisor.SnapshotDelete, Names: c.Args().Slice(),
	})
	reportDeleted(response)
	return err
}

func pruneSnapshots(c *cli.Context) error {
	name := c.String("name")
	if name == "" {
		name = "on-demand"
	}
	response, err := askServer(c, supervisor.SnapshotRequest{
		Operation: supervisor.SnapshotPrune, Name: name, Retention: c.Int("snapshot-retention"),
	})
	reportDeleted(response)
	return err
}

func reportDeleted(response supervisor.SnapshotResponse) {
	for _, name := range response.Deleted {
		log.Printf("Snapshot %s deleted.", name)
	}
	for _, name := range response.Missing {
		log.Printf("Snapshot %s not found.", name)
	}
}

func listSnapshots(c *cli.Context) error {
	response, err := askServer(c, supervisor.SnapshotRequest{Operation: supervisor.SnapshotList})
	if err != nil {
		return err
	}
	return printSnapshots(c.App.Writer, c.String("output"), response.Snapshots)
}

func printSnapshots(out io.Writer, form string, snapshots []etcd.Snapshot) error {
	var text []byte
	var err error
	switch form {
	case "json":
		text, err = json.Marshal(snapshotList(snapshots))
	case "yaml":
		text, err = yaml.Marshal(snapshotList(snapshots))
	case "table", "":
		return printTable(out, snapshots)
	default:
		return fmt.Errorf("invalid output format: %s", form)
	}
	if err == nil {
		_, err = fmt.Fprintln(out, strings.TrimSpace(string(text)))
	}
	return err
}

func printTable(out io.Writer, snapshots []etcd.Snapshot) error {
	table := tabwriter.NewWriter(out, 0, 0, 1, ' ', 0)
	fmt.Fprint(table, "Name\tLocation\tSize\tCreated\n")
	for _, one := range snapshots {
		fmt.Fprintf(table, "%s\t%s\t%d\t%s\n", one.Name, one.Location(), one.Size, one.Created.Format(time.RFC3339))
	}
	return table.Flush()
}

// snapshotList has the form of k3s's ETCDSnapshotFileList.
func snapshotList(snapshots []etcd.Snapshot) map[string]any {
	items := make([]any, 0, len(snapshots))
	for _, one := range snapshots {
		items = append(items, map[string]any{
			"metadata": map[string]any{"name": place(one) + "-" + filepath.Base(one.Name)},
			"spec":     map[string]any{"snapshotName": one.Name, "location": one.Location()},
			"status": map[string]any{
				"readyToUse": true, "size": fmt.Sprint(one.Size), "creationTime": one.Created.UTC().Format(time.RFC3339),
			},
		})
	}
	return map[string]any{
		"kind": "ETCDSnapshotFileList", "apiVersion": "k3s.cattle.io/v1", "metadata": map[string]any{}, "items": items,
	}
}

func place(one etcd.Snapshot) string {
	if one.Remote != "" {
		return "s3"
	}
	return "local"
}
