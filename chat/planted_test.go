package chat_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestPlanted_EachBugIsCaught builds this package's tests with the planted bugs
// in, and shows that the named test passes without its bug and fails with it.
func TestPlanted_EachBugIsCaught(t *testing.T) {
	t.Parallel()
	binary := filepath.Join(t.TempDir(), "chat.test")
	if out, err := exec.CommandContext(t.Context(), "go", "test", "-c", "-tags", "planted", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	run := func(bug, test string) ([]byte, error) {
		cmd := exec.CommandContext(t.Context(), binary, "-test.run", "^"+test+"$", "-test.timeout", "60s")
		cmd.Env = append(os.Environ(), "PARLEY_PLANTED="+bug)
		return cmd.CombinedOutput()
	}
	for bug, test := range map[string]string{
		"resume_off_by_one":            "TestSubscribe_ResumesFromAPosition",
		"deliver_before_commit":        "TestPost_IsAcknowledgedThenDeliveredToAllTheSenderToo",
		"drop_without_catching_up":     "TestSlowReader_FallsBackAndMissesNothing",
		"unbounded_queue":              "TestSlowReader_FallsBackAndMissesNothing",
		"cached_deleted_body":          "TestDelete_IsInNoReplayBegunAfterItsAcknowledgement",
		"replay_without_authorisation": "TestMember_ABanEndsLiveSubscriptions",
	} {
		if out, err := run("", test); err != nil {
			t.Errorf("%s fails without a bug: %v\n%s", test, err, out)
		}
		if _, err := run(bug, test); err == nil {
			t.Errorf("%s does not see %s", test, bug)
		}
	}
}
