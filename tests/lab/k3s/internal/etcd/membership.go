// SPDX-License-Identifier: GPL-3.0-or-later

package etcd

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/url"
	"os"
	"strings"
	"time"

	"clusterwright.lab/k3s/internal/layout"
	"clusterwright.lab/k3s/internal/proc"
	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

const (
	promoteEvery    = time.Second
	learnerMaxStall = 5 * time.Minute
)

// ErrDuplicateName is a join under the name of another member's node.
var ErrDuplicateName = errors.New("duplicate node name found, please use a unique name for this node")

// Member is what a server tells a joining one about the etcd cluster.
type Member struct {
	ID         uint64   `json:"ID"`
	Name       string   `json:"name"`
	PeerURLs   []string `json:"peerURLs"`
	ClientURLs []string `json:"clientURLs"`
	IsLearner  bool     `json:"isLearner,omitempty"`
}

// Members lists the cluster's members as the local one knows them.
func (e *Etcd) Members(ctx context.Context) ([]Member, error) {
	limited, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	response, err := e.client.MemberList(limited)
	if err != nil {
		return nil, err
	}
	return members(response.Members), nil
}

// Refresh remembers the members, for the time when the local one no longer answers.
func (e *Etcd) Refresh(ctx context.Context) error {
	list, err := e.Members(ctx)
	if err == nil {
		e.known.Store(&list)
	}
	return err
}

// LastKnown is the list of the last Refresh.
func (e *Etcd) LastKnown() []Member {
	if list := e.known.Load(); list != nil {
		return *list
	}
	return nil
}

func members(raw []*etcdserverpb.Member) []Member {
	list := make([]Member, 0, len(raw))
	for _, m := range raw {
		list = append(list, Member{
			ID: m.ID, Name: m.Name, PeerURLs: m.PeerURLs, ClientURLs: m.ClientURLs, IsLearner: m.IsLearner,
		})
	}
	return list
}

// Join adds this server to the cluster of the known members as a learner and runs its member.
func (e *Etcd) Join(ctx context.Context, known []Member) error {
	var endpoints []string
	for _, member := range known {
		if !member.IsLearner {
			endpoints = append(endpoints, member.ClientURLs...)
		}
	}
	client, err := Client(e.Data, endpoints...)
	if err != nil {
		return err
	}
	defer client.Close()
	for {
		cluster, err := e.addSelf(ctx, client)
		if err == nil {
			log.Printf("Adding member %s to etcd cluster %v", e.Name, cluster)
			return e.Start(cluster, "existing", false)
		}
		if errors.Is(err, ErrDuplicateName) {
			_ = os.Remove(e.file("name"))
			return err
		}
		log.Printf("Waiting for other members to finish joining etcd cluster: %v", err)
		if !proc.Sleep(ctx, time.Second) {
			return ctx.Err()
		}
	}
}

// addSelf makes this server a learner unless it already is a member that never started, and
// returns the initial cluster.
func (e *Etcd) addSelf(ctx context.Context, client *clientv3.Client) ([]string, error) {
	limited, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	response, err := client.MemberList(limited)
	if err != nil {
		return nil, err
	}
	cluster, added, err := e.initialCluster(members(response.Members))
	if err != nil || added {
		return cluster, err
	}
	if _, err = client.MemberAddAsLearner(limited, []string{e.peerURL()}); err != nil {
		return nil, err
	}
	return append(cluster, e.Name+"="+e.peerURL()), nil
}

func (e *Etcd) initialCluster(known []Member) (cluster []string, added bool, err error) {
	for _, member := range known {
		name := member.Name
		if NodeOf(name) == e.NodeName {
			return nil, false, ErrDuplicateName
		}
		if name == "" && hasHost(member.PeerURLs, e.Address) {
			name, added = e.Name, true
		}
		if name == "" {
			return nil, false, fmt.Errorf("member %v has not started yet", member.PeerURLs)
		}
		if len(member.PeerURLs) > 0 {
			cluster = append(cluster, name+"="+member.PeerURLs[0])
		}
	}
	return cluster, added, nil
}

func hasHost(urls []string, host string) bool {
	for _, text := range urls {
		if parsed, err := url.Parse(text); err == nil && parsed.Hostname() == host {
			return true
		}
	}
	return false
}

// NodeOf is the name of the node whose member has the given name.
func NodeOf(member string) string {
	position := strings.LastIndex(member, "-")
	if position < 0 {
		return member
	}
	return member[:position]
}

// IsLeader tells whether the local member leads the cluster.
func (e *Etcd) IsLeader(ctx context.Context) bool {
	limited, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	status, err := e.client.Status(limited, LocalEndpoint)
	return err == nil && status.Leader == status.Header.MemberId
}

// Promote turns learners into voters for as long as ctx lives, whenever this member leads.
func (e *Etcd) Promote(ctx context.Context) {
	since := map[uint64]time.Time{}
	for proc.Sleep(ctx, promoteEvery) {
		if !e.IsLeader(ctx) {
			continue
		}
		list, err := e.Members(ctx)
		if err != nil {
			continue
		}
		for _, member := range list {
			if member.IsLearner {
				e.promote(ctx, member, since)
			}
		}
	}
}

func (e *Etcd) promote(ctx context.Context, member Member, since map[uint64]time.Time) {
	limited, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	_, err := e.client.MemberPromote(limited, member.ID)
	if err == nil {
		log.Printf("Promoted learner %s", member.Name)
		delete(since, member.ID)
		return
	}
	if _, seen := since[member.ID]; !seen {
		since[member.ID] = time.Now()
	}
	if time.Since(since[member.ID]) > learnerMaxStall {
		if e.Remove(ctx, member.ID) == nil {
			log.Printf("Removed learner %s", member.Name)
		}
	} else if !errors.Is(err, rpctypes.ErrMemberLearnerNotReady) && member.Name != "" {
		log.Printf("Learner %s cannot be promoted yet: %v", member.Name, err)
	}
}

// Remove takes a member out of the cluster.
func (e *Etcd) Remove(ctx context.Context, id uint64) error {
	limited, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	_, err := e.client.MemberRemove(limited, id)
	return err
}

// Removed tells whether the other members no longer count this one among them.
func (e *Etcd) Removed(ctx context.Context, others []Member) bool {
	var endpoints []string
	for _, member := range others {
		if member.Name != e.Name {
			endpoints = append(endpoints, member.ClientURLs...)
		}
	}
	if len(endpoints) == 0 {
		return false
	}
	client, err := Client(e.Data, endpoints...)
	if err != nil {
		return false
	}
	defer client.Close()
	limited, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	response, err := client.MemberList(limited)
	if err != nil {
		return false
	}
	for _, member := range response.Members {
		if member.Name == e.Name {
			return false
		}
	}
	return true
}

// Bury marks the data of a removed member, so that the next start sets it aside.
func (e *Etcd) Bury() error {
	return layout.WriteFile(e.file("tombstone"), nil, 0o600)
}

// SetAsideBuried moves a removed member's data away and tells whether it did.
func (e *Etcd) SetAsideBuried() (bool, error) {
	if !layout.Exists(e.file("tombstone")) {
		return false, nil
	}
	return true, os.Rename(e.Dir(), e.Data.DB(fmt.Sprintf("etcd-backup-%d", time.Now().Unix())))
}
