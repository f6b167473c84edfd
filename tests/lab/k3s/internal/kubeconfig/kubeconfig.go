// SPDX-License-Identifier: GPL-3.0-or-later

// Package kubeconfig writes the credentials of users and components.
package kubeconfig

import (
	"os"

	"clusterwright.lab/k3s/internal/layout"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// WriteFiles writes a component's kubeconfig that names its certificate files.
func WriteFiles(path, server, ca, certificate, key string) error {
	return write(path, 0o600, [3]string{"local", "Default", "user"},
		&api.Cluster{Server: server, CertificateAuthority: ca},
		&api.AuthInfo{ClientCertificate: certificate, ClientKey: key})
}

// WriteEmbedded writes the administrator's kubeconfig with everything in it.
func WriteEmbedded(path string, mode os.FileMode, server, ca, certificate, key string) error {
	var texts [3][]byte
	for position, file := range []string{ca, certificate, key} {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		texts[position] = text
	}
	return write(path, mode, [3]string{"default", "default", "default"},
		&api.Cluster{Server: server, CertificateAuthorityData: texts[0]},
		&api.AuthInfo{ClientCertificateData: texts[1], ClientKeyData: texts[2]})
}

func write(path string, mode os.FileMode, names [3]string, cluster *api.Cluster, user *api.AuthInfo) error {
	config := api.NewConfig()
	config.Clusters[names[0]] = cluster
	config.AuthInfos[names[2]] = user
	config.Contexts[names[1]] = &api.Context{Cluster: names[0], AuthInfo: names[2]}
	config.CurrentContext = names[1]
	text, err := clientcmd.Write(*config)
	if err != nil {
		return err
	}
	return layout.WriteFile(path, text, mode)
}
