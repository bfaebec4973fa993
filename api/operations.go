package api

import (
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// access is whom an operation is for, before any right is asked.
type access uint8

const (
	anybody   access = iota // the channel decides: some are public
	somebody                // holders of a token or key
	serverKey               // holders of a secret key
)

// tokenOperation is the id of the operation whose errors have `error`, too.
const tokenOperation = "make-token"

// operation is a row of the table.
type operation struct {
	huma.Operation // DefaultStatus is that of success

	needs  access
	handle func(*call) error // writes the answer to call.out
}

// operations is the table.
func (a *API) operations(types huma.Registry) []operation {
	d := describer{types}
	return slices.Concat(a.messageRows(d), a.channelRows(d), a.memberRows(d), a.userRows(d))
}

const (
	channelPath  = "/v1/channels/{channel}"
	messagesPath = channelPath + "/messages"
	messagePath  = messagesPath + "/{id}"
	membersPath  = channelPath + "/members"
	memberPath   = membersPath + "/{user}"
	userPath     = "/v1/users/{user}"
)

func (a *API) messageRows(d describer) []operation {
	return []operation{
		d.row("post-message", http.MethodPost, messagesPath, somebody, a.postMessage,
			"Post a message", body[NewMessage](), answer[Message](http.StatusCreated), query("userId", "userName")),
		d.row("list-messages", http.MethodGet, messagesPath, anybody, a.listMessages,
			"A page of messages, oldest first, with tombstones of deleted ones", answer[MessagePage](http.StatusOK), query("before", "after", "limit")),
		d.row("get-message", http.MethodGet, messagePath, anybody, a.getMessage,
			"A message as it is now", answer[Message](http.StatusOK)),
		d.row("edit-message", http.MethodPatch, messagePath, somebody, a.editMessage,
			"Give a message another text or body", body[Revision](), answer[Message](http.StatusOK), query("userId")),
		d.row("delete-message", http.MethodDelete, messagePath, somebody, a.deleteMessage,
			"Delete a message; it keeps its place as a tombstone", answer[Message](http.StatusOK), query("userId")),
		d.row("list-events", http.MethodGet, channelPath+"/events", anybody, a.listEvents,
			"What happened after a seq or since a time, in order", answer[EventPage](http.StatusOK), query("after", "since", "limit")),
		d.row("signal-channel", http.MethodPost, channelPath+"/signals", somebody, a.signalChannel,
			"Pass an event on to those who are there; it is not stored", body[Signal](), query("userId")),
	}
}

func (a *API) channelRows(d describer) []operation {
	return []operation{
		d.row("list-channels", http.MethodGet, "/v1/channels", somebody, a.listChannels,
			"The channels that one may read, in name order", answer[ChannelPage](http.StatusOK), query("afterName", "limit")),
		d.row("get-channel", http.MethodGet, channelPath, anybody, a.getChannel,
			"What a channel is, and its head", answer[Channel](http.StatusOK)),
		d.row("put-channel", http.MethodPut, channelPath, somebody, a.putChannel,
			"Make a channel, or change what it is", body[ChannelSettings](), answer[Channel](http.StatusOK), query("userId")),
	}
}

func (a *API) memberRows(d describer) []operation {
	return []operation{
		d.row("list-members", http.MethodGet, membersPath, somebody, a.listMembers,
			"The members, and who is banned, in the order of user ids", answer[MemberPage](http.StatusOK), query("afterName", "limit")),
		d.row("get-member", http.MethodGet, memberPath, somebody, a.getMember,
			"Somebody's standing", answer[Member](http.StatusOK)),
		d.row("put-member", http.MethodPut, memberPath, somebody, a.putMember,
			"Set somebody's standing", body[Standing](), answer[MemberEvent](http.StatusOK), query("userId")),
		d.row("remove-member", http.MethodDelete, memberPath, somebody, a.removeMember,
			"End a membership; one's own too", answer[MemberEvent](http.StatusOK), query("userId")),
		d.row("list-cursors", http.MethodGet, channelPath+"/cursors", somebody, a.listCursors,
			"How far users have come, in the order of their ids", answer[CursorPage](http.StatusOK), query("afterName", "limit")),
		d.row("put-cursor", http.MethodPut, channelPath+"/cursors/{user}", somebody, a.putCursor,
			"Move one's read cursor; it never moves back", body[CursorMove](), answer[Cursor](http.StatusOK), query("userId")),
	}
}

func (a *API) userRows(d describer) []operation {
	return []operation{
		d.row("get-user", http.MethodGet, userPath, somebody, a.getUser,
			"A user, with presence", answer[User](http.StatusOK)),
		d.row("signal-user", http.MethodPost, userPath+"/signals", somebody, a.signalUser,
			"Pass an event on to every connection of a user", body[Signal](), query("userId")),
		d.row(tokenOperation, http.MethodPost, "/auth/token", serverKey, a.makeToken,
			"Mint a user's tokens; takes a secret key", body[TokenRequest](), answer[TokenPair](http.StatusOK)),
	}
}

// describer makes rows, and registers the types that they name.
type describer struct{ types huma.Registry }

// detail adds to what the document says of an operation.
type detail func(d describer, op *operation)

func (d describer) row(id, method, path string, needs access, handle func(*call) error, summary string, details ...detail) operation {
	op := operation{needs: needs, handle: handle}
	op.OperationID, op.Method, op.Path, op.Summary = id, method, path, summary
	op.DefaultStatus = http.StatusNoContent
	op.Responses = map[string]*huma.Response{
		"default": {
			Description: "A refusal",
			Content:     map[string]*huma.MediaType{"application/problem+json": {Schema: d.schema(reflect.TypeFor[Problem]())}},
		},
	}
	if needs != anybody {
		op.Security = []map[string][]string{{"token": {}}}
	}
	for _, name := range []string{"channel", "id", "user"} {
		if strings.Contains(path, "{"+name+"}") {
			op.Parameters = append(op.Parameters, pathParam(name))
		}
	}
	for _, add := range details {
		add(d, &op)
	}
	if op.DefaultStatus == http.StatusNoContent {
		op.Responses["204"] = &huma.Response{Description: http.StatusText(http.StatusNoContent)}
	}
	return op
}

func (d describer) schema(t reflect.Type) *huma.Schema {
	return d.types.Schema(t, true, t.Name())
}

func body[T any]() detail {
	return func(d describer, op *operation) {
		op.RequestBody = &huma.RequestBody{
			Required: true,
			Content:  map[string]*huma.MediaType{"application/json": {Schema: d.schema(reflect.TypeFor[T]())}},
		}
	}
}

func answer[T any](status int) detail {
	return func(d describer, op *operation) {
		op.DefaultStatus = status
		op.Responses[strconv.Itoa(status)] = &huma.Response{
			Description: http.StatusText(status),
			Content:     map[string]*huma.MediaType{"application/json": {Schema: d.schema(reflect.TypeFor[T]())}},
		}
	}
}

func query(names ...string) detail {
	return func(_ describer, op *operation) {
		for _, name := range names {
			op.Parameters = append(op.Parameters, queryParam(name))
		}
	}
}
