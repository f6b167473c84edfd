// SPDX-License-Identifier: GPL-3.0-or-later

package server

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"clusterwright.lab/k3s/internal/bootstrap"
	"clusterwright.lab/k3s/internal/layout"
	"clusterwright.lab/k3s/internal/s3"
)

const resetMessage = "Managed etcd cluster membership has been reset, restart without --cluster-reset flag now. " +
	"Backup and delete ${datadir}/server/db on each peer etcd server and rejoin the nodes"

// reset makes this server the only member of the cluster, with its own data or a snapshot's.
func (s *Server) reset(ctx context.Context) error {
	restore := s.settings.ClusterResetRestore
	if restore == "" && layout.Exists(s.data.DB("reset-flag")) {
		return errors.New("cluster-reset was successfully performed, please remove the cluster-reset flag " +
			"and start k3s normally, if you need to perform another cluster reset, you must first manually " +
			"delete the " + s.data.DB("reset-flag") + " file")
	}
	if restore == "" && !s.member.HasData() {
		return errors.New("cannot perform cluster-reset without etcd data")
	}
	if err := s.member.LoadName(); err != nil {
		return err
	}
	// A host that never was a server has no certificates yet, which its etcd needs to be read.
	if err := bootstrap.Create(s.data, false); err != nil {
		return err
	}
	if err := s.writeCredentials(); err != nil {
		return err
	}
	if restore != "" {
		if restore, err := s.fromBucket(ctx, restore); err != nil {
			return err
		} else if err := s.member.Restore(restore); err != nil {
			return err
		}
	}
	if err := s.member.Start(nil, "", restore == ""); err != nil {
		return err
	}
	defer s.member.Stop()
	if err := s.member.WaitVoter(ctx); err != nil {
		return err
	}
	if err := s.reconcile(ctx); err != nil {
		return err
	}
	_ = os.Remove(s.data.Agent("etc", "k3s-agent-load-balancer.json"))
	for _, flag := range []string{"reset-flag", "forget-node-password"} {
		if err := layout.WriteFile(s.data.DB(flag), nil, 0o600); err != nil {
			return err
		}
	}
	log.Print(resetMessage)
	return nil
}

// fromBucket brings a snapshot of the bucket to the disk, where a bucket is configured.
func (s *Server) fromBucket(ctx context.Context, name string) (string, error) {
	own := s.settings.Snapshots
	if own.S3 == nil {
		return name, nil
	}
	bucket, err := s3.Open(ctx, own.S3)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(own.Dir, 0o700); err != nil {
		return "", err
	}
	log.Printf("Retrieving etcd snapshot %s from S3", name)
	return bucket.Fetch(ctx, name, own.Dir)
}

// reconcile takes the shared files that the data was saved with.
func (s *Server) reconcile(ctx context.Context) error {
	files, err := bootstrap.Load(ctx, s.member.Client(), s.password)
	if err != nil {
		return err
	}
	if files == nil {
		return errors.New("failed to reconcile with local datastore: no bootstrap data found in datastore - " +
			"check server token value and verify datastore integrity")
	}
	backup := s.data.Server(fmt.Sprintf("tls-%d", time.Now().Unix()))
	if err := os.CopyFS(backup, os.DirFS(s.data.TLS())); err != nil {
		return err
	}
	if err := files.Write(s.data); err != nil {
		return err
	}
	return s.writeCredentials()
}
