// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
)

// frontProxy recognises the cluster's API server, which has authenticated and authorised what it
// passes on.
type frontProxy struct {
	authorities *x509.CertPool
	names       []string
}

// newFrontProxy reads from the cluster how its API server shows itself.
func newFrontProxy(ctx context.Context, core rest.Interface) (*frontProxy, error) {
	var published corev1.ConfigMap
	const name = "extension-apiserver-authentication"
	err := core.Get().Namespace("kube-system").Resource("configmaps").Name(name).Do(ctx).Into(&published)
	if err != nil {
		return nil, err
	}
	front := &frontProxy{authorities: x509.NewCertPool()}
	if !front.authorities.AppendCertsFromPEM([]byte(published.Data["requestheader-client-ca-file"])) {
		return nil, errors.New("the API server publishes no authority for aggregated APIs")
	}
	if err := json.Unmarshal([]byte(published.Data["requestheader-allowed-names"]), &front.names); err != nil {
		return nil, fmt.Errorf("requestheader-allowed-names of %s: %w", name, err)
	}
	return front, nil
}

// only lets requests of the API server through; the TLS layer has verified its certificate.
func (f *frontProxy) only(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.TLS == nil || len(r.TLS.VerifiedChains) == 0 {
			http.Error(w, "ask by way of the API server", http.StatusUnauthorized)
			return
		}
		name := r.TLS.VerifiedChains[0][0].Subject.CommonName
		if len(f.names) > 0 && !slices.Contains(f.names, name) {
			http.Error(w, "ask by way of the API server", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}
