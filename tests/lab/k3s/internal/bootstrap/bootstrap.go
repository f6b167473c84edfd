// SPDX-License-Identifier: GPL-3.0-or-later

// Package bootstrap makes the files that all servers of a cluster share, hands them to joining
// servers and keeps them, encrypted by the token, in etcd.
package bootstrap

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"clusterwright.lab/k3s/internal/layout"
	"clusterwright.lab/k3s/internal/pki"
	"clusterwright.lab/k3s/internal/token"
	clientv3 "go.etcd.io/etcd/client/v3"
	"golang.org/x/crypto/scrypt"
)

const keyPrefix = "/bootstrap/"

// Files are the shared files, by their path below the server's directory.
type Files map[string][]byte

var authorities = []struct{ path, name string }{
	{"tls/client-ca", "k3s-client-ca"},
	{"tls/server-ca", "k3s-server-ca"},
	{"tls/request-header-ca", "k3s-request-header-ca"},
	{"tls/etcd/server-ca", "etcd-server-ca"},
	{"tls/etcd/peer-ca", "etcd-peer-ca"},
}

const encryptionConfig = "cred/encryption-config.json"

func paths() []string {
	list := []string{"tls/service.key", "cred/passwd", "cred/ipsec.psk", encryptionConfig}
	for _, authority := range authorities {
		list = append(list, authority.path+".crt", authority.path+".key")
	}
	return list
}

// Create makes every shared file that is missing.
func Create(data layout.Data, encryptSecrets bool) error {
	for _, authority := range authorities {
		if err := pki.EnsureCA(data.Server(authority.path), authority.name); err != nil {
			return err
		}
	}
	if _, err := pki.EnsureRSAKey(data.TLS("service.key")); err != nil {
		return err
	}
	if path := data.Cred("ipsec.psk"); !layout.Exists(path) {
		if err := layout.WriteFile(path, []byte(token.Random(48)), 0o600); err != nil {
			return err
		}
	}
	if path := data.Server(encryptionConfig); encryptSecrets && !layout.Exists(path) {
		return layout.WriteFile(path, newEncryptionConfig(), 0o600)
	}
	return nil
}

func newEncryptionConfig() []byte {
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		panic(err)
	}
	return encryptionDocument([]encryptionKey{{Name: "aescbckey", Secret: key}})
}

func encryptionDocument(keys []encryptionKey) []byte {
	text, err := json.Marshal(map[string]any{
		"kind": "EncryptionConfiguration", "apiVersion": "apiserver.config.k8s.io/v1",
		"resources": []any{map[string]any{
			"resources": []string{"secrets"},
			"providers": []any{
				map[string]any{"aescbc": map[string]any{"keys": keys}},
				map[string]any{"identity": map[string]any{}},
			},
		}},
	})
	if err != nil {
		panic(err)
	}
	return text
}

// Read collects the shared files that are there.
func Read(data layout.Data) (Files, error) {
	files := Files{}
	for _, path := range paths() {
		text, err := os.ReadFile(data.Server(path))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		files[path] = text
	}
	return files, nil
}

// Write puts shared files in place; unknown paths are refused.
func (f Files) Write(data layout.Data) error {
	allowed := map[string]bool{}
	for _, path := range paths() {
		allowed[path] = true
	}
	for path, text := range f {
		if !allowed[path] {
			return fmt.Errorf("bootstrap data holds an unknown file %q", path)
		}
		mode := os.FileMode(0o600)
		if filepath.Ext(path) == ".crt" {
			mode = 0o644
		}
		if now, err := os.ReadFile(data.Server(path)); err == nil && bytes.Equal(now, text) {
			continue
		}
		if err := layout.WriteFile(data.Server(path), text, mode); err != nil {
			return err
		}
	}
	return nil
}

// Save keeps the shared files in etcd, or takes what is there, which other servers may have changed;
// data under another token is refused.
func Save(ctx context.Context, client *clientv3.Client, data layout.Data, password string) error {
	stored, err := Load(ctx, client, password)
	if err != nil {
		return err
	}
	if stored != nil {
		return stored.Write(data)
	}
	return Replace(ctx, client, data, password)
}

// Load reads the shared files from etcd; nil where none were ever saved.
func Load(ctx context.Context, client *clientv3.Client, password string) (Files, error) {
	response, err := client.Get(ctx, keyPrefix, clientv3.WithPrefix())
	if err != nil || len(response.Kvs) == 0 {
		return nil, err
	}
	for _, pair := range response.Kvs {
		if string(pair.Key) == key(password) {
			plain, err := open(pair.Value, password)
			if err != nil {
				return nil, err
			}
			var files Files
			return files, json.Unmarshal(plain, &files)
		}
	}
	return nil, errors.New("bootstrap data already found and encrypted with different token")
}

func key(password string) string { return keyPrefix + token.Hash([]byte(password))[:12] }

func cipherFor(password string, salt []byte) (cipher.AEAD, error) {
	derived, err := scrypt.Key([]byte(password), salt, 1<<15, 8, 1, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

const saltSize = 16

func seal(plain []byte, password string) ([]byte, error) {
	head := make([]byte, saltSize+12)
	if _, err := rand.Read(head); err != nil {
		return nil, err
	}
	aead, err := cipherFor(password, head[:saltSize])
	if err != nil {
		return nil, err
	}
	return aead.Seal(head, head[saltSize:], plain, nil), nil
}

func open(sealed []byte, password string) ([]byte, error) {
	if len(sealed) < saltSize+12 {
		return nil, errors.New("bootstrap data is too short")
	}
	aead, err := cipherFor(password, sealed[:saltSize])
	if err != nil {
		return nil, err
	}
	return aead.Open(nil, sealed[saltSize:saltSize+12], sealed[saltSize+12:], nil)
}
