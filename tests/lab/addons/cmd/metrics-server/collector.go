// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"clusterwright.lab/addons/internal/kube"
	"clusterwright.lab/addons/internal/usage"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

const kubeletTimeout = 5 * time.Second

// collector asks the kubelets again and again and keeps what is used now.
type collector struct {
	nodes    cache.Store
	kubelets *http.Client

	lock  sync.RWMutex
	found map[usage.Key]usage.Usage
}

// current returns what is used; empty until the kubelets were asked twice.
func (c *collector) current() map[usage.Key]usage.Usage {
	c.lock.RLock()
	defer c.lock.RUnlock()
	return c.found
}

func (c *collector) run(ctx context.Context, resolution time.Duration) {
	series := usage.Series{}
	for {
		round, err := c.round(ctx)
		if err != nil && ctx.Err() == nil {
			log.Printf("%v", err)
		}
		series = series.Add(round)
		found := series.Usage()
		c.lock.Lock()
		c.found = found
		c.lock.Unlock()
		wait := resolution
		if len(found) == 0 {
			wait = time.Second // until there are numbers at all
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

// round asks all kubelets at once; those that do not answer are in the error.
func (c *collector) round(ctx context.Context) (map[usage.Key]usage.Sample, error) {
	nodes := c.nodes.List()
	answers := make([]map[usage.Key]usage.Sample, len(nodes))
	failures := make([]error, len(nodes))
	var group sync.WaitGroup
	for index, node := range nodes {
		group.Add(1)
		go func() {
			defer group.Done()
			answers[index], failures[index] = c.ask(ctx, node.(*corev1.Node))
		}()
	}
	group.Wait()
	all := map[usage.Key]usage.Sample{}
	for _, answer := range answers {
		for key, sample := range answer {
			all[key] = sample
		}
	}
	return all, errors.Join(failures...)
}

func (c *collector) ask(ctx context.Context, node *corev1.Node) (map[usage.Key]usage.Sample, error) {
	addresses := kube.Addresses(node, corev1.NodeInternalIP)
	if len(addresses) == 0 {
		return nil, fmt.Errorf("node %s has no internal address", node.Name)
	}
	ctx, cancel := context.WithTimeout(ctx, kubeletTimeout)
	defer cancel()
	port := strconv.Itoa(int(node.Status.DaemonEndpoints.KubeletEndpoint.Port))
	url := "https://" + net.JoinHostPort(addresses[0], port) + "/metrics/resource"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	answer, err := c.kubelets.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s was answered with %s", url, answer.Status)
	}
	return usage.Read(node.Name, answer.Body)
}

// kubeletClient presents the pod's own token to the kubelets.
func kubeletClient(config *rest.Config, insecure bool) (*http.Client, error) {
	own := rest.CopyConfig(config)
	if insecure {
		own.TLSClientConfig = rest.TLSClientConfig{Insecure: true}
	}
	return rest.HTTPClientFor(own)
}
