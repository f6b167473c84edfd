// SPDX-License-Identifier: GPL-3.0-or-later

package supervisor

import (
	"context"
	"encoding/json"
	"log"
	"net/http"

	"clusterwright.lab/k3s/internal/etcd"
	"clusterwright.lab/k3s/internal/s3"
)

// SnapshotRequest is what `k3s etcd-snapshot` asks of the running server.
type SnapshotRequest struct {
	Operation string   `json:"operation"`
	Name      string   `json:"name,omitempty"`
	Names     []string `json:"names,omitempty"`
	Dir       string   `json:"dir,omitempty"`
	Compress  bool     `json:"compress,omitempty"`
	Retention int      `json:"retention,omitempty"`
}

// SnapshotResponse lists the snapshots that the operation made, found, deleted or missed.
type SnapshotResponse struct {
	Snapshots []etcd.Snapshot `json:"snapshots"`
	Deleted   []string        `json:"deleted,omitempty"`
	Missing   []string        `json:"missing,omitempty"`
}

// Operations of a SnapshotRequest.
const (
	SnapshotSave   = "save"
	SnapshotList   = "list"
	SnapshotDelete = "delete"
	SnapshotPrune  = "prune"
)

func (s *Supervisor) snapshot(member *etcd.Etcd, w http.ResponseWriter, r *http.Request) {
	var request SnapshotRequest
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequestBytes)).Decode(&request); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if request.Dir == "" {
		request.Dir = s.Config.Snapshots.Dir
	}
	response, err := s.operate(member, r, request)
	if err != nil {
		log.Printf("etcd-snapshot %s failed: %v", request.Operation, err)
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	answer(w, response)
}

func (s *Supervisor) operate(member *etcd.Etcd, r *http.Request, request SnapshotRequest) (SnapshotResponse, error) {
	response := SnapshotResponse{}
	switch request.Operation {
	case SnapshotSave:
		saved, err := member.Save(r.Context(), request.Dir, request.Name, request.Compress)
		if err != nil {
			return response, err
		}
		response.Snapshots = []etcd.Snapshot{saved}
		remote, err := s.upload(r.Context(), saved)
		response.Snapshots = append(response.Snapshots, remote...)
		return response, err
	case SnapshotList:
		found, err := etcd.List(request.Dir)
		if err != nil {
			return response, err
		}
		remote, err := s.listBucket(r.Context())
		response.Snapshots = append(found, remote...)
		return response, err
	case SnapshotPrune:
		deleted, err := etcd.Prune(request.Dir, request.Name, s.Config.NodeName, request.Retention)
		response.Deleted = deleted
		return response, err
	}
	for _, name := range request.Names {
		found, err := s.delete(r.Context(), request.Dir, name)
		if err != nil {
			return response, err
		}
		if found {
			response.Deleted = append(response.Deleted, name)
		} else {
			response.Missing = append(response.Missing, name)
		}
	}
	return response, nil
}

// upload puts a snapshot into the bucket, where there is one.
func (s *Supervisor) upload(ctx context.Context, saved etcd.Snapshot) ([]etcd.Snapshot, error) {
	if s.Config.Snapshots.S3 == nil {
		return nil, nil
	}
	bucket, err := s3.Open(ctx, s.Config.Snapshots.S3)
	if err != nil {
		return nil, err
	}
	object, err := bucket.Save(ctx, saved.Path)
	return []etcd.Snapshot{remote(bucket, object)}, err
}

func remote(bucket *s3.Bucket, object s3.Object) etcd.Snapshot {
	return etcd.Snapshot{
		Name: object.Name, Size: object.Size, Created: object.Created, Remote: bucket.Location(object.Name),
	}
}

func (s *Supervisor) listBucket(ctx context.Context) ([]etcd.Snapshot, error) {
	if s.Config.Snapshots.S3 == nil {
		return nil, nil
	}
	bucket, err := s3.Open(ctx, s.Config.Snapshots.S3)
	if err != nil {
		return nil, err
	}
	objects, err := bucket.List(ctx)
	found := make([]etcd.Snapshot, 0, len(objects))
	for _, object := range objects {
		found = append(found, remote(bucket, object))
	}
	return found, err
}

// delete removes a snapshot from the disk and the bucket and tells whether there was one.
func (s *Supervisor) delete(ctx context.Context, dir, name string) (bool, error) {
	found, err := etcd.Delete(dir, name)
	if err != nil || s.Config.Snapshots.S3 == nil {
		return found, err
	}
	bucket, err := s3.Open(ctx, s.Config.Snapshots.S3)
	if err != nil {
		return found, err
	}
	objects, err := bucket.List(ctx)
	for _, object := range objects {
		if object.Name == name {
			return true, bucket.Delete(ctx, name)
		}
	}
	return found, err
}
