// SPDX-License-Identifier: GPL-3.0-or-later

package server

import (
	"bytes"
	"context"
	"embed"
	"io/fs"
	"log"
	"os"
	"path/filepath"
	"strings"
	"time"

	"clusterwright.lab/k3s/internal/component"
	"clusterwright.lab/k3s/internal/layout"
	"clusterwright.lab/k3s/internal/proc"
	"clusterwright.lab/k3s/internal/token"
)

const deployEvery = 5 * time.Second

//go:embed manifests
var packaged embed.FS

// deployManifests applies server/manifests at the start and whenever a file of it changes.
func (s *Server) deployManifests(ctx context.Context) {
	dir := s.data.Server("manifests")
	if err := s.writePackaged(dir); err != nil {
		log.Printf("manifests: %v", err)
	}
	applied := map[string]string{}
	for {
		err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
			if err == nil && !entry.IsDir() && deployable(path) {
				s.deploy(ctx, path, applied)
			}
			return err
		})
		if err != nil {
			log.Printf("manifests: %v", err)
		}
		if !proc.Sleep(ctx, deployEvery) {
			return
		}
	}
}

func (s *Server) writePackaged(dir string) error {
	entries, err := packaged.ReadDir("manifests")
	if err != nil {
		return err
	}
	dns := strings.Split(s.settings.ClusterDNS, ",")
	values := strings.NewReplacer(
		"%{CLUSTER_DNS}%", dns[0], "%{CLUSTER_DNS_ALL}%", strings.Join(dns, `", "`), "%{CLUSTER_DOMAIN}%", s.settings.ClusterDomain)
	for _, entry := range entries {
		if s.settings.Disables(strings.TrimSuffix(entry.Name(), ".yaml")) {
			continue
		}
		text, err := packaged.ReadFile("manifests/" + entry.Name())
		if err != nil {
			return err
		}
		text = []byte(values.Replace(string(text)))
		if err := layout.WriteFile(filepath.Join(dir, entry.Name()), text, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func deployable(path string) bool {
	extension := filepath.Ext(path)
	known := extension == ".yaml" || extension == ".yml" || extension == ".json"
	return known && !layout.Exists(path+".skip")
}

// deploy applies one file unless it was applied as it is.
func (s *Server) deploy(ctx context.Context, path string, applied map[string]string) {
	text, err := os.ReadFile(path)
	if err != nil || ctx.Err() != nil {
		return
	}
	hash := token.Hash(text)
	if applied[path] == hash {
		return
	}
	cmd := proc.Self(component.Kubectl, "--kubeconfig", s.data.Cred("admin.kubeconfig"),
		"apply", "--server-side", "--force-conflicts", "--field-manager=deploy@"+s.settings.NodeName, "-f", path)
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Run(); err != nil {
		log.Printf("Failed to process config: failed to process %s: %s", path, strings.TrimSpace(output.String()))
		return
	}
	applied[path] = hash
}
