// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"encoding/json"
	"io"
	"net/http"
	"sort"

	"clusterwright.lab/addons/internal/usage"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/tools/cache"
	metricsv1beta1 "k8s.io/metrics/pkg/apis/metrics/v1beta1"
)

var version = metricsv1beta1.SchemeGroupVersion

const base = "/apis/metrics.k8s.io/v1beta1"

// api answers metrics.k8s.io/v1beta1.
type api struct {
	collector *collector
	nodes     cache.Store
	pods      cache.Store
}

func handler(a *api, front *frontProxy) http.Handler {
	behind := http.NewServeMux()
	behind.HandleFunc("GET "+base, a.resources)
	behind.HandleFunc("GET "+base+"/nodes", a.listNodes)
	behind.HandleFunc("GET "+base+"/nodes/{name}", a.getNode)
	behind.HandleFunc("GET "+base+"/pods", a.listPods)
	behind.HandleFunc("GET "+base+"/namespaces/{namespace}/pods", a.listPods)
	behind.HandleFunc("GET "+base+"/namespaces/{namespace}/pods/{name}", a.getPod)
	all := http.NewServeMux()
	all.Handle("/apis/", front.only(behind))
	all.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") })
	all.HandleFunc("GET /readyz", a.ready)
	return all
}

// ready is once there are numbers.
func (a *api) ready(w http.ResponseWriter, _ *http.Request) {
	if len(a.collector.current()) == 0 {
		http.Error(w, "no kubelet was read twice yet", http.StatusServiceUnavailable)
		return
	}
	_, _ = io.WriteString(w, "ok")
}

func (a *api) resources(w http.ResponseWriter, _ *http.Request) {
	verbs := metav1.Verbs{"get", "list"}
	write(w, http.StatusOK, metav1.APIResourceList{
		TypeMeta:     metav1.TypeMeta{Kind: "APIResourceList", APIVersion: "v1"},
		GroupVersion: version.String(),
		APIResources: []metav1.APIResource{
			{Name: "nodes", Kind: "NodeMetrics", Verbs: verbs},
			{Name: "pods", Kind: "PodMetrics", Namespaced: true, Verbs: verbs},
		},
	})
}

func (a *api) listNodes(w http.ResponseWriter, r *http.Request) {
	selector, err := labels.Parse(r.URL.Query().Get("labelSelector"))
	if err != nil {
		fail(w, http.StatusBadRequest, metav1.StatusReasonBadRequest, err.Error())
		return
	}
	list := metricsv1beta1.NodeMetricsList{TypeMeta: kind("NodeMetricsList"), Items: []metricsv1beta1.NodeMetrics{}}
	for _, object := range a.nodes.List() {
		node := object.(*corev1.Node)
		if found := a.node(node); found != nil && selector.Matches(labels.Set(node.Labels)) {
			list.Items = append(list.Items, *found)
		}
	}
	sort.Slice(list.Items, func(i, j int) bool { return list.Items[i].Name < list.Items[j].Name })
	write(w, http.StatusOK, list)
}

func (a *api) getNode(w http.ResponseWriter, r *http.Request) {
	object, exists, _ := a.nodes.GetByKey(r.PathValue("name"))
	if exists {
		if found := a.node(object.(*corev1.Node)); found != nil {
			write(w, http.StatusOK, found)
			return
		}
	}
	missing(w, "nodes", r.PathValue("name"))
}

func (a *api) listPods(w http.ResponseWriter, r *http.Request) {
	selector, err := labels.Parse(r.URL.Query().Get("labelSelector"))
	if err != nil {
		fail(w, http.StatusBadRequest, metav1.StatusReasonBadRequest, err.Error())
		return
	}
	namespace := r.PathValue("namespace")
	list := metricsv1beta1.PodMetricsList{TypeMeta: kind("PodMetricsList"), Items: []metricsv1beta1.PodMetrics{}}
	for _, object := range a.pods.List() {
		pod := object.(*corev1.Pod)
		if namespace != "" && pod.Namespace != namespace || !selector.Matches(labels.Set(pod.Labels)) {
			continue
		}
		if found := a.pod(pod); found != nil {
			list.Items = append(list.Items, *found)
		}
	}
	sort.Slice(list.Items, func(i, j int) bool {
		one, other := list.Items[i], list.Items[j]
		return one.Namespace < other.Namespace || one.Namespace == other.Namespace && one.Name < other.Name
	})
	write(w, http.StatusOK, list)
}

func (a *api) getPod(w http.ResponseWriter, r *http.Request) {
	key := r.PathValue("namespace") + "/" + r.PathValue("name")
	if object, exists, _ := a.pods.GetByKey(key); exists {
		if found := a.pod(object.(*corev1.Pod)); found != nil {
			write(w, http.StatusOK, found)
			return
		}
	}
	missing(w, "pods", key)
}

// node is what a node uses, or nil before that is known.
func (a *api) node(node *corev1.Node) *metricsv1beta1.NodeMetrics {
	used, known := a.collector.current()[usage.Key{Node: node.Name}]
	if !known {
		return nil
	}
	return &metricsv1beta1.NodeMetrics{
		TypeMeta:   kind("NodeMetrics"),
		ObjectMeta: metav1.ObjectMeta{Name: node.Name, Labels: node.Labels, CreationTimestamp: metav1.NewTime(used.At)},
		Timestamp:  metav1.NewTime(used.At),
		Window:     metav1.Duration{Duration: used.Window},
		Usage:      quantities(used),
	}
}

// pod is what a pod's containers use, or nil before that is known of all of them.
func (a *api) pod(pod *corev1.Pod) *metricsv1beta1.PodMetrics {
	found := &metricsv1beta1.PodMetrics{
		TypeMeta:   kind("PodMetrics"),
		ObjectMeta: metav1.ObjectMeta{Name: pod.Name, Namespace: pod.Namespace, Labels: pod.Labels},
	}
	current := a.collector.current()
	for _, container := range pod.Spec.Containers {
		used, known := current[usage.Key{
			Node: pod.Spec.NodeName, Namespace: pod.Namespace, Pod: pod.Name, Container: container.Name,
		}]
		if !known {
			return nil
		}
		found.Timestamp, found.Window = metav1.NewTime(used.At), metav1.Duration{Duration: used.Window}
		found.CreationTimestamp = found.Timestamp
		found.Containers = append(found.Containers,
			metricsv1beta1.ContainerMetrics{Name: container.Name, Usage: quantities(used)})
	}
	return found
}

func quantities(used usage.Usage) corev1.ResourceList {
	return corev1.ResourceList{
		corev1.ResourceCPU:    *resource.NewScaledQuantity(int64(used.Cores*1e9), resource.Nano),
		corev1.ResourceMemory: *resource.NewQuantity(int64(used.MemoryBytes), resource.BinarySI),
	}
}

func kind(name string) metav1.TypeMeta {
	return metav1.TypeMeta{Kind: name, APIVersion: version.String()}
}

func missing(w http.ResponseWriter, plural, name string) {
	fail(w, http.StatusNotFound, metav1.StatusReasonNotFound, plural+".metrics.k8s.io \""+name+"\" not found")
}

func fail(w http.ResponseWriter, code int, reason metav1.StatusReason, message string) {
	write(w, code, metav1.Status{
		TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"},
		Status:   metav1.StatusFailure, Reason: reason, Message: message, Code: int32(code),
	})
}

func write(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body)
}
