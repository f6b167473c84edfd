// SPDX-License-Identifier: GPL-3.0-or-later

package supervisor

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strconv"
	"strings"

	"clusterwright.lab/k3s/internal/pki"
)

const (
	userHeader  = "X-Remote-User"
	groupHeader = "X-Remote-Group"
	extraPrefix = "X-Remote-Extra-"
)

// newAPI proxies to the API server. Who has a client certificate is named by the headers of an
// authenticating proxy; everyone else speaks for himself, with a bearer token or not at all.
func (s *Supervisor) newAPI() (http.Handler, error) {
	data := s.Config.DataDir
	pair, err := tls.LoadX509KeyPair(data.TLS("client-auth-proxy.crt"), data.TLS("client-auth-proxy.key"))
	if err != nil {
		return nil, err
	}
	ca, err := os.ReadFile(data.TLS("server-ca.crt"))
	if err != nil {
		return nil, err
	}
	base := &tls.Config{RootCAs: pki.Pool(ca), ServerName: "127.0.0.1", MinVersion: tls.VersionTLS12}
	withProxy := base.Clone()
	withProxy.Certificates = []tls.Certificate{pair}
	target := &url.URL{
		Scheme: "https", Host: net.JoinHostPort(APIServerHost, strconv.Itoa(s.Config.HTTPSPort)),
	}
	known, unknown := newProxy(target, withProxy), newProxy(target, base)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name := range r.Header {
			if name == userHeader || name == groupHeader || strings.HasPrefix(name, extraPrefix) {
				r.Header.Del(name)
			}
		}
		certificate := s.clientCertificate(r)
		if certificate == nil {
			unknown.ServeHTTP(w, r)
			return
		}
		r.Header.Set(userHeader, certificate.Subject.CommonName)
		r.Header[groupHeader] = certificate.Subject.Organization
		known.ServeHTTP(w, r)
	}), nil
}

// newProxy keeps connections that change their protocol (exec, port-forward) on HTTP/1.1.
func newProxy(target *url.URL, config *tls.Config) http.Handler {
	plain := &http.Transport{TLSClientConfig: config.Clone(), ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 25}
	upgrade := &http.Transport{
		TLSClientConfig: config.Clone(),
		TLSNextProto:    map[string]func(string, *tls.Conn) http.RoundTripper{},
	}
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host
		},
		FlushInterval: -1,
		Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			if r.Header.Get("Upgrade") != "" {
				return upgrade.RoundTrip(r)
			}
			return plain.RoundTrip(r)
		}),
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) {
			http.Error(w, "apiserver not ready", http.StatusServiceUnavailable)
		},
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
