// SPDX-License-Identifier: GPL-3.0-or-later

// Package s3 keeps etcd snapshots in a bucket.
package s3

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// Settings are the keys etcd-s3-* of a server.
type Settings struct {
	Endpoint     string
	EndpointCA   string
	SkipVerify   bool
	Insecure     bool
	AccessKey    string
	SecretKey    string
	SessionToken string
	Bucket       string
	Lookup       string
	Region       string
	Folder       string
	Proxy        string
	Retention    int
	Timeout      time.Duration
}

// Object is one snapshot in the bucket.
type Object struct {
	Name    string
	Size    int64
	Created time.Time
}

// Bucket is where the snapshots are.
type Bucket struct {
	settings *Settings
	client   *minio.Client
}

// Open checks that the bucket is there.
func Open(ctx context.Context, settings *Settings) (*Bucket, error) {
	if settings.Bucket == "" {
		return nil, errors.New("s3 bucket name was not set")
	}
	transport, err := settings.transport()
	if err != nil {
		return nil, err
	}
	client, err := minio.New(settings.Endpoint, &minio.Options{
		Creds:        credentials.NewStaticV4(settings.AccessKey, settings.SecretKey, settings.SessionToken),
		Secure:       !settings.Insecure,
		Region:       settings.Region,
		Transport:    transport,
		BucketLookup: lookups[settings.Lookup],
	})
	if err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeout(ctx, settings.Timeout)
	defer cancel()
	there, err := client.BucketExists(limited, settings.Bucket)
	if err != nil {
		return nil, fmt.Errorf("failed to test for existence of bucket %s: %w", settings.Bucket, err)
	}
	if !there {
		return nil, fmt.Errorf("bucket %s does not exist", settings.Bucket)
	}
	return &Bucket{settings, client}, nil
}

var lookups = map[string]minio.BucketLookupType{
	"auto": minio.BucketLookupAuto, "dns": minio.BucketLookupDNS, "path": minio.BucketLookupPath,
}

func (s *Settings) transport() (*http.Transport, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: s.SkipVerify}
	if s.EndpointCA != "" {
		text, err := os.ReadFile(s.EndpointCA)
		if err != nil {
			return nil, err
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("%s holds no certificate", s.EndpointCA)
		}
		transport.TLSClientConfig.RootCAs = pool
	}
	if s.Proxy != "" {
		proxy, err := url.Parse(s.Proxy)
		if err != nil {
			return nil, err
		}
		transport.Proxy = http.ProxyURL(proxy)
	}
	return transport, nil
}

func (b *Bucket) key(name string) string { return path.Join(b.settings.Folder, name) }

// Location is the address of a snapshot as k3s shows it.
func (b *Bucket) Location(name string) string {
	return "s3://" + path.Join(b.settings.Bucket, b.key(name))
}

// Save puts a file into the bucket.
func (b *Bucket) Save(ctx context.Context, file string) (Object, error) {
	limited, cancel := context.WithTimeout(ctx, b.settings.Timeout)
	defer cancel()
	name := filepath.Base(file)
	info, err := b.client.FPutObject(limited, b.settings.Bucket, b.key(name), file, minio.PutObjectOptions{
		ContentType: "application/octet-stream",
	})
	return Object{Name: name, Size: info.Size, Created: time.Now()}, err
}

// List returns the snapshots, oldest first.
func (b *Bucket) List(ctx context.Context) ([]Object, error) {
	limited, cancel := context.WithTimeout(ctx, b.settings.Timeout)
	defer cancel()
	prefix := b.settings.Folder
	if prefix != "" {
		prefix = strings.TrimSuffix(prefix, "/") + "/"
	}
	var found []Object
	for one := range b.client.ListObjects(limited, b.settings.Bucket, minio.ListObjectsOptions{Prefix: prefix}) {
		if one.Err != nil {
			return nil, one.Err
		}
		found = append(found, Object{Name: path.Base(one.Key), Size: one.Size, Created: one.LastModified})
	}
	sort.Slice(found, func(i, j int) bool { return found[i].Created.Before(found[j].Created) })
	return found, nil
}

// Delete removes a snapshot.
func (b *Bucket) Delete(ctx context.Context, name string) error {
	return b.client.RemoveObject(ctx, b.settings.Bucket, b.key(name), minio.RemoveObjectOptions{})
}

// Prune deletes the oldest snapshots of a base name and node until as many as wanted are left.
func (b *Bucket) Prune(ctx context.Context, prefix string) error {
	all, err := b.List(ctx)
	if err != nil {
		return err
	}
	var own []Object
	for _, one := range all {
		if strings.HasPrefix(one.Name, prefix) {
			own = append(own, one)
		}
	}
	for ; len(own) > b.settings.Retention; own = own[1:] {
		if err := b.Delete(ctx, own[0].Name); err != nil {
			return err
		}
	}
	return nil
}

// Fetch brings a snapshot into a folder and returns its path.
func (b *Bucket) Fetch(ctx context.Context, name, folder string) (string, error) {
	limited, cancel := context.WithTimeout(ctx, b.settings.Timeout)
	defer cancel()
	target := filepath.Join(folder, filepath.Base(name))
	err := b.client.FGetObject(limited, b.settings.Bucket, b.key(name), target, minio.GetObjectOptions{})
	return target, err
}
