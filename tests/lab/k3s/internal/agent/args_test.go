// SPDX-License-Identifier: GPL-3.0-or-later

package agent

import (
	"slices"
	"testing"
)

func TestArguments(t *testing.T) {
	defaults := map[string]string{"authorization-mode": "Node,RBAC", "v": "0"}
	cases := []struct {
		user []string
		want []string
	}{
		{nil, []string{"--authorization-mode=Node,RBAC", "--v=0"}},
		{[]string{"v=2"}, []string{"--authorization-mode=Node,RBAC", "--v=2"}},
		{[]string{"authorization-mode+=Webhook"}, []string{"--authorization-mode=Node,RBAC,Webhook", "--v=0"}},
		{[]string{"authorization-mode-=Webhook"}, []string{"--authorization-mode=Webhook,Node,RBAC", "--v=0"}},
		{[]string{"--max-pods=50", "v=1"}, []string{"--authorization-mode=Node,RBAC", "--max-pods=50", "--v=1"}},
		{[]string{"x=1", "x=2"}, []string{"--authorization-mode=Node,RBAC", "--v=0", "--x=1", "--x=2"}},
	}
	for _, c := range cases {
		if got := Arguments(defaults, c.user); !slices.Equal(got, c.want) {
			t.Errorf("%q: got %q, want %q", c.user, got, c.want)
		}
	}
}
