package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/parley-chat/parley/auth"
	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/push"
	"github.com/parley-chat/parley/wire"
)

// Pushes are the settings of push messages.
type Pushes struct {
	Push         bool          `name:"push" default:"true" negatable:"" help:"Tell people of messages while they are away, by Web Push."`
	PushKey      string        `name:"push-key" secret:"" placeholder:"KEY" help:"The VAPID key, its private half in base64url. Default: made at first start, kept in the store."`
	PushContact  string        `name:"push-contact" default:"https://github.com/parley-chat/parley" placeholder:"URL" help:"Where push services find who runs this server: https:… or mailto:…"`
	PushDelay    time.Duration `name:"push-delay" default:"3s" placeholder:"DURATION" help:"How long a message may take to be delivered before anybody is told. Default: 3s."`
	PushTTL      time.Duration `name:"push-ttl" default:"24h" placeholder:"DURATION" help:"How long push services keep a message for a browser that is off. Default: 24h."`
	PushLoopback bool          `name:"push-loopback" help:"Let push messages go to this machine too, as --dev does: for tests."`
}

// checkPushes refuses settings that push services would refuse.
func (p *Pushes) checkPushes() error {
	if !p.Push {
		return nil
	}
	if p.PushKey != "" {
		if err := push.ParseKey(p.PushKey); err != nil {
			return fmt.Errorf("--push-key: %s", chat.AsError(err).Message)
		}
	}
	switch {
	case !beginsWith(p.PushContact, "https://", "mailto:") || strings.ContainsAny(p.PushContact, " \r\n"):
		return fmt.Errorf("--push-contact reads https://… or mailto:…")
	case p.PushDelay < 0 || p.PushDelay > push.MaxDelay:
		return fmt.Errorf("--push-delay is at most %v", push.MaxDelay)
	case p.PushTTL < 0 || p.PushTTL > push.MaxTTL:
		return fmt.Errorf("--push-ttl is at most %v", push.MaxTTL)
	}
	return nil
}

// pushing makes the service that tells who is away.
func (s *server) pushing(ctx context.Context, c *Serve, keys *auth.Service) (err error) {
	if !c.Push {
		return nil
	}
	s.pushes, err = push.New(ctx, push.Options{
		Store: s.store, Listen: s.bus.Join().Listen, Permit: s.hub.Permit, Check: keys.Check, Text: wire.Text,
		Key: c.PushKey, Contact: c.PushContact, Delay: c.PushDelay, TTL: c.PushTTL,
		Loopback: c.Dev || c.PushLoopback, Logger: s.log, Now: c.now,
	})
	return err
}

// review ends what revoked credentials have begun: connections, and
// subscriptions of browsers.
func (s *server) review(check func(chat.Identity) *chat.Error) {
	s.hub.Review(check)
	if s.pushes != nil {
		s.pushes.Review(check)
	}
}

// endPushes ends the service; what is committed afterwards is told by the next.
func (s *server) endPushes() error {
	if s.pushes == nil {
		return nil
	}
	return s.pushes.Close()
}

// pushStats are the service's, if there is one.
func (s *server) pushStats() push.Stats {
	if s.pushes == nil {
		return push.Stats{}
	}
	return s.pushes.Stats()
}
