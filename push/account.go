package push

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"github.com/parley-chat/parley/chat"
)

type userKey struct{ project, id string }

// accounts are all subscriptions and settings, in memory as they are in the
// records: who is concerned by a message is asked for every message.
type accounts struct {
	writing sync.Mutex // held over the store's writing and what follows from it

	mu       sync.RWMutex
	users    map[userKey]*account
	subs     map[string]*Subscription
	projects map[string]int                         // how many subscriptions
	choosers map[chat.ChannelID]map[string]struct{} // who chose All for the channel itself
}

// account is a user with a subscription or a choice.
type account struct {
	subs     []*Subscription
	settings Settings
}

// load reads what is kept. Subscriptions that were made for another key can
// never be used again, and go; so do those whose credentials were revoked while
// no service ran.
func (s *Service) load(ctx context.Context) error {
	s.accounts.users = make(map[userKey]*account)
	s.accounts.subs = make(map[string]*Subscription)
	s.accounts.projects = make(map[string]int)
	s.accounts.choosers = make(map[chat.ChannelID]map[string]struct{})
	var over []*Subscription
	err := s.store.Records(ctx, recordSub, func(at string, value []byte) error {
		var k kept
		if err := json.Unmarshal(value, &k); err != nil {
			return err
		}
		sub := k.subscription(at[len(recordSub):])
		s.accounts.put(sub)
		if k.Key != s.key.public || s.o.Check(sub.as) != nil {
			over = append(over, sub)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read the subscriptions: %w", err)
	}
	err = s.store.Records(ctx, recordSettings, func(_ string, value []byte) error {
		var k keptSettings
		if err := json.Unmarshal(value, &k); err != nil {
			return err
		}
		s.accounts.choose(userKey{k.Project, k.User}, k.Settings)
		return nil
	})
	if err != nil {
		return fmt.Errorf("read the settings of notifications: %w", err)
	}
	return s.remove(ctx, over...)
}

// put adds a subscription, and takes it from whose it was.
func (a *accounts) put(sub *Subscription) {
	a.remove(sub.ID)
	a.mu.Lock()
	defer a.mu.Unlock()
	u := a.account(sub.user())
	u.subs = append(slices.Clip(u.subs), sub) // lists that were handed out stay
	a.subs[sub.ID] = sub
	a.projects[sub.as.Project]++
}

// account is the user's, made if there is none. mu is held.
func (a *accounts) account(key userKey) *account {
	u := a.users[key]
	if u == nil {
		u = &account{}
		a.users[key] = u
	}
	return u
}

func (a *accounts) remove(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	sub := a.subs[id]
	if sub == nil {
		return
	}
	key := sub.user()
	u := a.users[key]
	u.subs = slices.DeleteFunc(slices.Clone(u.subs), func(other *Subscription) bool { return other == sub })
	if len(u.subs) == 0 && u.settings.empty() {
		delete(a.users, key)
	}
	delete(a.subs, id)
	if a.projects[key.project]--; a.projects[key.project] == 0 {
		delete(a.projects, key.project)
	}
}

// over are the user's subscriptions that have to make room for sub.
func (a *accounts) over(sub *Subscription) []*Subscription {
	list := a.subscriptions(sub.user())
	list = slices.DeleteFunc(list, func(old *Subscription) bool { return old.ID == sub.ID })
	if len(list) < MaxSubscriptions {
		return nil
	}
	slices.SortFunc(list, func(a, b *Subscription) int { return a.Renewed.Compare(b.Renewed) })
	return list[:len(list)-MaxSubscriptions+1]
}

// choose sets what the user wants to be told.
func (a *accounts) choose(key userKey, next Settings) {
	a.mu.Lock()
	defer a.mu.Unlock()
	u := a.account(key)
	for name := range u.settings.Channels {
		ch := chat.ChannelID{Project: key.project, Name: name}
		delete(a.choosers[ch], key.id)
		if len(a.choosers[ch]) == 0 {
			delete(a.choosers, ch)
		}
	}
	u.settings = next
	for name, mode := range next.Channels {
		if mode != All {
			continue
		}
		ch := chat.ChannelID{Project: key.project, Name: name}
		if a.choosers[ch] == nil {
			a.choosers[ch] = make(map[string]struct{})
		}
		a.choosers[ch][key.id] = struct{}{}
	}
	if len(u.subs) == 0 && next.empty() {
		delete(a.users, key)
	}
}

// any reports whether somebody in the project has a subscription.
func (a *accounts) any(project string) bool {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return a.projects[project] > 0
}

// reachable reports whether the user has a subscription.
func (a *accounts) reachable(key userKey) bool {
	a.mu.RLock()
	defer a.mu.RUnlock()
	u := a.users[key]
	return u != nil && len(u.subs) > 0
}

func (a *accounts) subscription(id string) *Subscription {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return a.subs[id]
}

// subscriptions are the user's, in a list of the caller's own.
func (a *accounts) subscriptions(key userKey) []*Subscription {
	a.mu.RLock()
	defer a.mu.RUnlock()
	if u := a.users[key]; u != nil {
		return slices.Clone(u.subs)
	}
	return nil
}

func (a *accounts) all() []*Subscription {
	a.mu.RLock()
	defer a.mu.RUnlock()
	list := make([]*Subscription, 0, len(a.subs))
	for _, sub := range a.subs {
		list = append(list, sub)
	}
	return list
}

// everybody are the users with a subscription.
func (a *accounts) everybody() []userKey {
	a.mu.RLock()
	defer a.mu.RUnlock()
	var list []userKey
	for key, u := range a.users {
		if len(u.subs) > 0 {
			list = append(list, key)
		}
	}
	return list
}

// settings are the user's.
func (a *accounts) settings(key userKey) Settings {
	a.mu.RLock()
	defer a.mu.RUnlock()
	if u := a.users[key]; u != nil {
		return u.settings
	}
	return Settings{}
}

// chose are the users who want everything of the channel.
func (a *accounts) chose(ch chat.ChannelID) []string {
	a.mu.RLock()
	defer a.mu.RUnlock()
	list := make([]string, 0, len(a.choosers[ch]))
	for user := range a.choosers[ch] {
		list = append(list, user)
	}
	return list
}
