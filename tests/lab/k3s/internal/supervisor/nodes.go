// SPDX-License-Identifier: GPL-3.0-or-later

package supervisor

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"

	"clusterwright.lab/k3s/internal/join"
	"clusterwright.lab/k3s/internal/pki"
	"clusterwright.lab/k3s/internal/token"
	"golang.org/x/crypto/scrypt"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

const (
	passwordNamespace = "kube-system"
	passwordSuffix    = ".node-password.k3s"
	maxRequestBytes   = 1 << 20
)

type issue func(s *Supervisor, r *http.Request) (*pki.CA, pki.Subject)

func client(commonName string) issue {
	return func(s *Supervisor, _ *http.Request) (*pki.CA, pki.Subject) {
		return s.clientCA, pki.Subject{CommonName: commonName, Client: true}
	}
}

func kubeletClient(s *Supervisor, r *http.Request) (*pki.CA, pki.Subject) {
	name := r.Header.Get(join.NodeNameHeader)
	return s.clientCA, pki.Subject{
		CommonName: "system:node:" + name, Organizations: []string{nodesGroup}, Client: true,
	}
}

func kubeletServing(s *Supervisor, r *http.Request) (*pki.CA, pki.Subject) {
	name := r.Header.Get(join.NodeNameHeader)
	names := []string{name, "localhost", "127.0.0.1"}
	for _, address := range strings.Split(r.Header.Get(join.NodeIPHeader), ",") {
		if net.ParseIP(address) != nil {
			names = append(names, address)
		}
	}
	return s.serverCA, pki.Subject{CommonName: name, Names: names, Server: true}
}

// sign answers a signing request with a certificate and its CA.
func (s *Supervisor) sign(describe issue) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequestBytes))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		key, err := pki.RequestedKey(body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		ca, subject := describe(s, r)
		text, err := ca.Sign(key, subject)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_, _ = w.Write(text)
	}
}

// checkNode compares the node's password with the one its name was first used with.
func (s *Supervisor) checkNode(next http.Handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		name, password := r.Header.Get(join.NodeNameHeader), r.Header.Get(join.NodePasswordHeader)
		if name == "" || password == "" {
			http.Error(w, "node name or password not set", http.StatusBadRequest)
			return
		}
		kube := s.kube.Load()
		if kube == nil {
			http.Error(w, "apiserver not ready", http.StatusServiceUnavailable)
			return
		}
		err := ensurePassword(r.Context(), kube, name, password)
		switch {
		case errors.Is(err, errWrongPassword):
			http.Error(w, "unable to verify password for node "+name, http.StatusForbidden)
		case err != nil:
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		default:
			next.ServeHTTP(w, r)
		}
	}
}

var errWrongPassword = errors.New("hash does not match")

func ensurePassword(ctx context.Context, kube kubernetes.Interface, node, password string) error {
	secrets := kube.CoreV1().Secrets(passwordNamespace)
	secret, err := secrets.Get(ctx, node+passwordSuffix, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		immutable := true
		_, err = secrets.Create(ctx, &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Name: node + passwordSuffix, Namespace: passwordNamespace},
			Immutable:  &immutable,
			Data:       map[string][]byte{"hash": []byte(hashPassword(password, token.Random(8)))},
		}, metav1.CreateOptions{})
		return err
	}
	if err != nil {
		return err
	}
	stored := string(secret.Data["hash"])
	parts := strings.Split(stored, ":")
	if len(parts) != 6 || !equal(hashPassword(password, parts[1]), stored) {
		return errWrongPassword
	}
	return nil
}

// ForgetPassword removes the password of a node, so that its name can be used anew.
func ForgetPassword(ctx context.Context, kube kubernetes.Interface, node string) error {
	err := kube.CoreV1().Secrets(passwordNamespace).Delete(ctx, node+passwordSuffix, metav1.DeleteOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// hashPassword is `$1:<salt>:<log2 n>:<r>:<p>:<scrypt hash>`.
func hashPassword(password, salt string) string {
	const logN, r, p = 14, 8, 1
	hash, err := scrypt.Key([]byte(password), []byte(salt), 1<<logN, r, p, 32)
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf("$1:%s:%d:%d:%d:%s", salt, logN, r, p, hex.EncodeToString(hash))
}

// apiServers lists the supervisors of all servers whose API answers.
func (s *Supervisor) apiServers(w http.ResponseWriter, r *http.Request) {
	port := strconv.Itoa(s.Config.HTTPSPort)
	servers := []string{}
	if kube := s.kube.Load(); kube != nil {
		slice, err := kube.DiscoveryV1().EndpointSlices("default").Get(r.Context(), "kubernetes", metav1.GetOptions{})
		if err == nil {
			for _, endpoint := range slice.Endpoints {
				for _, address := range endpoint.Addresses {
					servers = append(servers, net.JoinHostPort(address, port))
				}
			}
		}
	}
	if len(servers) == 0 {
		servers = append(servers, net.JoinHostPort(s.Config.AdvertiseAddress, port))
	}
	answer(w, servers)
}

func (s *Supervisor) readyz(w http.ResponseWriter, _ *http.Request) {
	if s.kube.Load() == nil {
		http.Error(w, "apiserver not ready", http.StatusServiceUnavailable)
		return
	}
	_, _ = w.Write([]byte("ok"))
}
