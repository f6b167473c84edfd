// SPDX-License-Identifier: GPL-3.0-or-later

package usage

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

const page = `# TYPE container_cpu_usage_seconds_total counter
container_cpu_usage_seconds_total{container="web",namespace="apps",pod="web-1"} %g %d
# TYPE container_memory_working_set_bytes gauge
container_memory_working_set_bytes{container="web",namespace="apps",pod="web-1"} 1.5e+07 %[2]d
# TYPE node_cpu_usage_seconds_total counter
node_cpu_usage_seconds_total %[3]g %[2]d
# TYPE node_memory_working_set_bytes gauge
node_memory_working_set_bytes 2e+08 %[2]d
# TYPE resource_scrape_error gauge
resource_scrape_error 0
`

var (
	node      = Key{Node: "n1"}
	container = Key{Node: "n1", Namespace: "apps", Pod: "web-1", Container: "web"}
)

func read(t *testing.T, at int64, containerSeconds, nodeSeconds float64) map[Key]Sample {
	t.Helper()
	samples, err := Read("n1", strings.NewReader(fmt.Sprintf(page, containerSeconds, at, nodeSeconds)))
	if err != nil {
		t.Fatal(err)
	}
	return samples
}

func TestUsageBetweenTwoRounds(t *testing.T) {
	series := Series{}.Add(read(t, 10_000, 1, 100))
	if found := series.Usage(); len(found) != 0 {
		t.Fatalf("one round gives %v", found)
	}
	found := series.Add(read(t, 20_000, 3, 105)).Usage()
	want := map[Key]Usage{
		node:      {At: time.UnixMilli(20_000), Window: 10 * time.Second, Cores: 0.5, MemoryBytes: 2e8},
		container: {At: time.UnixMilli(20_000), Window: 10 * time.Second, Cores: 0.2, MemoryBytes: 1.5e7},
	}
	for key, usage := range want {
		if found[key] != usage {
			t.Errorf("%v uses %+v, not %+v", key, found[key], usage)
		}
	}
}

func TestARoundThatSaysNothingNewChangesNothing(t *testing.T) {
	series := Series{}.Add(read(t, 10_000, 1, 100)).Add(read(t, 20_000, 3, 105))
	if found := series.Add(read(t, 20_000, 3, 105)).Usage(); found[node].Cores != 0.5 {
		t.Errorf("the node uses %+v", found[node])
	}
}

func TestAContainerThatStartedAgainIsNew(t *testing.T) {
	series := Series{}.Add(read(t, 10_000, 9, 100)).Add(read(t, 20_000, 1, 105))
	found := series.Usage()
	if _, there := found[container]; there || found[node].Cores != 0.5 {
		t.Errorf("found %v", found)
	}
}

func TestWhatIsGoneIsForgotten(t *testing.T) {
	series := Series{}.Add(read(t, 10_000, 1, 100)).Add(map[Key]Sample{})
	if len(series) != 0 {
		t.Errorf("left are %v", series)
	}
}

func TestNoMetrics(t *testing.T) {
	if _, err := Read("n1", strings.NewReader("<html>")); err == nil || !strings.Contains(err.Error(), "node n1") {
		t.Errorf("the error is %v", err)
	}
}
