// SPDX-License-Identifier: GPL-3.0-or-later

package bootstrap

import (
	"testing"

	"clusterwright.lab/k3s/internal/layout"
)

func TestANewKeyEncryptsAndTheOldOneReadsUntilItIsDropped(t *testing.T) {
	data := layout.Data(t.TempDir())
	if err := layout.WriteFile(data.Server(encryptionConfig), newEncryptionConfig(), 0o600); err != nil {
		t.Fatal(err)
	}
	names := func() (found []string) {
		err := changeKeys(data, func(keys []encryptionKey) []encryptionKey {
			for _, key := range keys {
				found = append(found, key.Name)
			}
			return keys
		})
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	if err := AddKey(data); err != nil {
		t.Fatal(err)
	}
	both := names()
	if len(both) != 2 || both[1] != "aescbckey" || both[0] == both[1] {
		t.Fatalf("keys are %v", both)
	}
	if err := DropOldKeys(data); err != nil {
		t.Fatal(err)
	}
	if left := names(); len(left) != 1 || left[0] != both[0] {
		t.Fatalf("keys are %v", left)
	}
}
