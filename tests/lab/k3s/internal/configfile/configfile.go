// SPDX-License-Identifier: GPL-3.0-or-later

// Package configfile turns /etc/rancher/k3s/config.yaml and its drop-ins into command-line
// arguments by the merge rules of k3s.
package configfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"go.yaml.in/yaml/v2"
)

// Entry is one key with its values after the merge; a list has any number of them.
type Entry struct {
	Key    string
	Values []string
}

// Read merges path and path.d/*.yaml, *.yml in the order of their names. A missing main file is
// an error only if required is set and there are no drop-ins.
func Read(path string, required bool) ([]Entry, error) {
	dropIns, err := dropInFiles(path + ".d")
	if err != nil {
		return nil, err
	}
	var texts [][]byte
	main, err := os.ReadFile(path)
	switch {
	case err == nil:
		texts = append(texts, main)
	case !errors.Is(err, fs.ErrNotExist) || (required && len(dropIns) == 0):
		return nil, err
	}
	for _, file := range dropIns {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		texts = append(texts, text)
	}
	return Merge(texts...)
}

func dropInFiles(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var files []string
	for _, entry := range entries {
		extension := filepath.Ext(entry.Name())
		if !entry.IsDir() && (extension == ".yaml" || extension == ".yml") {
			files = append(files, filepath.Join(dir, entry.Name()))
		}
	}
	sort.Strings(files)
	return files, nil
}

// Merge applies the texts one after another: a plain key replaces what is there, `key+` appends.
func Merge(texts ...[]byte) ([]Entry, error) {
	var entries []Entry
	index := map[string]int{}
	for _, text := range texts {
		var document yaml.MapSlice
		if err := yaml.Unmarshal(text, &document); err != nil {
			return nil, err
		}
		for _, item := range document {
			key := fmt.Sprint(item.Key)
			name, appends := strings.CutSuffix(key, "+")
			values := stringsOf(item.Value)
			position, known := index[name]
			switch {
			case !known:
				index[name] = len(entries)
				entries = append(entries, Entry{Key: name, Values: values})
			case appends:
				entries[position].Values = append(entries[position].Values, values...)
			default:
				entries[position].Values = values
			}
		}
	}
	return entries, nil
}

func stringsOf(value any) []string {
	switch typed := value.(type) {
	case nil:
		return nil
	case []any:
		values := make([]string, 0, len(typed))
		for _, element := range typed {
			values = append(values, fmt.Sprint(element))
		}
		return values
	default:
		return []string{fmt.Sprint(typed)}
	}
}

// Arguments writes the entries as command-line arguments; keys that known refuses are returned
// apart. A nil known accepts every key.
func Arguments(entries []Entry, known func(key string) bool) (arguments, unknown []string) {
	for _, entry := range entries {
		if known != nil && !known(entry.Key) {
			unknown = append(unknown, entry.Key)
			continue
		}
		dashes := "--"
		if len(entry.Key) == 1 {
			dashes = "-"
		}
		for _, value := range entry.Values {
			arguments = append(arguments, dashes+entry.Key+"="+value)
		}
	}
	return arguments, unknown
}

// Path finds the configuration file: K3S_CONFIG_FILE before --config before the default.
func Path(arguments []string, environment func(string) string, fallback string) (string, bool) {
	if path := environment("K3S_CONFIG_FILE"); path != "" {
		return path, true
	}
	for position, argument := range arguments {
		for _, name := range []string{"--config", "-config", "-c", "--c"} {
			if value, found := strings.CutPrefix(argument, name+"="); found {
				return value, true
			}
			if argument == name && position+1 < len(arguments) {
				return arguments[position+1], true
			}
		}
	}
	return fallback, false
}
