package bench_test

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/parley-chat/parley/bench"
)

// The tests start servers as the bench does: this binary is also the floor.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "serve-floor" {
		o := bench.FloorOptions{Addr: os.Args[2]}
		if len(os.Args) > 3 {
			o.Sync = os.Args[3]
		}
		if err := bench.Floor(context.Background(), o); err != nil {
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func floorTarget(t *testing.T, args ...string) bench.Target {
	t.Helper()
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return bench.Target{
		Name: "floor", Command: append([]string{own, "serve-floor", "{addr}"}, args...), Data: t.TempDir(),
	}
}

func small(scenario string, target bench.Target) bench.Options {
	return bench.Options{
		Scenario: scenario, Target: target, Rooms: 2, Members: 3, Rate: 200,
		Duration: 300 * time.Millisecond, Warmup: 50 * time.Millisecond, Settle: time.Millisecond,
		Connections: []int{6, 12}, Channels: []int{1, 40}, Visits: 40, Limit: 10 * time.Second, Precision: 8,
	}
}

func TestRun_MeasuresEveryScenarioWithoutLoss(t *testing.T) {
	t.Parallel()
	for scenario, units := range map[string]string{
		bench.Fanout: "p99-ms", bench.Rooms: "ack-p99-ms", bench.Idle: "B/conn", bench.Storm: "storm-s",
		bench.Churn: "open-p99-ms", bench.Growth: "growth-ratio", bench.Channels: "server-cpu-s/M",
	} {
		t.Run(scenario, func(t *testing.T) {
			t.Parallel()
			o := small(scenario, floorTarget(t, "{data}/log"))
			if scenario == bench.Growth { // enough for the steps of 10 ms in which the kernel counts
				o.Rate = 4000
			}
			report, err := bench.Run(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			if report.Faults() != 0 {
				t.Errorf("faults: %+v", report)
			}
			var out bytes.Buffer
			if err := report.Write(&out); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(out.String(), " "+units) || !strings.HasPrefix(out.String(), "Benchmark") {
				t.Errorf("no %s in\n%s", units, out.String())
			}
		})
	}
}

func TestPairs_ComparesBothSides(t *testing.T) {
	t.Parallel()
	var out, text bytes.Buffer
	b := floorTarget(t, "{data}/log")
	b.Name = "floor-sync"
	compared, err := bench.Pairs(t.Context(), bench.PairsOptions{
		Run: small(bench.Rooms, bench.Target{}), A: floorTarget(t), B: b, N: 2, Out: &out, Text: &text,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, side := range []string{"/server=floor/", "/server=floor-sync/"} {
		if n := strings.Count(out.String(), side); n != 2 {
			t.Errorf("%d runs of %s in\n%s", n, side, out.String())
		}
	}
	seen := false
	for _, c := range compared {
		if c.Unit == "p50-ms" {
			seen = c.A > 0 && c.B > 0 && c.Ratio > 0
		}
	}
	if !seen {
		t.Errorf("no latencies in\n%s", text.String())
	}
}

func TestRun_SaysWhyAServerDidNotStart(t *testing.T) {
	t.Parallel()
	target := bench.Target{Command: []string{"/bin/sh", "-c", "echo no such luck; exit 3"}, Data: t.TempDir()}
	_, err := bench.Run(t.Context(), bench.Options{Scenario: bench.Fanout, Target: target})
	if err == nil || !strings.Contains(err.Error(), "no such luck") {
		t.Errorf("Run = %v", err)
	}
	if left, _ := os.ReadDir(target.Data); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestParseTarget_KnowsTheFloors(t *testing.T) {
	t.Parallel()
	for server, want := range map[string]string{
		"floor":                              "parley bench floor --addr {addr}",
		"floor-batch":                        "parley bench floor --addr {addr} --batch",
		"floor-sync":                         "parley bench floor --addr {addr} --sync {data}/log",
		"parley serve --dev --addr {addr}":   "parley serve --dev --addr {addr}",
		"floorboards --addr {addr} {data}/x": "floorboards --addr {addr} {data}/x",
	} {
		got, err := bench.ParseTarget(server, "", "parley", "bench", "floor")
		if err != nil || strings.Join(got.Command, " ") != want {
			t.Errorf("%s: %q, %v", server, got.Command, err)
		}
	}
	if _, err := bench.ParseTarget("floor-wax", "", "parley"); err == nil {
		t.Error("a floor that is not was taken")
	}
}
