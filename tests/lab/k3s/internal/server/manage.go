// SPDX-License-Identifier: GPL-3.0-or-later

package server

import (
	"context"
	"encoding/json"
	"log"
	"time"

	"clusterwright.lab/k3s/internal/proc"
	"clusterwright.lab/k3s/internal/supervisor"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
)

const (
	controlPlaneLabel = "node-role.kubernetes.io/control-plane"
	etcdLabel         = "node-role.kubernetes.io/etcd"
	annotationPrefix  = "etcd.k3s.cattle.io/"
	memberAnnotation  = annotationPrefix + "node-name"
	addressAnnotation = annotationPrefix + "node-address"
	removeAnnotation  = annotationPrefix + "remove"
	removedAnnotation = annotationPrefix + "removed-node-name"
	voterCondition    = "EtcdIsVoter"
	manageEvery       = 2 * time.Second
)

// manage keeps the marks of this server's node and, on the etcd leader, the membership in step
// with the cluster's nodes.
func (s *Server) manage(ctx context.Context, client *kubernetes.Clientset) {
	go s.deployManifests(ctx)
	seen := map[string]string{}
	for {
		nodes, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
		if err == nil {
			err = s.manageNodes(ctx, client, nodes.Items, seen)
		}
		if err != nil && ctx.Err() == nil {
			log.Printf("node marks: %v", err)
		}
		if !proc.Sleep(ctx, manageEvery) {
			return
		}
	}
}

func (s *Server) manageNodes(
	ctx context.Context, client *kubernetes.Clientset, nodes []corev1.Node, seen map[string]string,
) error {
	present := map[string]bool{}
	for _, node := range nodes {
		present[node.Name] = true
		if node.Name == s.settings.NodeName {
			if err := s.mark(ctx, client, &node); err != nil {
				return err
			}
		}
	}
	if !s.etcdMode {
		return nil
	}
	if err := s.member.Refresh(ctx); err != nil {
		return err
	}
	leads := s.member.IsLeader(ctx)
	for _, node := range nodes {
		seen[node.Name] = node.Annotations[memberAnnotation]
		if leads && node.Annotations[removeAnnotation] == "true" {
			if err := s.removeAsked(ctx, client, &node); err != nil {
				return err
			}
		}
	}
	return s.forgetDeleted(ctx, client, present, seen, leads)
}

// forgetDeleted drops member and password of nodes that were there before and are no longer.
func (s *Server) forgetDeleted(
	ctx context.Context, client *kubernetes.Clientset, present map[string]bool, seen map[string]string, leads bool,
) error {
	for name, member := range seen {
		if present[name] {
			continue
		}
		if leads {
			if err := supervisor.ForgetPassword(ctx, client, name); err != nil {
				return err
			}
			if err := s.removeMember(ctx, member); err != nil {
				return err
			}
		}
		delete(seen, name)
	}
	return nil
}

func (s *Server) removeMember(ctx context.Context, name string) error {
	for _, member := range s.member.LastKnown() {
		if name != "" && member.Name == name {
			log.Printf("Removing etcd member %s", name)
			return s.member.Remove(ctx, member.ID)
		}
	}
	return nil
}

func (s *Server) removeAsked(ctx context.Context, client *kubernetes.Clientset, node *corev1.Node) error {
	name := node.Annotations[memberAnnotation]
	if name == "" {
		return nil
	}
	if err := s.removeMember(ctx, name); err != nil {
		return err
	}
	return patch(ctx, client, node.Name, "", map[string]any{"metadata": map[string]any{
		"annotations": map[string]any{removeAnnotation: nil, removedAnnotation: name, memberAnnotation: nil, addressAnnotation: nil},
	}})
}

// mark sets the labels, annotations and the EtcdIsVoter condition of this server's node.
func (s *Server) mark(ctx context.Context, client *kubernetes.Clientset, node *corev1.Node) error {
	labels, annotations := map[string]any{}, map[string]any{}
	want := func(into map[string]any, current map[string]string, key, value string) {
		if current[key] != value {
			into[key] = value
		}
	}
	want(labels, node.Labels, controlPlaneLabel, "true")
	if s.etcdMode && node.Annotations[removedAnnotation] != s.member.Name {
		want(labels, node.Labels, etcdLabel, "true")
		want(annotations, node.Annotations, memberAnnotation, s.member.Name)
		want(annotations, node.Annotations, addressAnnotation, s.settings.NodeIP())
	}
	if len(labels)+len(annotations) > 0 {
		err := patch(ctx, client, node.Name, "", map[string]any{
			"metadata": map[string]any{"labels": labels, "annotations": annotations},
		})
		if err != nil {
			return err
		}
	}
	if !s.etcdMode {
		return nil
	}
	return s.markVoter(ctx, client, node)
}

func (s *Server) markVoter(ctx context.Context, client *kubernetes.Clientset, node *corev1.Node) error {
	wanted := s.voterCondition(ctx)
	for _, current := range node.Status.Conditions {
		if current.Type != voterCondition {
			continue
		}
		if current.Status == wanted.Status {
			wanted.LastTransitionTime = current.LastTransitionTime
		}
		fresh := time.Since(current.LastHeartbeatTime.Time) < time.Minute
		if current.Status == wanted.Status && current.Reason == wanted.Reason && fresh {
			return nil
		}
	}
	return patch(ctx, client, node.Name, "status", map[string]any{
		"status": map[string]any{"conditions": []corev1.NodeCondition{wanted}},
	})
}

func (s *Server) voterCondition(ctx context.Context) corev1.NodeCondition {
	now := metav1.Now()
	condition := corev1.NodeCondition{
		Type: voterCondition, Status: corev1.ConditionFalse, LastHeartbeatTime: now, LastTransitionTime: now,
		Reason: "NotAMember", Message: "Node is not a member of the etcd cluster",
	}
	members, err := s.member.Members(ctx)
	if err != nil {
		condition.Reason, condition.Message = "Unhealthy", err.Error()
		return condition
	}
	for _, member := range members {
		switch {
		case member.Name != s.member.Name:
		case member.IsLearner:
			condition.Reason, condition.Message = "MemberIsLearner", "Node has not been promoted to voting member of the etcd cluster"
		default:
			condition.Status, condition.Reason = corev1.ConditionTrue, "MemberNotLearner"
			condition.Message = "Node is a voting member of the etcd cluster"
		}
	}
	return condition
}

func patch(ctx context.Context, client *kubernetes.Clientset, node, subresource string, change any) error {
	text, err := json.Marshal(change)
	if err != nil {
		return err
	}
	var subresources []string
	if subresource != "" {
		subresources = append(subresources, subresource)
	}
	_, err = client.CoreV1().Nodes().Patch(ctx, node, types.StrategicMergePatchType, text, metav1.PatchOptions{}, subresources...)
	return err
}
