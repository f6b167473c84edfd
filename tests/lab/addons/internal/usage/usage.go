// SPDX-License-Identifier: GPL-3.0-or-later

// Package usage turns what kubelets count into what nodes and pods use.
package usage

import (
	"fmt"
	"io"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
)

// Key names what is counted: a node (Node alone) or a container of a pod.
type Key struct{ Node, Namespace, Pod, Container string }

// Sample is what a kubelet said about one thing at one moment.
type Sample struct {
	At          time.Time
	CPUSeconds  float64
	MemoryBytes float64
}

// Usage is what a thing uses: processor time over a window, and memory at its end.
type Usage struct {
	At          time.Time
	Window      time.Duration
	Cores       float64
	MemoryBytes float64
}

// Read returns the samples of a kubelet's /metrics/resource.
func Read(node string, text io.Reader) (map[Key]Sample, error) {
	var parser expfmt.TextParser
	families, err := parser.TextToMetricFamilies(text)
	if err != nil {
		return nil, fmt.Errorf("metrics of node %s: %w", node, err)
	}
	samples := map[Key]Sample{}
	for name, set := range map[string]func(*Sample, float64){
		"node_cpu_usage_seconds_total":       func(s *Sample, value float64) { s.CPUSeconds = value },
		"container_cpu_usage_seconds_total":  func(s *Sample, value float64) { s.CPUSeconds = value },
		"node_memory_working_set_bytes":      func(s *Sample, value float64) { s.MemoryBytes = value },
		"container_memory_working_set_bytes": func(s *Sample, value float64) { s.MemoryBytes = value },
	} {
		for _, metric := range families[name].GetMetric() {
			key := keyOf(node, metric)
			sample := samples[key]
			set(&sample, value(metric))
			if at := time.UnixMilli(metric.GetTimestampMs()); at.After(sample.At) {
				sample.At = at
			}
			samples[key] = sample
		}
	}
	return samples, nil
}

func keyOf(node string, metric *dto.Metric) Key {
	key := Key{Node: node}
	for _, label := range metric.GetLabel() {
		switch label.GetName() {
		case "namespace":
			key.Namespace = label.GetValue()
		case "pod":
			key.Pod = label.GetValue()
		case "container":
			key.Container = label.GetValue()
		}
	}
	return key
}

func value(metric *dto.Metric) float64 {
	if counter := metric.GetCounter(); counter != nil {
		return counter.GetValue()
	}
	return metric.GetGauge().GetValue()
}

// Series are the last two samples of everything.
type Series map[Key][2]Sample

// Add returns the series after one more round of samples; what is in none of them is gone.
func (s Series) Add(round map[Key]Sample) Series {
	next := Series{}
	for key, sample := range round {
		last := s[key]
		switch {
		case last[1].At.IsZero() || sample.CPUSeconds < last[1].CPUSeconds:
			next[key] = [2]Sample{{}, sample} // new, or started again
		case sample.At.After(last[1].At):
			next[key] = [2]Sample{last[1], sample}
		default:
			next[key] = last
		}
	}
	return next
}

// Usage returns what is used of everything that was seen twice.
func (s Series) Usage() map[Key]Usage {
	found := map[Key]Usage{}
	for key, samples := range s {
		before, now := samples[0], samples[1]
		if before.At.IsZero() {
			continue
		}
		window := now.At.Sub(before.At)
		found[key] = Usage{
			At: now.At, Window: window, MemoryBytes: now.MemoryBytes,
			Cores: (now.CPUSeconds - before.CPUSeconds) / window.Seconds(),
		}
	}
	return found
}
