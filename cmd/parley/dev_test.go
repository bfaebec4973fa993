package main

import (
	"log/slog"
	"strings"
	"testing"
)

func TestDev_BelievesNamesOverREST(t *testing.T) {
	t.Parallel()
	b := setup(t, dev)
	for range 300 { // more than any burst
		posted := b.ask(t, "", "POST", general+"?userId=ada&userName=Ada", `{"text":"x"}`).want(t, 201, "")
		if posted.body["senderId"] != "ada" || posted.body["senderName"] != "Ada" {
			t.Fatalf("posted %s", posted.text)
		}
	}
	guest := b.ask(t, "any token", "POST", general, `{"text":"x"}`).want(t, 201, "")
	if id, _ := guest.body["senderId"].(string); !strings.HasPrefix(id, "guest-") {
		t.Errorf("a guest is %q", id)
	}
}

func TestDev_TheFirstFrameThatNamesAUserDecides(t *testing.T) {
	t.Parallel()
	b := setup(t, dev)
	s := b.dial(t, "/v1/ws?token=whatever", nil)
	if guest := s.until("connected"); guest["guest"] != true {
		t.Errorf("connected %v", guest)
	}
	s.send(`{"type":"subscribe","channelId":"general"}`)
	s.until("level")
	s.send(`{"type":"connect","token":"nonsense","userId":"ada","userName":"Ada"}`)
	if ada := s.until("connected"); ada["userId"] != "ada" || ada["guest"] != false {
		t.Errorf("connected %v", ada)
	}
	s.send(`{"type":"publish","channelId":"general","text":"x"}`)
	if m := s.until("message"); m["senderId"] != "ada" {
		t.Errorf("message %v", m)
	}
}

func TestDev_MarksItsFolder(t *testing.T) {
	t.Parallel()
	b := setup(t, dev)
	if err := b.stop(nil); err != nil {
		t.Fatal(err)
	}
	open := *b.config
	open.Dev = false
	if s, err := open.start(t.Context(), slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "--dev") {
		t.Errorf("a server without --dev took the folder: %v, %v", s, err)
	}
	again, err := b.config.start(t.Context(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := again.stop(nil); err != nil {
		t.Error(err)
	}
}

func TestDev_LeavesOthersFoldersAlone(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	if err := b.stop(nil); err != nil {
		t.Fatal(err)
	}
	believing := *b.config
	believing.Dev = true
	if s, err := believing.start(t.Context(), slog.New(slog.DiscardHandler)); err == nil {
		t.Errorf("--dev took the folder of a server without it: %v", s)
	}
}

func TestServe_RefusesSettingsThatContradict(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Serve){
		"dev on another address": func(c *Serve) { c.Dev, c.Addr = true, []string{"0.0.0.0:0"} },
		"dev on all addresses":   func(c *Serve) { c.Dev, c.Addr = true, []string{":0"} },
		"dev on one of them":     func(c *Serve) { c.Dev, c.Addr = true, []string{"127.0.0.1:0", "10.0.0.1:0"} },
		"anywhere without dev":   func(c *Serve) { c.DevAnywhere = true },
		"no port":                func(c *Serve) { c.Addr = []string{"127.0.0.1"} },
		"a negative rate":        func(c *Serve) { c.PostRate = -1 },
		"a negative channel":     func(c *Serve) { c.ChannelRate = -1 },
		"a weak secret":          func(c *Serve) { c.TokenSecret = "short" },
		"a weak secret key":      func(c *Serve) { c.SecretKey = "sk_1" },
	} {
		c := &Serve{Addr: []string{"127.0.0.1:0"}, Data: t.TempDir()}
		change(c)
		if s, err := c.start(t.Context(), slog.New(slog.DiscardHandler)); err == nil {
			t.Errorf("%s: started", name)
			_ = s.stop(nil)
		}
	}
}
