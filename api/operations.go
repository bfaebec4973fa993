package api

import (
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"
)

// access is whom an operation is for, before any right is asked.
type access uint8

const (
	anybody        access = iota // the channel decides: some are public
	somebody                     // holders of a token or key
	serverKey                    // holders of a secret key
	publishableKey               // holders of a publishable key
	administrator                // holders of a secret key, or of a token with chat:admin; under Open anybody
)

// tokenOperation is the id of the operation whose errors have `error`, too.
const tokenOperation = "make-token"

// operation is a row of the table.
type operation struct {
	huma.Operation // DefaultStatus is that of success

	needs       access
	takes       members           // what its body may hold
	batch       bool              // its body is a list of bodies
	tagged      bool              // its answer has an ETag
	conditional bool              // it takes If-Match and If-None-Match
	handle      func(*call) error // writes the answer to call.out
}

// operations is the table.
func (a *API) operations(types huma.Registry) []operation {
	d := describer{types}
	return slices.Concat(
		a.messageRows(d), a.noteRows(d), a.eventRows(d), a.stateRows(d),
		a.channelRows(d), a.memberRows(d), a.cursorRows(d),
		a.callRows(d), a.fileRows(d), a.pushRows(d), a.previewRows(d), a.searchRows(d), a.userRows(d), a.sessionRows(d), a.tokenRows(d), a.keyRows(d),
		a.serverRows(d), a.wayRows(d),
	)
}

const (
	channelPath  = "/v1/channels/{channel}"
	messagesPath = channelPath + "/messages"
	messagePath  = messagesPath + "/{id}"
	reactionPath = messagePath + "/reactions/{name}"
	statePath    = channelPath + "/state"
	keyPath      = statePath + "/{key}"
	membersPath  = channelPath + "/members"
	memberPath   = membersPath + "/{user}"
	userPath     = "/v1/users/{user}"
	sessionPath  = "/v1/sessions/{session}"
	callsPath    = "/v1/calls"
	callPath     = callsPath + "/{id}"
)

func (a *API) messageRows(d describer) []operation {
	return under(
		"Messages",
		d.row("post-message", http.MethodPost, messagesPath, somebody, a.postMessage,
			"Post a message", body[NewMessage](), answer[Message](http.StatusCreated), query("userId", "userName"), nonced()),
		d.row("post-messages", http.MethodPost, messagesPath+"/batch", somebody, a.postMessages,
			"Post up to 100 messages", body[NewMessages](), answer[Results](http.StatusOK), query("userId", "userName"), nonced(), batch(),
			about("They are committed in the order given, and each is answered for itself: one that is refused for good does not hold up the rest; after the first that is refused for now (`retry` true) all that follow it are, with the same problem. With an Idempotency-Key, a message without a nonce has the key, a colon and its place in the list (from 0) as its nonce.")),
		d.row("list-messages", http.MethodGet, messagesPath, anybody, a.listMessages,
			"A page of messages, oldest first, with tombstones of deleted ones", answer[MessagePage](http.StatusOK), query("before", "after", "limit", "thread"),
			about("The last ones, or with `after` the first above it. A page ends after about 1 MiB, too.")),
		d.row("get-message", http.MethodGet, messagePath, anybody, a.getMessage,
			"A message as it is now", answer[Message](http.StatusOK), tagged()),
		d.row("edit-message", http.MethodPatch, messagePath, somebody, a.editMessage,
			"Give a message another text or body", body[Revision](), answer[Message](http.StatusOK), query("userId"), nonced()),
		d.row("delete-message", http.MethodDelete, messagePath, somebody, a.deleteMessage,
			"Delete a message; it keeps its place as a tombstone", answer[Message](http.StatusOK), query("userId")),
		d.row("list-replies", http.MethodGet, messagePath+"/replies", anybody, a.listReplies,
			"A page of a thread: what was answered to a message", answer[MessagePage](http.StatusOK), query("before", "after", "limit"),
			about("Threads are flat: an answer to an answer belongs to the thread's first message, and has its id as `parentId`.")),
	)
}

func (a *API) noteRows(d describer) []operation {
	return under(
		"Reactions and pins",
		d.row("add-reaction", http.MethodPut, reactionPath, somebody, a.react,
			"React to a message", answer[Message](http.StatusOK), query("userId", "userName"),
			about("A second time changes nothing. A message takes 50 different reactions.")),
		d.row("remove-reaction", http.MethodDelete, reactionPath, somebody, a.react,
			"Take one's own reaction away", answer[Message](http.StatusOK), query("userId")),
		d.row("list-pins", http.MethodGet, channelPath+"/pins", anybody, a.listPins,
			"The pinned messages, at most 100, in the order of their seqs", answer[Pins](http.StatusOK)),
		d.row("add-pin", http.MethodPut, messagePath+"/pin", somebody, a.pin,
			"Pin a message", answer[Message](http.StatusOK), query("userId", "userName")),
		d.row("remove-pin", http.MethodDelete, messagePath+"/pin", somebody, a.pin,
			"Take a pin away", answer[Message](http.StatusOK), query("userId")),
	)
}

