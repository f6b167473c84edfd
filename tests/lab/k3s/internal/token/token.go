// SPDX-License-Identifier: GPL-3.0-or-later

// Package token reads and writes the tokens with which nodes join.
package token

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

const prefix = "K10"

// Users that a token can name.
const (
	ServerUser = "server"
	NodeUser   = "node"
)

var bootstrapForm = regexp.MustCompile(`^[a-z0-9]{6}\.[a-z0-9]{16}$`)

// Token is a credential for the supervisor. The short form of a token has neither CA hash nor
// user.
type Token struct {
	CAHash   string
	Username string
	Password string
	Bearer   string
}

// Parse reads any form of a token; user is who the short form stands for.
func Parse(text, user string) (Token, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return Token{}, errors.New("token must not be empty")
	}
	parsed := Token{}
	if rest, full := strings.CutPrefix(text, prefix); full {
		hash, credentials, found := strings.Cut(rest, "::")
		if !found {
			return Token{}, errors.New("invalid token format")
		}
		if len(hash) != sha256.Size*2 {
			return Token{}, errors.New("invalid token CA hash length")
		}
		parsed.CAHash = hash
		text = credentials
	}
	if bootstrapForm.MatchString(text) {
		parsed.Bearer = text
		return parsed, nil
	}
	if name, password, found := strings.Cut(text, ":"); found && parsed.CAHash != "" {
		parsed.Username, parsed.Password = name, password
	} else if parsed.CAHash != "" {
		return Token{}, errors.New("invalid token format")
	} else {
		parsed.Username, parsed.Password = user, text
	}
	if parsed.Password == "" {
		return Token{}, errors.New("invalid token format")
	}
	return parsed, nil
}

// Format writes the full form of a token for the cluster whose CA file has the given bytes.
func Format(caPEM []byte, user, password string) string {
	return fmt.Sprintf("%s%s::%s:%s", prefix, Hash(caPEM), user, password)
}

// Hash is the CA hash that a token carries: sha256 over the bytes of the PEM file.
func Hash(caPEM []byte) string {
	sum := sha256.Sum256(caPEM)
	return hex.EncodeToString(sum[:])
}

// Random returns n random bytes as hexadecimal digits.
func Random(n int) string {
	data := make([]byte, n)
	if _, err := rand.Read(data); err != nil {
		panic(err)
	}
	return hex.EncodeToString(data)
}
