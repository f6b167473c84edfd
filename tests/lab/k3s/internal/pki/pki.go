// SPDX-License-Identifier: GPL-3.0-or-later

// Package pki makes and keeps the certificate authorities and certificates of a cluster.
package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"time"

	"clusterwright.lab/k3s/internal/layout"
)

const (
	caLifetime   = 10 * 365 * 24 * time.Hour
	leafLifetime = 365 * 24 * time.Hour
	renewBefore  = 120 * 24 * time.Hour
)

// CA is a certificate authority with its key.
type CA struct {
	Certificate *x509.Certificate
	Key         crypto.Signer
	PEM         []byte
}

// Subject is whom a certificate is for.
type Subject struct {
	CommonName    string
	Organizations []string
	Names         []string
	Server        bool
	Client        bool
}

// EnsureCA loads the CA at base.crt and base.key and makes it where it is missing.
func EnsureCA(base, commonName string) error {
	if layout.Exists(base+".crt") && layout.Exists(base+".key") {
		return nil
	}
	key, err := EnsureKey(base + ".key")
	if err != nil {
		return err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber:          serial(),
		Subject:               pkix.Name{CommonName: fmt.Sprintf("%s@%d", commonName, now.Unix())},
		NotBefore:             now.Add(-time.Minute).UTC(),
		NotAfter:              now.Add(caLifetime).UTC(),
		KeyUsage:              x509.KeyUsageKeyEncipherment | x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		IsCA:                  true,
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	return layout.WriteFile(base+".crt", encode("CERTIFICATE", der), 0o644)
}

// LoadCA reads the CA at base.crt and base.key.
func LoadCA(base string) (*CA, error) {
	text, err := os.ReadFile(base + ".crt")
	if err != nil {
		return nil, err
	}
	certificate, err := ParseCertificate(text)
	if err != nil {
		return nil, fmt.Errorf("%s.crt: %w", base, err)
	}
	key, err := EnsureKey(base + ".key")
	if err != nil {
		return nil, err
	}
	return &CA{Certificate: certificate, Key: key, PEM: text}, nil
}

// Sign issues a certificate for a public key and returns it followed by the CA.
func (ca *CA) Sign(public crypto.PublicKey, subject Subject) ([]byte, error) {
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: serial(),
		Subject:      pkix.Name{CommonName: subject.CommonName, Organization: subject.Organizations},
		NotBefore:    ca.Certificate.NotBefore,
		NotAfter:     now.Add(leafLifetime).UTC(),
		KeyUsage:     x509.KeyUsageKeyEncipherment | x509.KeyUsageDigitalSignature,
	}
	if subject.Server {
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
	}
	if subject.Client {
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageClientAuth)
	}
	for _, name := range subject.Names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, ca.Certificate, public, ca.Key)
	if err != nil {
		return nil, err
	}
	return append(encode("CERTIFICATE", der), ca.PEM...), nil
}

// EnsureLeaf keeps base.crt and base.key valid: it issues the certificate anew when it is missing,
// nears its end, comes from another CA or does not cover the subject's names.
func (ca *CA) EnsureLeaf(base string, subject Subject) error {
	key, err := EnsureKey(base + ".key")
	if err != nil {
		return err
	}
	if text, err := os.ReadFile(base + ".crt"); err == nil && ca.stillGood(text, subject) {
		return nil
	}
	text, err := ca.Sign(key.Public(), subject)
	if err != nil {
		return err
	}
	return layout.WriteFile(base+".crt", text, 0o644)
}

func (ca *CA) stillGood(text []byte, subject Subject) bool {
	certificate, err := ParseCertificate(text)
	if err != nil || time.Until(certificate.NotAfter) < renewBefore {
		return false
	}
	if certificate.CheckSignatureFrom(ca.Certificate) != nil {
		return false
	}
	for _, name := range subject.Names {
		if certificate.VerifyHostname(name) != nil {
			return false
		}
	}
	return certificate.Subject.CommonName == subject.CommonName
}

// EnsureKey loads an ECDSA or RSA key and makes an ECDSA key where it is missing.
func EnsureKey(path string) (crypto.Signer, error) {
	return ensureKey(path, func() (crypto.Signer, error) {
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	})
}

// EnsureRSAKey loads a key and makes an RSA key where it is missing.
func EnsureRSAKey(path string) (crypto.Signer, error) {
	return ensureKey(path, func() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, 2048) })
}

func ensureKey(path string, generate func() (crypto.Signer, error)) (crypto.Signer, error) {
	if text, err := os.ReadFile(path); err == nil {
		return parseKey(path, text)
	}
	key, err := generate()
	if err != nil {
		return nil, err
	}
	var block []byte
	switch typed := key.(type) {
	case *ecdsa.PrivateKey:
		der, err := x509.MarshalECPrivateKey(typed)
		if err != nil {
			return nil, err
		}
		block = encode("EC PRIVATE KEY", der)
	case *rsa.PrivateKey:
		block = encode("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(typed))
	}
	return key, layout.WriteFile(path, block, 0o600)
}

func parseKey(path string, text []byte) (crypto.Signer, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%s holds no PEM key", path)
	}
	if key, err := x509.ParseECPrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("%s holds a key that cannot sign", path)
	}
	return signer, nil
}

// Request makes a certificate signing request for the key at path.
func Request(path string) ([]byte, error) {
	key, err := EnsureKey(path)
	if err != nil {
		return nil, err
	}
	return x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
}

// RequestedKey returns the public key of a signing request whose signature is right.
func RequestedKey(der []byte) (crypto.PublicKey, error) {
	request, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return nil, err
	}
	return request.PublicKey, request.CheckSignature()
}

// ParseCertificate reads the first certificate of a PEM text.
func ParseCertificate(text []byte) (*x509.Certificate, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("no PEM certificate")
	}
	return x509.ParseCertificate(block.Bytes)
}

// Pool is a certificate pool of one PEM text.
func Pool(text []byte) *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(text)
	return pool
}

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func serial() *big.Int {
	number, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 63))
	if err != nil {
		panic(err)
	}
	return number
}
