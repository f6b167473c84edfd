// SPDX-License-Identifier: GPL-3.0-or-later

// The lab's metrics server: it stands where metrics-server would and is not that program. It serves
// metrics.k8s.io/v1beta1 with the numbers of the kubelets' /metrics/resource.
package main

import (
	"context"
	"crypto/tls"
	"flag"
	"log"
	"net/http"
	"os/signal"
	"syscall"
	"time"

	"clusterwright.lab/addons/internal/kube"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
	certutil "k8s.io/client-go/util/cert"
)

func main() {
	address := flag.String("address", ":10250", "address to serve on")
	resolution := flag.Duration("metric-resolution", 15*time.Second, "time between two looks at the kubelets")
	insecure := flag.Bool("kubelet-insecure-tls", false, "do not verify the certificates of kubelets")
	flag.Parse()
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	if err := run(ctx, *address, *resolution, *insecure); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, address string, resolution time.Duration, insecure bool) error {
	config, err := rest.InClusterConfig()
	if err != nil {
		return err
	}
	core, err := kube.Client(config, corev1.SchemeGroupVersion)
	if err != nil {
		return err
	}
	nodes, err := kube.Follow(ctx, core, "nodes", &corev1.Node{})
	if err != nil {
		return err
	}
	pods, err := kube.Follow(ctx, core, "pods", &corev1.Pod{})
	if err != nil {
		return err
	}
	kubelets, err := kubeletClient(config, insecure)
	if err != nil {
		return err
	}
	collector := &collector{nodes: nodes, kubelets: kubelets}
	go collector.run(ctx, resolution)
	front, err := newFrontProxy(ctx, core)
	if err != nil {
		return err
	}
	certificate, err := selfSigned()
	if err != nil {
		return err
	}
	server := &http.Server{
		Addr:              address,
		Handler:           handler(&api{collector: collector, nodes: nodes, pods: pods}, front),
		ReadHeaderTimeout: 10 * time.Second,
		TLSConfig: &tls.Config{
			Certificates: []tls.Certificate{certificate},
			// Probes come without one; the API asks for it in the handler.
			ClientAuth: tls.VerifyClientCertIfGiven, ClientCAs: front.authorities, MinVersion: tls.VersionTLS12,
		},
	}
	go func() { <-ctx.Done(); _ = server.Close() }()
	log.Printf("serving metrics.k8s.io/v1beta1 on %s", address)
	if err := server.ListenAndServeTLS("", ""); err != http.ErrServerClosed {
		return err
	}
	return nil
}

func selfSigned() (tls.Certificate, error) {
	certificate, key, err := certutil.GenerateSelfSignedCertKey("metrics-server", nil, nil)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.X509KeyPair(certificate, key)
}
