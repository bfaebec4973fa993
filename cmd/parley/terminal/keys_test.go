package terminal

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/coder/websocket"

	"github.com/parley-chat/parley/client"
)

// keystroke is what the server is told of somebody who types.
type keystroke struct {
	Type      string
	Ref       int
	ChannelID string
	Typing    bool
}

// listener is the address of a server that lets anybody in and passes on who
// types.
func listener(t *testing.T, heard chan<- keystroke) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"parley.v1.json"}})
		if err != nil {
			return
		}
		defer c.CloseNow()
		for {
			_, data, err := c.Read(r.Context())
			var f keystroke
			if err != nil || json.Unmarshal(data, &f) != nil {
				return
			}
			switch f.Type {
			case "connect":
				welcome := fmt.Sprintf(`{"type":"connected","ref":%d,"session":"s","userId":"ben"}`, f.Ref)
				_ = c.Write(r.Context(), websocket.MessageText, []byte(welcome))
			case "typing":
				heard <- f
			}
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestTyping_IsToldEverySecondAndEndsWhereItWasTold(t *testing.T) {
	t.Parallel()
	heard, connected := make(chan keystroke, 10), make(chan struct{})
	once := sync.OnceFunc(func() { close(connected) })
	now := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	a := newApp(t, "plans")
	a.o.URL, a.o.UserID, a.o.Now = listener(t, heard), "ben", func() time.Time { return now }
	c, err := a.o.dial(client.Options{OnState: func(s client.Status) {
		if s.State == client.Connected {
			once()
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	<-connected
	a.client, a.status.State = c, client.Connected
	tells := func(channel string, on bool) {
		t.Helper()
		select {
		case f := <-heard:
			if f.ChannelID != channel || f.Typing != on {
				t.Errorf("it tells %+v", f)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("nothing is told of #%s", channel)
		}
	}
	letter, below := tea.KeyPressMsg{Code: 'h', Text: "h"}, tea.KeyPressMsg{Code: tea.KeyDown, Mod: tea.ModAlt}
	a.key(letter)
	tells("general", true)
	now = now.Add(999 * time.Millisecond)
	a.key(letter) // nobody needs to know
	now = now.Add(time.Millisecond)
	a.key(letter)
	tells("general", true)
	a.key(below)
	tells("general", false)
	a.key(letter)
	tells("plans", true)
	a.forget(a.open)
	a.stopTyping()
	tells("plans", false)
	if len(heard) > 0 {
		t.Errorf("and it tells %+v", <-heard)
	}
}
