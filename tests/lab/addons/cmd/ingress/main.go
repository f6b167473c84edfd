// SPDX-License-Identifier: GPL-3.0-or-later

// The lab's ingress controller: it stands where Traefik would and is not Traefik. It serves HTTP by
// host and path to the pods of services, and has neither TLS nor middlewares.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"net/http/httputil"
	"os/signal"
	"syscall"
	"time"

	"clusterwright.lab/addons/internal/kube"
	"clusterwright.lab/addons/internal/route"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

const legacyClass = "kubernetes.io/ingress.class"

type controller struct {
	class     string
	ingresses cache.Store
	services  cache.Store
	slices    cache.Store
	nodes     cache.Store
	client    rest.Interface
}

func main() {
	class := flag.String("ingress-class", "traefik", "name of the IngressClass to serve")
	web := flag.String("web", ":8000", "address for requests")
	ping := flag.String("ping", ":8080", "address for /ping")
	flag.Parse()
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	if err := run(ctx, *class, *web, *ping); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, class, web, ping string) error {
	own, err := start(ctx, class)
	if err != nil {
		return err
	}
	go own.publish(ctx)
	health := http.NewServeMux()
	health.HandleFunc("GET /ping", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "OK") })
	failed := make(chan error, 2)
	for _, server := range []*http.Server{
		{Addr: web, Handler: own, ReadHeaderTimeout: 10 * time.Second},
		{Addr: ping, Handler: health, ReadHeaderTimeout: 10 * time.Second},
	} {
		go func() { failed <- server.ListenAndServe() }()
		defer server.Close()
	}
	log.Printf("serving IngressClass %s on %s", class, web)
	select {
	case <-ctx.Done():
		return nil
	case err := <-failed:
		return err
	}
}

// start follows all that routing needs; it returns when it is there.
func start(ctx context.Context, class string) (*controller, error) {
	config, err := rest.InClusterConfig()
	if err != nil {
		return nil, err
	}
	core, err := kube.Client(config, corev1.SchemeGroupVersion)
	if err != nil {
		return nil, err
	}
	discovery, err := kube.Client(config, discoveryv1.SchemeGroupVersion)
	if err != nil {
		return nil, err
	}
	networking, err := kube.Client(config, networkingv1.SchemeGroupVersion)
	if err != nil {
		return nil, err
	}
	own := &controller{class: class, client: networking}
	var failures [4]error
	own.ingresses, failures[0] = kube.Follow(ctx, networking, "ingresses", &networkingv1.Ingress{})
	own.services, failures[1] = kube.Follow(ctx, core, "services", &corev1.Service{})
	own.slices, failures[2] = kube.Follow(ctx, discovery, "endpointslices", &discoveryv1.EndpointSlice{})
	own.nodes, failures[3] = kube.Follow(ctx, core, "nodes", &corev1.Node{})
	return own, errors.Join(failures[:]...)
}

func (c *controller) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	backend := route.Find(c.served(), r.Host, r.URL.Path)
	if backend == nil {
		http.NotFound(w, r)
		return
	}
	endpoints := c.endpoints(backend)
	if len(endpoints) == 0 {
		http.Error(w, "no available server", http.StatusServiceUnavailable)
		return
	}
	target := endpoints[rand.IntN(len(endpoints))]
	proxy := httputil.ReverseProxy{Rewrite: func(request *httputil.ProxyRequest) {
		request.Out.URL.Scheme, request.Out.URL.Host = "http", target
		request.Out.Host = request.In.Host
		request.SetXForwarded()
	}}
	proxy.ServeHTTP(w, r)
}

// served are the Ingress objects of this controller's class.
func (c *controller) served() []*networkingv1.Ingress {
	var found []*networkingv1.Ingress
	for _, ingress := range objects[networkingv1.Ingress](c.ingresses) {
		class := ingress.Annotations[legacyClass]
		if ingress.Spec.IngressClassName != nil {
			class = *ingress.Spec.IngressClassName
		}
		if class == c.class {
			found = append(found, ingress)
		}
	}
	return found
}

func (c *controller) endpoints(backend *route.Backend) []string {
	found, exists, err := c.services.GetByKey(fmt.Sprintf("%s/%s", backend.Namespace, backend.Service.Name))
	if err != nil || !exists {
		return nil
	}
	return route.Endpoints(found.(*corev1.Service), objects[discoveryv1.EndpointSlice](c.slices), backend.Service.Port)
}

func objects[T any](store cache.Store) []*T {
	listed := store.List()
	found := make([]*T, len(listed))
	for index, object := range listed {
		found[index] = object.(*T)
	}
	return found
}
