// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"context"
	"encoding/json"
	"log"
	"reflect"
	"sort"
	"time"

	"clusterwright.lab/addons/internal/kube"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/types"
)

const publishEvery = 3 * time.Second

// publish writes where they are reached, the nodes' addresses, into the served Ingress objects.
func (c *controller) publish(ctx context.Context) {
	for {
		wanted := networkingv1.IngressLoadBalancerStatus{Ingress: c.addresses()}
		for _, ingress := range c.served() {
			if reflect.DeepEqual(ingress.Status.LoadBalancer, wanted) {
				continue
			}
			if err := c.patch(ctx, ingress, wanted); err != nil && ctx.Err() == nil {
				log.Printf("status of %s/%s: %v", ingress.Namespace, ingress.Name, err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(publishEvery):
		}
	}
}

func (c *controller) addresses() []networkingv1.IngressLoadBalancerIngress {
	var found []networkingv1.IngressLoadBalancerIngress
	for _, node := range objects[corev1.Node](c.nodes) {
		for _, address := range kube.Addresses(node, corev1.NodeInternalIP) {
			found = append(found, networkingv1.IngressLoadBalancerIngress{IP: address})
		}
	}
	sort.Slice(found, func(i, j int) bool { return found[i].IP < found[j].IP })
	return found
}

func (c *controller) patch(
	ctx context.Context, ingress *networkingv1.Ingress, status networkingv1.IngressLoadBalancerStatus,
) error {
	change := map[string]any{"status": map[string]any{"loadBalancer": status}}
	text, err := json.Marshal(change)
	if err != nil {
		return err
	}
	return c.client.Patch(types.MergePatchType).Namespace(ingress.Namespace).Resource("ingresses").
		Name(ingress.Name).SubResource("status").Body(text).Do(ctx).Error()
}
