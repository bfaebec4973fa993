package pebble

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// plantedChecks names, for each planted bug, the tests that must catch it.
var plantedChecks = map[string]string{
	"ack_before_sync":           "TestCrash_KeepsWhatWasSaid/0%",
	"read_above_durable":        "TestRead_StopsAtTheDurableHead",
	"nonce_above_durable":       "TestNonce_InFlightIsAnsweredAfterItsSync",
	"seq_from_memory":           "TestStore_KeepsTheContractWithLittleOfEverything/Reopen_GoesOnWhereItStopped",
	"nonce_outside_batch":       "TestNonce_IsWrittenWithItsEvent",
	"notes_outside_commit":      "TestNotes_AreWrittenWithTheirEvent",
	"references_outside_commit": "TestCrash_KeepsWhatWasSaid/0%",
	"last_write_wins_cursor":    "TestStore_KeepsTheContractWithLittleOfEverything/Cursor_NeverMovesBack",
	"deleted_body_kept":         "TestStore_KeepsTheContractWithLittleOfEverything/Delete_LeavesATombstoneAndScrubsEveryEdit",
	"key_without_project":       "TestStore_KeepsTheContractWithLittleOfEverything/Projects_AndChannelsAreApart",
}

// TestPlanted_EveryBugIsCaught builds this package's tests with the planted
// bugs, and runs, for each, the check that must fail with it and pass without.
func TestPlanted_EveryBugIsCaught(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "planted.test")
	build := exec.Command("go", "test", "-c", "-tags", "planted", "-o", binary, ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	run := func(bug, check string) (string, error) {
		pattern := "^" + strings.ReplaceAll(check, "/", "$/^") + "$"
		cmd := exec.Command(binary, "-test.run", pattern, "-test.v", "-test.timeout", (2 * time.Minute).String())
		cmd.Env = append(os.Environ(), "PARLEY_PLANTED="+bug)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	for bug, check := range plantedChecks {
		t.Run(bug, func(t *testing.T) {
			t.Parallel()
			last := check[strings.LastIndexByte(check, '/')+1:]
			if out, err := run("", check); err != nil || !strings.Contains(out, "--- PASS: ") || !strings.Contains(out, last) {
				t.Fatalf("without the bug %s fails: %v\n%s", check, err, out)
			}
			if out, err := run(bug, check); err == nil || !strings.Contains(out, "--- FAIL: ") {
				t.Fatalf("%s does not catch the bug: %v\n%s", check, err, out)
			}
		})
	}
}
