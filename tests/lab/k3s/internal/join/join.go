// SPDX-License-Identifier: GPL-3.0-or-later

// Package join is the client of a server's supervisor: how a node checks a server by its token
// and gets what it needs from it.
package join

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"strings"
	"time"

	"clusterwright.lab/k3s/internal/pki"
	"clusterwright.lab/k3s/internal/token"
)

const clientTimeout = 10 * time.Second

// Headers by which a node says who it is when it asks for its certificates.
const (
	NodeNameHeader     = "k3s-Node-Name"
	NodePasswordHeader = "k3s-Node-Password"
	NodeIPHeader       = "k3s-Node-IP"
)

// AgentConfig is the answer of /v1-k3s/config: what every node of the cluster has in common.
type AgentConfig struct {
	ClusterCIDR      string            `json:"clusterCIDR"`
	ServiceCIDR      string            `json:"serviceCIDR"`
	ClusterDNS       string            `json:"clusterDNS"`
	ClusterDomain    string            `json:"clusterDomain"`
	FlannelBackend   string            `json:"flannelBackend"`
	DisableKubeProxy bool              `json:"disableKubeProxy"`
	HTTPSPort        int               `json:"httpsPort"`
	ClusterLevel     map[string]string `json:"clusterLevel"`
}

// Server is a supervisor whose certificate was checked.
type Server struct {
	URL    string
	CA     []byte
	token  token.Token
	client *http.Client
}

// Validate fetches the CA of the server and compares it with the token; user is whom the short
// form of a token stands for.
func Validate(ctx context.Context, address, text, user string) (*Server, error) {
	parsed, err := token.Parse(text, user)
	if err != nil {
		return nil, err
	}
	parsedURL, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	if parsedURL.Scheme != "https" {
		return nil, errors.New("only https:// URLs are supported, invalid scheme: " + parsedURL.Scheme)
	}
	server := &Server{URL: strings.TrimSuffix(address, "/"), token: parsed}
	if server.CA, err = fetchCA(ctx, server.URL); err != nil {
		return nil, fmt.Errorf("failed to get CA certs: %w", err)
	}
	hash := token.Hash(server.CA)
	switch parsed.CAHash {
	case "":
		log.Print("Cluster CA certificate is not trusted by the host CA bundle, but the token does not " +
			"include a CA hash. Use the full token from the server's node-token file to enable Cluster CA validation.")
	case hash:
	default:
		return nil, fmt.Errorf("token CA hash does not match the Cluster CA certificate hash: %s != %s", parsed.CAHash, hash)
	}
	server.client = newClient(&tls.Config{RootCAs: pki.Pool(server.CA), MinVersion: tls.VersionTLS12})
	if _, err := server.do(ctx, http.MethodGet, "/cacerts", nil, nil); err != nil {
		return nil, fmt.Errorf("CA cert validation failed: %w", err)
	}
	return server, nil
}

func newClient(config *tls.Config) *http.Client {
	return &http.Client{
		Timeout:   clientTimeout,
		Transport: &http.Transport{TLSClientConfig: config, DisableKeepAlives: true},
	}
}

// fetchCA asks without verification: the token's hash is what proves the answer.
func fetchCA(ctx context.Context, address string) ([]byte, error) {
	client := newClient(&tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12})
	return request(ctx, client, http.MethodGet, address+"/cacerts", nil, func(*http.Request) {})
}

// Through is the same server by another address, such as the local load balancer.
func (s *Server) Through(address string) *Server {
	other := *s
	other.URL = address
	return &other
}

// Get fetches a path with the token's credentials.
func (s *Server) Get(ctx context.Context, path string) ([]byte, error) {
	return s.do(ctx, http.MethodGet, path, nil, nil)
}

// GetJSON fetches a path into value.
func (s *Server) GetJSON(ctx context.Context, path string, value any) error {
	body, err := s.Get(ctx, path)
	if err != nil {
		return err
	}
	return json.Unmarshal(body, value)
}

// PostJSON sends request to a path and reads the answer into response.
func (s *Server) PostJSON(ctx context.Context, path string, request, response any) error {
	body, err := json.Marshal(request)
	if err != nil {
		return err
	}
	answer, err := s.do(ctx, http.MethodPost, path, body, nil)
	if err != nil {
		return err
	}
	return json.Unmarshal(answer, response)
}

// PutJSON sends request to a path.
func (s *Server) PutJSON(ctx context.Context, path string, request any) error {
	body, err := json.Marshal(request)
	if err == nil {
		_, err = s.do(ctx, http.MethodPut, path, body, nil)
	}
	return err
}

// Certificate has the server sign the key in keyFile and returns the certificate chain.
func (s *Server) Certificate(ctx context.Context, path, keyFile string, headers map[string]string) ([]byte, error) {
	request, err := pki.Request(keyFile)
	if err != nil {
		return nil, err
	}
	return s.do(ctx, http.MethodPost, path, request, headers)
}

func (s *Server) do(ctx context.Context, method, path string, body []byte, headers map[string]string) ([]byte, error) {
	return request(ctx, s.client, method, s.URL+path, body, func(r *http.Request) {
		for name, value := range headers {
			r.Header.Set(name, value)
		}
		if s.token.Bearer != "" {
			r.Header.Set("Authorization", "Bearer "+s.token.Bearer)
		} else {
			r.SetBasicAuth(s.token.Username, s.token.Password)
		}
	})
}

// StatusError is an answer other than success.
type StatusError struct {
	URL    string
	Code   int
	Status string
	Body   string
}

func (e *StatusError) Error() string { return e.URL + ": " + e.Status }

func request(
	ctx context.Context, client *http.Client, method, address string, body []byte, prepare func(*http.Request),
) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	prepare(r)
	response, err := client.Do(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, &StatusError{
			URL: address, Code: response.StatusCode, Status: response.Status,
			Body: strings.TrimSpace(string(answer)),
		}
	}
	return answer, nil
}
