// SPDX-License-Identifier: GPL-3.0-or-later

package supervisor

import (
	"encoding/json"
	"log"
	"net/http"

	"clusterwright.lab/k3s/internal/etcd"
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
		return response, nil
	case SnapshotList:
		found, err := etcd.List(request.Dir)
		response.Snapshots = found
		return response, err
	case SnapshotPrune:
		deleted, err := etcd.Prune(request.Dir, request.Name, s.Config.NodeName, request.Retention)
		response.Deleted = deleted
		return response, err
	}
	for _, name := range request.Names {
		found, err := etcd.Delete(request.Dir, name)
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
