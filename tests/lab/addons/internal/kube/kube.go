// SPDX-License-Identifier: GPL-3.0-or-later

// Package kube reaches the cluster that a pod runs in. It knows only the API groups that the lab's
// add-ons use, which keeps them small.
package kube

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

var scheme = runtime.NewScheme()

func init() {
	for _, add := range []func(*runtime.Scheme) error{
		corev1.AddToScheme, discoveryv1.AddToScheme, networkingv1.AddToScheme,
	} {
		utilruntime.Must(add(scheme))
	}
}

// Client returns a client of one API group with the given credentials.
func Client(config *rest.Config, version schema.GroupVersion) (*rest.RESTClient, error) {
	own := rest.CopyConfig(config)
	own.GroupVersion = &version
	own.NegotiatedSerializer = serializer.NewCodecFactory(scheme).WithoutConversion()
	own.APIPath = "/apis"
	if version.Group == "" {
		own.APIPath = "/api"
	}
	return rest.RESTClientFor(own)
}

// Follow returns a store that mirrors all objects of one resource until ctx ends; it is complete
// on return.
func Follow(ctx context.Context, client rest.Interface, resource string, kind runtime.Object) (cache.Store, error) {
	store, controller := cache.NewInformerWithOptions(cache.InformerOptions{
		ListerWatcher: cache.NewListWatchFromClient(client, resource, "", fields.Everything()),
		ObjectType:    kind,
		Handler:       cache.ResourceEventHandlerFuncs{},
	})
	go controller.Run(ctx.Done())
	if !cache.WaitForCacheSync(ctx.Done(), controller.HasSynced) {
		return nil, fmt.Errorf("%s cannot be listed: %w", resource, ctx.Err())
	}
	return store, nil
}

// Addresses returns the node's addresses of one type.
func Addresses(node *corev1.Node, kind corev1.NodeAddressType) []string {
	var found []string
	for _, address := range node.Status.Addresses {
		if address.Type == kind {
			found = append(found, address.Address)
		}
	}
	return found
}