func (a *API) eventRows(d describer) []operation {
	return under(
		"Events and signals",
		d.row("list-events", http.MethodGet, channelPath+"/events", anybody, a.listEvents,
			"What happened after a seq or since a time, in order", answer[EventPage](http.StatusOK), query("after", "since", "limit")),
		d.row("signal-channel", http.MethodPost, channelPath+"/signals", somebody, a.signalChannel,
			"Pass an event on to those who are there, or to one of them; it is not stored", body[ChannelSignal](), query("userId")),
		d.row("signal-client", http.MethodPost, "/v1/signals", somebody, a.signalClient,
			"Pass an event on to one connection, by its clientId, or to every connection of a user; it is not stored", body[ClientSignal](), query("userId")),
		d.row("signal-user", http.MethodPost, userPath+"/signals", somebody, a.signalUser,
			"Pass an event on to every connection of a user; it is not stored", body[Signal](), query("userId")),
	)
}

func (a *API) stateRows(d describer) []operation {
	return under(
		"Shared state",
		d.row("list-state", http.MethodGet, statePath, anybody, a.listState,
			"The channel's shared state: its keys in order, and where in the log this is", answer[StatePage](http.StatusOK), query("afterName", "limit"),
			about("Follow the log from the first page's `position` on; apply an event to a key only if its seq is above the key's version.")),
		d.row("get-state", http.MethodGet, keyPath, anybody, a.getState,
			"One key; its ETag is its version", answer[StateKey](http.StatusOK), tagged()),
		d.row("put-state", http.MethodPut, keyPath, somebody, a.putState,
			"Set a key", body[NewState](), answer[StateKey](http.StatusOK), query("userId"), nonced(), tagged(), conditional()),
		d.row("add-state", http.MethodPatch, keyPath, somebody, a.addState,
			"Add to a key that holds a whole number; 0 where there is none", body[Addition](), answer[StateKey](http.StatusOK), query("userId"), nonced(), tagged(), conditional()),
		d.row("delete-state", http.MethodDelete, keyPath, somebody, a.deleteState,
			"Take a key away", query("userId"), conditional()),
	)
}

func (a *API) channelRows(d describer) []operation {
	return under(
		"Channels",
		d.row("list-channels", http.MethodGet, "/v1/channels", somebody, a.listChannels,
			"The project's channels that one may read, in name order", answer[ChannelPage](http.StatusOK), query("order", "afterName", "limit"),
			about("Where many of them may not be read, a page may be short, or empty, and have a `next`. With `order=activity`, which takes a secret key or the scope chat:admin, all of them, the last active first, each with `head`, `lastAt`, `messages` and `followers`.")),
		d.row("get-channel", http.MethodGet, channelPath, anybody, a.getChannel,
			"What a channel is, and its head", answer[Channel](http.StatusOK), tagged()),
		d.row("put-channel", http.MethodPut, channelPath, somebody, a.putChannel,
			"Make a channel, or change what it is", body[ChannelSettings](), answer[Channel](http.StatusOK), query("userId")),
		d.row("delete-channel", http.MethodDelete, channelPath, somebody, a.deleteChannel,
			"Delete a channel with all that is kept of it", query("userId"),
			about("Who follows it is told, and what is asked of it from then on is answered with 410. It comes back, empty, when it is made again; what was not sent yet does not make it. Its seqs go on.")),
		d.row("list-user-channels", http.MethodGet, userPath+"/channels", somebody, a.listUserChannels,
			"One's own channels, the last active first, with what is unread", answer[ListedPage](http.StatusOK), query("afterName", "limit"),
			about("Those that the user is a member of, and the direct ones in which anything was said. A secret key may ask for anybody's.")),
	)
}

func (a *API) memberRows(d describer) []operation {
	return under(
		"Members",
		d.row("list-members", http.MethodGet, membersPath, somebody, a.listMembers,
			"The members, and who is banned, in the order of user ids", answer[MemberPage](http.StatusOK), query("afterName", "limit")),
		d.row("get-member", http.MethodGet, memberPath, somebody, a.getMember,
			"Somebody's standing", answer[Member](http.StatusOK)),
		d.row("put-member", http.MethodPut, memberPath, somebody, a.putMember,
			"Set somebody's standing; with oneself and the role member, join an open channel", body[Standing](), answer[MemberEvent](http.StatusOK), query("userId")),
		d.row("remove-member", http.MethodDelete, memberPath, somebody, a.removeMember,
			"End a membership; with oneself, leave", answer[MemberEvent](http.StatusOK), query("userId"),
			about("A mute outlives it: it would else end by leaving and coming back.")),
	)
}

