// SPDX-License-Identifier: GPL-3.0-or-later

package server

import (
	"context"
	"log"
	"time"

	"clusterwright.lab/k3s/internal/etcd"
	"clusterwright.lab/k3s/internal/proc"
	"clusterwright.lab/k3s/internal/s3"
)

// scheduleSnapshots saves and prunes snapshots by the configured schedule.
func (s *Server) scheduleSnapshots(ctx context.Context) {
	if s.settings.Snapshots.Disabled {
		return
	}
	schedule, err := parseSchedule(s.settings.Snapshots.Schedule)
	if err != nil {
		log.Printf("etcd-snapshot-schedule-cron %q is no schedule: %v", s.settings.Snapshots.Schedule, err)
		return
	}
	for proc.Sleep(ctx, time.Until(schedule.Next(time.Now()))) {
		own := s.settings.Snapshots
		saved, err := s.member.Save(ctx, own.Dir, own.Name, own.Compress)
		if err != nil {
			log.Printf("Failed to take etcd snapshot: %v", err)
			continue
		}
		log.Printf("Snapshot %s saved.", saved.Name)
		if _, err := etcd.Prune(own.Dir, own.Name, s.settings.NodeName, own.Retention); err != nil {
			log.Printf("Failed to apply snapshot retention: %v", err)
		}
		if err := s.sendSnapshot(ctx, saved); err != nil {
			log.Printf("Error received during snapshot upload to S3: %v", err)
		}
	}
}

// sendSnapshot puts a scheduled snapshot into the bucket, where there is one, and prunes there.
func (s *Server) sendSnapshot(ctx context.Context, saved etcd.Snapshot) error {
	own := s.settings.Snapshots
	if own.S3 == nil {
		return nil
	}
	bucket, err := s3.Open(ctx, own.S3)
	if err != nil {
		return err
	}
	if _, err := bucket.Save(ctx, saved.Path); err != nil {
		return err
	}
	return bucket.Prune(ctx, own.Name+"-"+s.settings.NodeName+"-")
}
