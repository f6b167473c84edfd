// SPDX-License-Identifier: GPL-3.0-or-later

package bootstrap

import (
	"bytes"
	"testing"

	"clusterwright.lab/k3s/internal/layout"
)

func TestSealedDataOpensWithItsTokenOnly(t *testing.T) {
	sealed, err := seal([]byte("files"), "token")
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := open(sealed, "token"); err != nil || string(plain) != "files" {
		t.Errorf("got %q, %v", plain, err)
	}
	if _, err := open(sealed, "other"); err == nil {
		t.Error("another token must not open the data")
	}
}

func TestFilesReachAnotherServerUnchanged(t *testing.T) {
	first, second := layout.Data(t.TempDir()), layout.Data(t.TempDir())
	if err := Create(first, true); err != nil {
		t.Fatal(err)
	}
	files, err := Read(first)
	if err != nil {
		t.Fatal(err)
	}
	if err := files.Write(second); err != nil {
		t.Fatal(err)
	}
	copied, err := Read(second)
	if err != nil {
		t.Fatal(err)
	}
	if len(copied) != len(files) || len(files) < 12 {
		t.Fatalf("got %d files of %d", len(copied), len(files))
	}
	for path, text := range files {
		if !bytes.Equal(copied[path], text) {
			t.Errorf("%s differs", path)
		}
	}
	if err := (Files{"../../etc/passwd": nil}).Write(second); err == nil {
		t.Error("a path outside the list must be refused")
	}
}