func (a *API) cursorRows(d describer) []operation {
	return under(
		"Cursors",
		d.row("list-cursors", http.MethodGet, channelPath+"/cursors", somebody, a.listCursors,
			"How far users have come, in the order of their ids", answer[CursorPage](http.StatusOK), query("afterName", "limit")),
		d.row("put-cursor", http.MethodPut, channelPath+"/cursors/{user}", somebody, a.putCursor,
			"Move one's read cursor; it never moves back", body[CursorMove](), answer[Cursor](http.StatusOK)),
	)
}

func (a *API) userRows(d describer) []operation {
	return under(
		"Users",
		d.row("list-users", http.MethodGet, "/v1/users", somebody, a.listUsers,
			"The users that anything is kept of, in id order; takes a secret key", answer[UserPage](http.StatusOK), query("afterName", "limit")),
		d.row("get-user", http.MethodGet, userPath, somebody, a.getUser,
			"A user's profile and presence", answer[User](http.StatusOK), tagged()),
		d.row("put-user", http.MethodPut, userPath, somebody, a.putUser,
			"Set one's profile; what is left out goes", body[NewProfile](), answer[User](http.StatusOK)),
		d.row("change-user", http.MethodPatch, userPath, somebody, a.changeUser,
			"Change one's profile; what is left out stays", body[NewProfile](), answer[User](http.StatusOK)),
		d.row("list-blocks", http.MethodGet, userPath+"/blocks", somebody, a.listBlocks,
			"Whom one has blocked, in id order", answer[BlockPage](http.StatusOK), query("afterName", "limit")),
		d.row("add-block", http.MethodPut, userPath+"/blocks/{other}", somebody, a.block,
			"Want no direct messages and signals of another user"),
		d.row("remove-block", http.MethodDelete, userPath+"/blocks/{other}", somebody, a.block,
			"End that"),
	)
}

func (a *API) callRows(d describer) []operation {
	return under(
		"Calls",
		d.row("start-call", http.MethodPost, callsPath, somebody, a.startCall,
			"Call another user: every device of theirs rings", body[NewCall](), answer[Call](http.StatusCreated), query("userId", "userName"),
			about("Who calls is told how it goes on every connection; without one, for 15 seconds, the call ends.")),
		d.row("get-call", http.MethodGet, callPath, somebody, a.getCall,
			"A call of one's own as it is now", answer[Call](http.StatusOK), query("userId")),
		d.row("answer-call", http.MethodPatch, callPath, somebody, a.answerCall,
			"Accept, decline or end a call", body[CallAnswer](), answer[Call](http.StatusOK), query("userId")),
		d.row("list-ice-servers", http.MethodGet, "/v1/ice-servers", somebody, a.listICE,
			"The STUN and TURN servers, with credentials for a time", answer[ICEServers](http.StatusOK), query("userId"),
			about("`iceServers` is what `RTCPeerConnection` takes.")),
	)
}

func (a *API) sessionRows(d describer) []operation {
	return under(
		"Sessions",
		d.row("list-sessions", http.MethodGet, "/v1/sessions", somebody, a.listSessions,
			"The project's connections; takes a secret key", answer[SessionPage](http.StatusOK), query("ofUser", "afterName", "limit")),
		d.row("list-user-sessions", http.MethodGet, userPath+"/sessions", somebody, a.listUserSessions,
			"One's own connections", answer[SessionPage](http.StatusOK), query("afterName", "limit")),
		d.row("end-session", http.MethodDelete, sessionPath, somebody, a.endSession,
			"End a connection of one's own, or with a secret key any; its client may come back"),
	)
}

func (a *API) tokenRows(d describer) []operation {
	return under(
		"Tokens and keys",
		d.row(tokenOperation, http.MethodPost, "/auth/token", serverKey, a.makeToken,
			"Mint a user's tokens; takes a secret key", body[TokenRequest](), answer[TokenPair](http.StatusOK)),
		d.row("make-guest", http.MethodPost, "/auth/guest", publishableKey, a.makeGuest,
			"Become a guest; takes a publishable key", body[GuestRequest](), optional(), answer[Guest](http.StatusOK),
			about("For pages without users of their own: a guest has an id that nobody else gets, and may do what the key allows.")),
	)
}
