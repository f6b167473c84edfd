// SPDX-License-Identifier: GPL-3.0-or-later

package bootstrap

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"os"
	"time"

	"clusterwright.lab/k3s/internal/layout"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// Rotate encrypts the shared files in etcd with another password.
func Rotate(ctx context.Context, client *clientv3.Client, old, password string) error {
	files, err := Load(ctx, client, old)
	if err != nil {
		return err
	}
	if files == nil {
		return errors.New("no bootstrap data found in datastore")
	}
	sealed, err := files.sealed(password)
	if err != nil {
		return err
	}
	_, err = client.Txn(ctx).Then(
		clientv3.OpPut(key(password), string(sealed)), clientv3.OpDelete(key(old)),
	).Commit()
	return err
}

// Replace keeps the files that this server has now.
func Replace(ctx context.Context, client *clientv3.Client, data layout.Data, password string) error {
	files, err := Read(data)
	if err != nil {
		return err
	}
	sealed, err := files.sealed(password)
	if err != nil {
		return err
	}
	_, err = client.Put(ctx, key(password), string(sealed))
	return err
}

func (f Files) sealed(password string) ([]byte, error) {
	plain, err := json.Marshal(f)
	if err != nil {
		return nil, err
	}
	return seal(plain, password)
}

type encryptionKey struct {
	Name   string `json:"name"`
	Secret []byte `json:"secret"`
}

// AddKey puts a new key in front of those that decrypt secrets.
func AddKey(data layout.Data) error {
	fresh := encryptionKey{Name: "aescbckey-" + time.Now().UTC().Format(time.RFC3339), Secret: make([]byte, 32)}
	if _, err := rand.Read(fresh.Secret); err != nil {
		return err
	}
	return changeKeys(data, func(keys []encryptionKey) []encryptionKey {
		return append([]encryptionKey{fresh}, keys...)
	})
}

// DropOldKeys leaves the key that encrypts.
func DropOldKeys(data layout.Data) error {
	return changeKeys(data, func(keys []encryptionKey) []encryptionKey { return keys[:1] })
}

func changeKeys(data layout.Data, change func([]encryptionKey) []encryptionKey) error {
	path := data.Server(encryptionConfig)
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var known struct {
		Resources []struct {
			Providers []struct {
				AESCBC struct {
					Keys []encryptionKey `json:"keys"`
				} `json:"aescbc"`
			} `json:"providers"`
		} `json:"resources"`
	}
	if err := json.Unmarshal(text, &known); err != nil {
		return err
	}
	return layout.WriteFile(path, encryptionDocument(change(known.Resources[0].Providers[0].AESCBC.Keys)), 0o600)
}
