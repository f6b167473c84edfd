// SPDX-License-Identifier: GPL-3.0-or-later

package server

import (
	"context"
	"log"
	"os"
	"strings"
	"time"

	"clusterwright.lab/k3s/internal/bootstrap"
	"clusterwright.lab/k3s/internal/layout"
	"clusterwright.lab/k3s/internal/supervisor"
	"clusterwright.lab/k3s/internal/token"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/util/retry"
)

const (
	reloadMetric = `apiserver_encryption_config_controller_automatic_reloads_total{`
	// The API server looks at the file once a minute.
	reloadTimeout = 3 * time.Minute
	stageFile     = "encryption-state"
)

// RotateToken encrypts the shared files with another token, which this server takes at once and
// all others when they start with it; an empty one is made.
func (s *Server) RotateToken(ctx context.Context, password string) error {
	if password == "" {
		password = token.Random(16)
	}
	if err := bootstrap.Rotate(ctx, s.member.Client(), s.password, password); err != nil {
		return err
	}
	s.password = password
	s.front.SetPasswords(s.passwords())
	return s.writeTokens()
}

// Encryption tells whether secrets are encrypted, and how far a rotation of the key is.
func (s *Server) Encryption() supervisor.Encryption {
	stage := supervisor.StageStart
	if text, err := os.ReadFile(s.data.Cred(stageFile)); err == nil {
		stage = strings.TrimSpace(string(text))
	}
	return supervisor.Encryption{Enabled: layout.Exists(s.data.Cred("encryption-config.json")), Stage: stage}
}

func (s *Server) setStage(stage string) error {
	return layout.WriteFile(s.data.Cred(stageFile), []byte(stage+"\n"), 0o600)
}

// RotateKeys begins to encrypt all secrets with a new key.
func (s *Server) RotateKeys(ctx context.Context, client *kubernetes.Clientset) error {
	before, err := reloads(ctx, client)
	if err != nil {
		return err
	}
	if err := bootstrap.AddKey(s.data); err != nil {
		return err
	}
	if err := s.setStage(supervisor.StageActive); err != nil {
		return err
	}
	go func() {
		background := context.WithoutCancel(ctx)
		if err := s.reencrypt(background, client, before); err != nil {
			log.Printf("Failed to reencrypt secrets: %v", err)
		}
	}()
	return nil
}

func (s *Server) reencrypt(ctx context.Context, client *kubernetes.Clientset, before string) error {
	limited, cancel := context.WithTimeout(ctx, reloadTimeout)
	defer cancel()
	for {
		now, err := reloads(limited, client)
		if err == nil && now != before {
			break
		}
		select {
		case <-limited.Done():
			return limited.Err()
		case <-time.After(time.Second):
		}
	}
	secrets, err := client.CoreV1().Secrets("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	for _, one := range secrets.Items {
		err := retry.RetryOnConflict(retry.DefaultRetry, func() error {
			secret, err := client.CoreV1().Secrets(one.Namespace).Get(ctx, one.Name, metav1.GetOptions{})
			if err != nil {
				return err
			}
			_, err = client.CoreV1().Secrets(one.Namespace).Update(ctx, secret, metav1.UpdateOptions{})
			return err
		})
		if err != nil {
			return err
		}
	}
	log.Printf("Reencrypted %d secrets", len(secrets.Items))
	if err := bootstrap.DropOldKeys(s.data); err != nil {
		return err
	}
	if err := bootstrap.Replace(ctx, s.member.Client(), s.data, s.password); err != nil {
		return err
	}
	return s.setStage(supervisor.StageFinished)
}

// reloads is what the API server counts of its readings of the encryption keys.
func reloads(ctx context.Context, client *kubernetes.Clientset) (string, error) {
	text, err := client.RESTClient().Get().AbsPath("/metrics").DoRaw(ctx)
	if err != nil {
		return "", err
	}
	var found []string
	for _, line := range strings.Split(string(text), "\n") {
		if strings.HasPrefix(line, reloadMetric) && strings.Contains(line, `status="success"`) {
			found = append(found, line)
		}
	}
	return strings.Join(found, "\n"), nil
}
