// SPDX-License-Identifier: GPL-3.0-or-later

// Package route finds the backend of a request among the rules of Ingress objects.
package route

import (
	"net"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
)

// Backend is a service that a rule leads to.
type Backend struct {
	Namespace string
	Service   *networkingv1.IngressServiceBackend
}

// rank orders rules that match: an exact host before a wildcard before any, then an exact path,
// then the longest prefix, as the Ingress API documents it.
type rank struct{ host, exact, length int }

func (r rank) better(other rank) bool {
	if r.host != other.host {
		return r.host > other.host
	}
	if r.exact != other.exact {
		return r.exact > other.exact
	}
	return r.length > other.length
}

// Find returns the backend for a host (with or without a port) and a path, or nil.
func Find(ingresses []*networkingv1.Ingress, host, path string) *Backend {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(host)
	var best *Backend
	bestRank := rank{host: -1}
	consider := func(ingress *networkingv1.Ingress, service *networkingv1.IngressServiceBackend, found rank) {
		if service != nil && (best == nil || found.better(bestRank)) {
			best, bestRank = &Backend{Namespace: ingress.Namespace, Service: service}, found
		}
	}
	for _, ingress := range ingresses {
		if fallback := ingress.Spec.DefaultBackend; fallback != nil {
			consider(ingress, fallback.Service, rank{host: -1})
		}
		for _, rule := range ingress.Spec.Rules {
			hostRank, ok := matchHost(rule.Host, host)
			if !ok || rule.HTTP == nil {
				continue
			}
			for _, candidate := range rule.HTTP.Paths {
				if exact, ok := matchPath(candidate, path); ok {
					consider(ingress, candidate.Backend.Service, rank{hostRank, exact, len(candidate.Path)})
				}
			}
		}
	}
	return best
}

func matchHost(pattern, host string) (int, bool) {
	switch {
	case pattern == "":
		return 0, true
	case strings.HasPrefix(pattern, "*."):
		label, rest, found := strings.Cut(host, ".")
		return 1, found && label != "" && rest == pattern[2:]
	default:
		return 2, pattern == host
	}
}

func matchPath(rule networkingv1.HTTPIngressPath, path string) (int, bool) {
	if rule.PathType != nil && *rule.PathType == networkingv1.PathTypeExact {
		return 1, path == rule.Path
	}
	prefix := strings.TrimSuffix(rule.Path, "/")
	return 0, path == prefix || strings.HasPrefix(path, prefix+"/")
}
