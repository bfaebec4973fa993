package faults

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-chat/parley/internal/pushservice"
)

// away is a server, and a browser whose user is away, to whom each message is
// said in a channel of its own: of one channel only the latest is told.
type away struct {
	t       *testing.T
	server  *server
	browser *pushservice.Browser
	said    int
}

func (a *away) say() (text string) {
	a.t.Helper()
	a.said++
	text = fmt.Sprintf("message %d", a.said)
	ask(a.t, http.MethodPost, fmt.Sprintf("%s/v1/channels/dm:ada:ben%d/messages?userId=ben%d", a.server.url(), a.said, a.said), `{"text":"`+text+`"}`)
	return text
}

// dies has the server killed, and started again.
func (a *away) dies() {
	a.t.Helper()
	if err := a.server.kill(); err != nil {
		a.t.Fatal(err)
	}
	a.server.mustStart()
}

func (a *away) stops() {
	a.t.Helper()
	if err := a.server.stop(); err != nil {
		a.t.Fatal(err)
	}
}

// told waits until the browser was told of the text, and is all that it got.
func (a *away) told(text string) []pushservice.Message {
	a.t.Helper()
	return a.browser.Wait(a.t, text, func(got []pushservice.Message) bool {
		return slices.ContainsFunc(got, func(m pushservice.Message) bool { return tells(m, text) })
	})
}

func tells(m pushservice.Message, text string) bool {
	return strings.Contains(m.String(), `"`+text+`"`)
}

// Killed before anybody was told, and while the push service refuses: each
// message is told after all; and what was settled when a server was told to
// stop is not told again.
func TestKill_PushMessagesAreToldAfterAllAndNotAgain(t *testing.T) {
	t.Parallel()
	a := &away{t: t, server: newServer(t, build(t), t.TempDir(), "--dev", "--push-delay", "1s"), browser: pushservice.Start(t).Browser("ada")}
	a.server.mustStart()
	ask(t, http.MethodPut, a.server.url()+"/v1/push/subscriptions?userId=ada", a.browser.JSON())

	early := a.say()
	a.dies()
	a.told(early)

	a.browser.Answers(func(int) pushservice.Answer { return pushservice.Answer{Status: http.StatusServiceUnavailable} })
	refused := a.say()
	for a.browser.Asked() == 0 {
		pause(t.Context(), 10*time.Millisecond)
	}
	taken := len(a.browser.Got()) // in the lives before
	a.dies()
	a.browser.Answers(nil)
	a.told(refused)

	// A position is written within a second after what it stands for, and when
	// the server is told to stop.
	settled := a.say()
	a.told(settled)
	for int(a.server.metric("parley_push_sent_total")) < len(a.browser.Got())-taken { // it has heard that each was taken
		pause(t.Context(), 10*time.Millisecond)
	}
	before := len(a.browser.Got())
	a.stops()
	a.server.mustStart()
	for _, m := range a.told(a.say())[before:] {
		if tells(m, settled) {
			t.Errorf("told again: %s", m)
		}
	}
	a.stops()
}

// ask sends a request that must be taken.
func ask(t *testing.T, method, url, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode >= http.StatusMultipleChoices {
		t.Fatalf("%s %s: %s", method, url, resp.Status)
	}
}
