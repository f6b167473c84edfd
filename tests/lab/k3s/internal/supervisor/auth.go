// SPDX-License-Identifier: GPL-3.0-or-later

package supervisor

import (
	"crypto/subtle"
	"crypto/x509"
	"errors"
	"log"
	"net/http"
	"slices"

	"clusterwright.lab/k3s/internal/pki"
	"clusterwright.lab/k3s/internal/token"
)

type role int

const (
	agentRole role = iota
	serverRole
)

const nodesGroup = "system:nodes"

// require lets a request pass whose sender has the role.
func (s *Supervisor) require(wanted role, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		allowed, err := s.roles(r)
		if err != nil {
			log.Printf("Failed to authenticate request from %s: %v", r.RemoteAddr, err)
			http.Error(w, "not authorized", http.StatusUnauthorized)
			return
		}
		if !slices.Contains(allowed, wanted) {
			http.Error(w, "forbidden", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (s *Supervisor) roles(r *http.Request) ([]role, error) {
	if certificate := s.clientCertificate(r); certificate != nil {
		if slices.Contains(certificate.Subject.Organization, nodesGroup) {
			return []role{agentRole}, nil
		}
		return nil, nil
	}
	user, password, given := r.BasicAuth()
	if !given {
		return nil, errors.New("no credentials")
	}
	known := s.passwords.Load()
	switch {
	case user == token.ServerUser && equal(password, known.server):
		return []role{agentRole, serverRole}, nil
	case user == token.NodeUser && equal(password, known.node):
		return []role{agentRole}, nil
	}
	return nil, errors.New("invalid username/password combination")
}

// clientCertificate is the sender's certificate if the cluster's client CA signed it.
func (s *Supervisor) clientCertificate(r *http.Request) *x509.Certificate {
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return nil
	}
	certificate := r.TLS.PeerCertificates[0]
	_, err := certificate.Verify(x509.VerifyOptions{
		Roots:     pki.Pool(s.clientCA.PEM),
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	if err != nil {
		return nil
	}
	return certificate
}

func equal(given, wanted string) bool {
	return subtle.ConstantTimeCompare([]byte(given), []byte(wanted)) == 1
}
