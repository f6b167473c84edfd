// SPDX-License-Identifier: GPL-3.0-or-later

package etcd

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"clusterwright.lab/k3s/internal/layout"
	"go.etcd.io/etcd/client/v3/snapshot"
	restore "go.etcd.io/etcd/etcdutl/v3/snapshot"
	"go.uber.org/zap"
)

const (
	compressedExtension = ".zip"
	// revisionBump keeps revisions that clients have seen before the restore from coming again.
	revisionBump = 1_000_000
)

// Snapshot is a saved copy of the data.
type Snapshot struct {
	Name    string    `json:"name"`
	Path    string    `json:"path"`
	Size    int64     `json:"size"`
	Created time.Time `json:"created"`
	// Remote is the address in a bucket; empty for a file on disk.
	Remote string `json:"remote,omitempty"`
}

// Location is the snapshot's address as k3s shows it.
func (s Snapshot) Location() string {
	if s.Remote != "" {
		return s.Remote
	}
	return "file://" + s.Path
}

// Save writes a snapshot `<base>-<node>-<unix time>` into dir.
func (e *Etcd) Save(ctx context.Context, dir, base string, compress bool) (Snapshot, error) {
	if err := e.snapshotDir(dir); err != nil {
		return Snapshot{}, err
	}
	// A member that is catching up would save old data: a linearizable read waits for it.
	if _, err := e.client.Get(ctx, "health"); err != nil {
		return Snapshot{}, err
	}
	config, err := clientConfig(e.Data, LocalEndpoint)
	if err != nil {
		return Snapshot{}, err
	}
	path := filepath.Join(dir, fmt.Sprintf("%s-%s-%d", base, e.NodeName, time.Now().Unix()))
	if _, err := snapshot.SaveWithVersion(ctx, zap.NewNop(), config, path); err != nil {
		return Snapshot{}, err
	}
	if compress {
		if path, err = compressFile(path); err != nil {
			return Snapshot{}, err
		}
	}
	return describe(path)
}

func (e *Etcd) snapshotDir(dir string) error {
	if dir == e.Data.DB("snapshots") {
		return os.MkdirAll(dir, 0o700)
	}
	if !layout.Exists(dir) {
		return fmt.Errorf("snapshot directory %s does not exist", dir)
	}
	return nil
}

func describe(path string) (Snapshot, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Snapshot{}, err
	}
	return Snapshot{Name: filepath.Base(path), Path: path, Size: info.Size(), Created: info.ModTime()}, nil
}

// List returns the snapshots in dir, oldest first.
func List(dir string) ([]Snapshot, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var found []Snapshot
	for _, entry := range entries {
		if entry.IsDir() || strings.HasSuffix(entry.Name(), ".part") {
			continue
		}
		described, err := describe(filepath.Join(dir, entry.Name()))
		if err != nil {
			return nil, err
		}
		found = append(found, described)
	}
	sort.Slice(found, func(i, j int) bool { return found[i].Created.Before(found[j].Created) })
	return found, nil
}

// Prune deletes the oldest snapshots of a base name and node until keep are left, and returns
// the names of the deleted ones.
func Prune(dir, base, node string, keep int) ([]string, error) {
	all, err := List(dir)
	if err != nil {
		return nil, err
	}
	var own []Snapshot
	for _, candidate := range all {
		if strings.HasPrefix(candidate.Name, base+"-"+node+"-") {
			own = append(own, candidate)
		}
	}
	var deleted []string
	for ; len(own) > keep; own = own[1:] {
		if err := os.Remove(own[0].Path); err != nil {
			return deleted, err
		}
		deleted = append(deleted, own[0].Name)
	}
	return deleted, nil
}

// Delete removes a snapshot by its name and tells whether there was one.
func Delete(dir, name string) (bool, error) {
	path := filepath.Join(dir, filepath.Base(name))
	if !layout.Exists(path) {
		return false, nil
	}
	return true, os.Remove(path)
}

// Restore puts the data of a snapshot in the place of the member's own, which moves to
// etcd-old-<unix time>. The restored cluster has this member only.
func (e *Etcd) Restore(path string) error {
	path, cleanUp, err := decompressed(path)
	if err != nil {
		return err
	}
	defer cleanUp()
	if layout.Exists(e.Dir()) {
		if err := os.Rename(e.Dir(), e.Data.DB(fmt.Sprintf("etcd-old-%d", time.Now().Unix()))); err != nil {
			return err
		}
	}
	err = restore.NewV3(zap.NewNop()).Restore(restore.RestoreConfig{
		SnapshotPath:        path,
		Name:                e.Name,
		OutputDataDir:       e.Dir(),
		PeerURLs:            []string{e.peerURL()},
		InitialCluster:      e.Name + "=" + e.peerURL(),
		InitialClusterToken: "etcd-cluster",
		RevisionBump:        revisionBump,
		MarkCompacted:       true,
	})
	if err != nil {
		return err
	}
	return layout.WriteFile(e.file("name"), []byte(e.Name), 0o600)
}

func compressFile(path string) (string, error) {
	target := path + compressedExtension
	out, err := os.OpenFile(target, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return "", err
	}
	defer out.Close()
	in, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer in.Close()
	archive := zip.NewWriter(out)
	entry, err := archive.Create(filepath.Base(path))
	if err != nil {
		return "", err
	}
	if _, err := io.Copy(entry, in); err != nil {
		return "", err
	}
	if err := archive.Close(); err != nil {
		return "", err
	}
	return target, os.Remove(path)
}

// decompressed returns a plain snapshot file for path and what removes it afterwards.
func decompressed(path string) (string, func(), error) {
	nothing := func() {}
	if !layout.Exists(path) {
		return "", nothing, fmt.Errorf("etcd: snapshot path does not exist: %s", path)
	}
	if !strings.HasSuffix(path, compressedExtension) {
		return path, nothing, nil
	}
	archive, err := zip.OpenReader(path)
	if err != nil {
		return "", nothing, err
	}
	defer archive.Close()
	if len(archive.File) != 1 {
		return "", nothing, fmt.Errorf("%s does not hold exactly one file", path)
	}
	in, err := archive.File[0].Open()
	if err != nil {
		return "", nothing, err
	}
	defer in.Close()
	out, err := os.CreateTemp("", "etcd-snapshot-")
	if err != nil {
		return "", nothing, err
	}
	defer out.Close()
	_, err = io.Copy(out, in)
	return out.Name(), func() { _ = os.Remove(out.Name()) }, err
}
