// SPDX-License-Identifier: GPL-3.0-or-later

package supervisor

import (
	"context"
	"encoding/json"
	"net/http"

	"k8s.io/client-go/kubernetes"
)

// Stages of a rotation of the key that encrypts secrets.
const (
	StageStart    = "start"
	StageActive   = "reencrypt_active"
	StageFinished = "reencrypt_finished"
)

// Encryption is the answer of /v1-k3s/encrypt/status.
type Encryption struct {
	Enabled bool   `json:"enable"`
	Stage   string `json:"stage"`
}

// Keeper changes what the servers of a cluster share.
type Keeper interface {
	RotateToken(ctx context.Context, password string) error
	RotateKeys(ctx context.Context, client *kubernetes.Clientset) error
	Encryption() Encryption
}

// TokenRequest asks for another token; without one the server makes it.
type TokenRequest struct {
	NewToken string `json:"newToken"`
}

// EncryptionRequest asks for a stage of a rotation of keys.
type EncryptionRequest struct {
	Stage string `json:"stage"`
}

type passwords struct{ server, node string }

// SetPasswords sets what servers and agents have to know.
func (s *Supervisor) SetPasswords(server, node string) { s.passwords.Store(&passwords{server, node}) }

func (s *Supervisor) rotateToken(w http.ResponseWriter, r *http.Request) {
	var request TokenRequest
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequestBytes)).Decode(&request); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if err := s.Keeper.RotateToken(r.Context(), request.NewToken); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

func (s *Supervisor) rotateKeys(w http.ResponseWriter, r *http.Request) {
	var request EncryptionRequest
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequestBytes)).Decode(&request); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	client := s.kube.Load()
	switch {
	case request.Stage != "rotate_keys":
		http.Error(w, "the lab stand-in for k3s knows rotate-keys only", http.StatusBadRequest)
	case client == nil:
		http.Error(w, "apiserver not ready", http.StatusServiceUnavailable)
	case !s.Keeper.Encryption().Enabled:
		http.Error(w, "secrets encryption is not enabled", http.StatusBadRequest)
	default:
		if err := s.Keeper.RotateKeys(r.Context(), client); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	}
}
