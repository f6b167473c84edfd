// SPDX-License-Identifier: GPL-3.0-or-later

package agent

import (
	"sort"
	"strings"
)

// Arguments merges a component's defaults with the user's `key=value` pairs: a value replaces the
// default, `key+=value` appends to it and `key-=value` prepends.
func Arguments(defaults map[string]string, user []string) []string {
	merged := map[string][]string{}
	for key, value := range defaults {
		merged[key] = []string{value}
	}
	replaced := map[string]bool{}
	for _, argument := range user {
		key, value, _ := strings.Cut(strings.TrimLeft(argument, "-"), "=")
		switch {
		case strings.HasSuffix(key, "+"):
			key = strings.TrimSuffix(key, "+")
			merged[key] = affix(merged[key], value, false)
		case strings.HasSuffix(key, "-"):
			key = strings.TrimSuffix(key, "-")
			merged[key] = affix(merged[key], value, true)
		case replaced[key]:
			merged[key] = append(merged[key], value)
		default:
			merged[key] = []string{value}
			replaced[key] = true
		}
	}
	var arguments []string
	for key, values := range merged {
		for _, value := range values {
			arguments = append(arguments, "--"+key+"="+value)
		}
	}
	sort.Strings(arguments)
	return arguments
}

func affix(current []string, value string, before bool) []string {
	if len(current) == 0 {
		return []string{value}
	}
	last := len(current) - 1
	if before {
		return append(current[:last:last], value+","+current[last])
	}
	return append(current[:last:last], current[last]+","+value)
}
