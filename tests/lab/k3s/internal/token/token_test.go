// SPDX-License-Identifier: GPL-3.0-or-later

package token

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	hash := strings.Repeat("a", 64)
	cases := []struct {
		text string
		want Token
		err  string
	}{
		{"secret", Token{Username: "node", Password: "secret"}, ""},
		{" secret\n", Token{Username: "node", Password: "secret"}, ""},
		{"with:colon", Token{Username: "node", Password: "with:colon"}, ""},
		{"K10" + hash + "::server:pw", Token{CAHash: hash, Username: "server", Password: "pw"}, ""},
		{"K10" + hash + "::abcdef.0123456789abcdef",
			Token{CAHash: hash, Bearer: "abcdef.0123456789abcdef"}, ""},
		{"abcdef.0123456789abcdef", Token{Bearer: "abcdef.0123456789abcdef"}, ""},
		{"", Token{}, "token must not be empty"},
		{"K10abc::server:pw", Token{}, "invalid token CA hash length"},
		{"K10" + hash, Token{}, "invalid token format"},
		{"K10" + hash + "::server:", Token{}, "invalid token format"},
		{"K10" + hash + "::pw", Token{}, "invalid token format"},
	}
	for _, c := range cases {
		got, err := Parse(c.text, NodeUser)
		if (err == nil) != (c.err == "") || (err != nil && err.Error() != c.err) {
			t.Errorf("%q: error %v, want %q", c.text, err, c.err)
		}
		if got != c.want {
			t.Errorf("%q: got %+v, want %+v", c.text, got, c.want)
		}
	}
}

func TestFormatIsReadBack(t *testing.T) {
	text := Format([]byte("pem"), ServerUser, "pw")
	got, err := Parse(text, NodeUser)
	if err != nil || got.CAHash != Hash([]byte("pem")) || got.Username != ServerUser || got.Password != "pw" {
		t.Errorf("%q: got %+v, %v", text, got, err)
	}
}
