package push

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/parley-chat/parley/chat"
)

// Mode is what a user wants to be told of a channel.
type Mode string

const (
	// All: in private and direct channels every message of others; in an open
	// one what mentions the user and what is answered in threads that they take
	// part in, or, where it was chosen for the channel itself, every message.
	All Mode = "all"
	// Mentions: what mentions the user.
	Mentions Mode = "mentions"
	// None: nothing.
	None Mode = "none"
)

// MaxChoices bounds the channels for which a user chooses.
const MaxChoices = 500

// Settings are what a user wants to be told. The zero value is All.
type Settings struct {
	Default  Mode            `json:"default,omitempty"` // "": All
	Channels map[string]Mode `json:"channels,omitempty"`
}

type keptSettings struct {
	Project string `json:"project"`
	User    string `json:"user"`
	Settings
}

func (s Settings) empty() bool { return s.Default == "" && len(s.Channels) == 0 }

// of is the mode for a channel, and whether it was chosen for the channel itself.
func (s Settings) of(channel string) (mode Mode, chosen bool) {
	if mode, chosen = s.Channels[channel]; chosen {
		return mode, true
	}
	if s.Default == "" {
		return All, false
	}
	return s.Default, false
}

func (m Mode) check() error {
	switch m {
	case All, Mentions, None:
		return nil
	}
	return chat.E(chat.CodeInvalid, "what is told is %q, %q or %q", All, Mentions, None)
}

// Settings are the user's own.
func (s *Service) Settings(id *chat.Identity) (Settings, error) {
	if err := mayNotify(id); err != nil {
		return Settings{}, err
	}
	own := s.accounts.settings(userKey{id.Project, id.User})
	if own.Default == "" {
		own.Default = All
	}
	return own, nil
}

// PutSettings replaces the user's own.
func (s *Service) PutSettings(ctx context.Context, id *chat.Identity, next Settings) error {
	if err := mayNotify(id); err != nil {
		return err
	}
	if next.Default == All {
		next.Default = ""
	} else if next.Default != "" {
		if err := next.Default.check(); err != nil {
			return err
		}
	}
	if len(next.Channels) > MaxChoices {
		return chat.E(chat.CodeTooMany, "at most %d channels have a choice of their own", MaxChoices)
	}
	for name, mode := range next.Channels {
		if err := chat.CheckChannelName(name); err != nil {
			return err
		}
		if err := mode.check(); err != nil {
			return err
		}
	}
	key := userKey{id.Project, id.User}
	s.accounts.writing.Lock()
	defer s.accounts.writing.Unlock()
	var value []byte
	if !next.empty() {
		var err error
		if value, err = json.Marshal(keptSettings{Project: id.Project, User: id.User, Settings: next}); err != nil {
			return fmt.Errorf("keep settings of notifications: %w", err)
		}
	}
	if err := s.store.PutRecords(ctx, map[string][]byte{named(recordSettings, id.Project, id.User): value}); err != nil {
		return fmt.Errorf("keep settings of notifications: %w", err)
	}
	s.accounts.choose(key, next)
	return nil
}
