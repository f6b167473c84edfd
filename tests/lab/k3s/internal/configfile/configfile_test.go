// SPDX-License-Identifier: GPL-3.0-or-later

package configfile

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

func TestMerge(t *testing.T) {
	cases := []struct {
		name  string
		texts []string
		want  []string
	}{
		{"scalars and booleans", []string{"cluster-init: true\nnode-name: a\n"},
			[]string{"--cluster-init=true", "--node-name=a"}},
		{"one letter", []string{"t: secret\n"}, []string{"-t=secret"}},
		{"list repeats the flag", []string{"tls-san: [a, b]\n"}, []string{"--tls-san=a", "--tls-san=b"}},
		{"later plain key wins", []string{"node-label: [a=1]\n", "node-label: [b=2]\n"},
			[]string{"--node-label=b=2"}},
		{"plus appends", []string{"disable: traefik\n", "disable+: [servicelb]\n"},
			[]string{"--disable=traefik", "--disable=servicelb"}},
		{"plain key after plus drops all", []string{"aa: 1\n", "aa+: 2\n", "aa: 3\n"}, []string{"--aa=3"}},
		{"unquoted octal is a number of YAML 1.1", []string{"write-kubeconfig-mode: 0644\n"},
			[]string{"--write-kubeconfig-mode=420"}},
		{"quoted octal stays", []string{"write-kubeconfig-mode: \"0644\"\n"},
			[]string{"--write-kubeconfig-mode=0644"}},
		{"commas stay", []string{"kubelet-arg: [\"eviction-hard=a<1%,b<2%\"]\n"},
			[]string{"--kubelet-arg=eviction-hard=a<1%,b<2%"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var texts [][]byte
			for _, text := range c.texts {
				texts = append(texts, []byte(text))
			}
			entries, err := Merge(texts...)
			if err != nil {
				t.Fatal(err)
			}
			if got, _ := Arguments(entries, nil); !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestUnknownKeysAreSetApart(t *testing.T) {
	entries, err := Merge([]byte("server: https://a:6443\nspeed: 9\n"))
	if err != nil {
		t.Fatal(err)
	}
	arguments, unknown := Arguments(entries, func(key string) bool { return key == "server" })
	if !reflect.DeepEqual(arguments, []string{"--server=https://a:6443"}) ||
		!reflect.DeepEqual(unknown, []string{"speed"}) {
		t.Errorf("got %q and %q", arguments, unknown)
	}
}

func TestReadTakesDropInsByName(t *testing.T) {
	dir := t.TempDir()
	main := filepath.Join(dir, "config.yaml")
	if err := os.Mkdir(main+".d", 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"20-b.yml": "xx: 2\n", "10-a.yaml": "xx: 1\n", "30-c.txt": "xx: 3\n"} {
		if err := os.WriteFile(filepath.Join(main+".d", name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	entries, err := Read(main, true)
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := Arguments(entries, nil); !reflect.DeepEqual(got, []string{"--xx=2"}) {
		t.Errorf("got %q", got)
	}
	if _, err := Read(filepath.Join(dir, "missing.yaml"), true); err == nil {
		t.Error("a named file that is missing must be an error")
	}
	if _, err := Read(filepath.Join(dir, "missing.yaml"), false); err != nil {
		t.Errorf("the default file may be missing, got %v", err)
	}
}

func TestPath(t *testing.T) {
	none := func(string) string { return "" }
	set := func(string) string { return "/env" }
	cases := []struct {
		arguments   []string
		environment func(string) string
		want        string
		named       bool
	}{
		{[]string{"server"}, none, "/default", false},
		{[]string{"server", "--config", "/flag"}, none, "/flag", true},
		{[]string{"server", "-c=/flag"}, none, "/flag", true},
		{[]string{"server", "--config=/flag"}, set, "/env", true},
	}
	for _, c := range cases {
		if got, named := Path(c.arguments, c.environment, "/default"); got != c.want || named != c.named {
			t.Errorf("%q: got %q %v", c.arguments, got, named)
		}
	}
}
