// SPDX-License-Identifier: GPL-3.0-or-later

package route

import (
	"testing"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func service(name string) networkingv1.IngressBackend {
	return networkingv1.IngressBackend{Service: &networkingv1.IngressServiceBackend{Name: name}}
}

func path(kind networkingv1.PathType, path, to string) networkingv1.HTTPIngressPath {
	return networkingv1.HTTPIngressPath{Path: path, PathType: &kind, Backend: service(to)}
}

func rule(host string, paths ...networkingv1.HTTPIngressPath) networkingv1.IngressRule {
	value := networkingv1.IngressRuleValue{HTTP: &networkingv1.HTTPIngressRuleValue{Paths: paths}}
	return networkingv1.IngressRule{Host: host, IngressRuleValue: value}
}

func TestFind(t *testing.T) {
	exact, prefix := networkingv1.PathTypeExact, networkingv1.PathTypePrefix
	ingresses := []*networkingv1.Ingress{{
		ObjectMeta: metav1.ObjectMeta{Namespace: "apps"},
		Spec: networkingv1.IngressSpec{Rules: []networkingv1.IngressRule{
			rule("", path(prefix, "/", "any")),
			rule("*.example.org", path(prefix, "/", "wild")),
			rule("a.example.org",
				path(prefix, "/", "root"), path(prefix, "/api/", "api"), path(exact, "/api", "exact"),
				path(prefix, "/api/v2", "v2")),
		}},
	}}
	for _, test := range []struct{ host, path, want string }{
		{"elsewhere.test", "/", "any"},
		{"b.example.org", "/x", "wild"},
		{"c.b.example.org", "/x", "any"},
		{"example.org", "/", "any"},
		{"a.example.org", "/", "root"},
		{"A.example.org:30080", "/other", "root"},
		{"a.example.org", "/api", "exact"},
		{"a.example.org", "/api/", "api"},
		{"a.example.org", "/apiary", "root"},
		{"a.example.org", "/api/v2/items", "v2"},
	} {
		found := Find(ingresses, test.host, test.path)
		if found == nil || found.Service.Name != test.want || found.Namespace != "apps" {
			t.Errorf("%s%s leads to %+v, not to %s", test.host, test.path, found, test.want)
		}
	}
}

func TestFindDefaultBackendOnlyWithoutARule(t *testing.T) {
	prefix, fallback := networkingv1.PathTypePrefix, service("fallback")
	ingresses := []*networkingv1.Ingress{{Spec: networkingv1.IngressSpec{
		DefaultBackend: &fallback,
		Rules:          []networkingv1.IngressRule{rule("a.test", path(prefix, "/", "a"))},
	}}}
	for host, want := range map[string]string{"a.test": "a", "b.test": "fallback"} {
		if found := Find(ingresses, host, "/"); found == nil || found.Service.Name != want {
			t.Errorf("%s leads to %+v, not to %s", host, found, want)
		}
	}
	if found := Find(nil, "a.test", "/"); found != nil {
		t.Errorf("no rule leads to %+v", found)
	}
}
