package faults

import (
	"fmt"
	"os"
	"testing"
	"time"
)

// counts are how often each fault is made.
type counts struct {
	kills     int // of a server under load through three doors
	cuts      int // of the power, half of them on each file system
	pauses    int
	diskFulls int
	slow      int // runs with readers that do not read
	storm     int // clients that return at once
	returns   int // by somebody who was away for a while
	soak      time.Duration
}

// made are the counts that PARLEY_FAULTS names: "ci", the default, or "release".
func made(t *testing.T) counts {
	t.Helper()
	switch name := os.Getenv("PARLEY_FAULTS"); name {
	case "", "ci":
		return counts{kills: 100, cuts: 50, pauses: 5, diskFulls: 3, slow: 1, storm: 5_000, returns: 10_000, soak: 2 * time.Minute}
	case "release":
		// A test process holds 20,000 descriptors: a greater storm takes several.
		return counts{kills: 5_000, cuts: 10_000, pauses: 200, diskFulls: 50, slow: 20, storm: 15_000, returns: 200_000, soak: 12 * time.Hour}
	default:
		t.Fatal(fmt.Errorf("PARLEY_FAULTS is %q, and neither ci nor release", name))
		return counts{}
	}
}
