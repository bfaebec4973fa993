package api

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/push"
	"github.com/parley-chat/parley/wire/frame"
)

// PushKey is what a browser subscribes with.
type PushKey struct {
	Key string `json:"key" doc:"The server's VAPID key, in base64url: pushManager.subscribe's applicationServerKey"`
}

// NewPushSubscription is what pushManager.subscribe gives, as JSON.
type NewPushSubscription struct {
	Endpoint string   `json:"endpoint" format:"uri" maxLength:"1024"`
	Keys     PushKeys `json:"keys"`
}

// PushKeys are a browser's, for encryption.
type PushKeys struct {
	P256dh string `json:"p256dh" doc:"65 bytes in base64url"`
	Auth   string `json:"auth" doc:"16 bytes in base64url"`
}

// PushSubscription is a browser that is told of messages.
type PushSubscription struct {
	ID        string    `json:"id"`
	Service   string    `json:"service" doc:"The host of its push service"`
	CreatedAt time.Time `json:"createdAt"`
	RenewedAt time.Time `json:"renewedAt" doc:"When it was last put; 60 days later it ends"`
}

// PushSubscriptions are all of a user's.
type PushSubscriptions struct {
	Subscriptions []PushSubscription `json:"subscriptions" nullable:"false"`
}

// PushSettings are what a user wants to be told of.
type PushSettings struct {
	Default  string            `json:"default,omitempty" enum:"all,mentions,none" doc:"For channels without a choice of their own; left out: all"`
	Channels map[string]string `json:"channels,omitempty" doc:"all, mentions or none, by the channel's id; at most 500"`
}

const (
	subscriptionsPath = "/v1/push/subscriptions"
	pushSettingsPath  = "/v1/push/settings"
)

func (a *API) pushRows(d describer) []operation {
	return under(
		"Notifications",
		d.row("get-push-key", http.MethodGet, "/v1/push/key", somebody, a.getPushKey,
			"The key that a browser subscribes with", answer[PushKey](http.StatusOK),
			about("`not_found`: this server sends no push messages.")),
		d.row("list-push-subscriptions", http.MethodGet, subscriptionsPath, somebody, a.listSubscriptions,
			"The browsers that tell the user of messages, the last renewed first", answer[PushSubscriptions](http.StatusOK), query("userId")),
		d.row("put-push-subscription", http.MethodPut, subscriptionsPath, somebody, a.putSubscription,
			"Have a browser tell the user of messages, or renew that", body[NewPushSubscription](), answer[PushSubscription](http.StatusOK), query("userId"),
			about("A browser belongs to the user who subscribed last. Of more than 20 the one that was renewed longest ago goes. It does not end with the token: who is away has none.")),
		d.row("delete-push-subscription", http.MethodDelete, subscriptionsPath+"/{id}", somebody, a.deleteSubscription,
			"End that", query("userId")),
		d.row("get-push-settings", http.MethodGet, pushSettingsPath, somebody, a.getPushSettings,
			"What the user is told of", answer[PushSettings](http.StatusOK), query("userId")),
		d.row("put-push-settings", http.MethodPut, pushSettingsPath, somebody, a.putPushSettings,
			"Set what the user is told of; what is left out goes", body[PushSettings](), answer[PushSettings](http.StatusOK), query("userId"),
			about("`all` are the messages of private and direct channels, and of open ones what mentions the user or answers in a thread that they take part in; chosen for an open channel itself, all of its messages.")),
	)
}

// pushes is the service, if there is one.
func (a *API) pushes() (*push.Service, error) {
	if a.options.Push == nil {
		return nil, chat.E(chat.CodeNotFound, "this server sends no push messages")
	}
	return a.options.Push, nil
}

func (a *API) getPushKey(c *call) error {
	s, err := a.pushes()
	if err != nil {
		return err
	}
	c.out.Open()
	c.out.String("key", s.Key())
	c.out.Close()
	return nil
}

func (a *API) listSubscriptions(c *call) error {
	s, err := a.pushes()
	if err != nil {
		return err
	}
	subs, err := s.Subscriptions(&c.id)
	if err != nil {
		return err
	}
	c.out.Open()
	c.out.Array("subscriptions")
	for _, sub := range subs {
		appendSubscription(c.out, sub)
	}
	c.out.End()
	c.out.Close()
	return nil
}

func appendSubscription(w *frame.Writer, sub *push.Subscription) {
	w.Open()
	w.String("id", sub.ID)
	w.String("service", sub.Service)
	w.Time("createdAt", sub.Created)
	w.Time("renewedAt", sub.Renewed)
	w.Close()
}

func (a *API) putSubscription(c *call) error {
	s, err := a.pushes()
	if err != nil {
		return err
	}
	c.in.need("endpoint")
	c.in.need("keys")
	endpoint, object := c.in.text("endpoint"), c.in.object("keys")
	if c.in.Err != nil {
		return c.in.Err
	}
	var keys PushKeys
	if err := json.Unmarshal(object, &keys); err != nil {
		return chat.E(chat.CodeInvalid, "keys holds p256dh and auth, which are strings")
	}
	sub, err := s.Subscribe(c.ctx, &c.id, push.Draft{Endpoint: endpoint, P256dh: keys.P256dh, Auth: keys.Auth})
	if err != nil {
		return err
	}
	appendSubscription(c.out, sub)
	return nil
}

func (a *API) deleteSubscription(c *call) error {
	s, err := a.pushes()
	if err != nil {
		return err
	}
	return s.Unsubscribe(c.ctx, &c.id, c.PathValue("id"))
}

func (a *API) getPushSettings(c *call) error {
	s, err := a.pushes()
	if err != nil {
		return err
	}
	own, err := s.Settings(&c.id)
	if err != nil {
		return err
	}
	channels, err := json.Marshal(own.Channels)
	if err != nil {
		return err
	}
	c.out.Open()
	c.out.String("default", string(own.Default))
	if len(own.Channels) > 0 {
		c.out.Raw("channels", channels)
	}
	c.out.Close()
	return nil
}

func (a *API) putPushSettings(c *call) error {
	s, err := a.pushes()
	if err != nil {
		return err
	}
	next := push.Settings{Default: push.Mode(c.in.text("default"))}
	object := c.in.object("channels")
	if c.in.Err != nil {
		return c.in.Err
	}
	if object != nil {
		if err := json.Unmarshal(object, &next.Channels); err != nil {
			return chat.E(chat.CodeInvalid, "channels holds all, mentions or none by the channel's id")
		}
	}
	if err := s.PutSettings(c.ctx, &c.id, next); err != nil {
		return err
	}
	return a.getPushSettings(c)
}
