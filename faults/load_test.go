package faults

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/client"
	"github.com/parley-chat/parley/internal/history"
)

// crowd says who talks to a server: how many through each door.
type crowd struct {
	channels                     int
	native, rooms, conversations int
	doors                        int           // through each of the others; see doors_test.go
	pace                         time.Duration // the longest pause of one; half of it on average
	tokens                       bool          // else the server runs with --dev
	front                        string        // where clients connect; "": to the server itself
}

// load is a crowd at work, and what it saw.
type load struct {
	t        *testing.T
	server   *server
	crowd    crowd
	rec      *history.Recorder
	file     string
	channels []string
	heads    []atomic.Uint64 // by channel: the greatest seq that was acknowledged
	acked    atomic.Int64
	beginner string // the token of who asks where channels begin
	clean    bool   // everything was checked, and nothing found
	patience time.Duration

	mu         sync.Mutex
	complaints []history.Violation // of clients who did not get what they waited for

	posting   context.Context // until nothing new is said
	quiet     context.CancelFunc
	living    context.Context // until everybody leaves
	leave     context.CancelFunc
	posters   sync.WaitGroup
	ears      sync.WaitGroup
	listeners []*listener
}

// gather starts a crowd at a server that runs.
func gather(t *testing.T, s *server, c crowd) *load {
	t.Helper()
	dir, err := os.MkdirTemp("", "parley-history-")
	if err != nil {
		t.Fatal(err)
	}
	l := &load{t: t, server: s, crowd: c, file: filepath.Join(dir, "history"), patience: within}
	if l.rec, err = history.NewRecorder(history.Options{File: l.file}); err != nil {
		t.Fatal(err)
	}
	l.living, l.leave = context.WithCancel(t.Context())
	l.posting, l.quiet = context.WithCancel(l.living)
	t.Cleanup(l.disperse)
	for i := range c.channels {
		l.channels = append(l.channels, fmt.Sprint("channel-", i))
	}
	l.heads = make([]atomic.Uint64, c.channels)
	l.beginner = l.token("beginning")
	l.listenAll()
	for i := range c.native {
		l.post(fmt.Sprint("native-", i), l.talkNative)
	}
	for i := range c.rooms {
		l.post(fmt.Sprint("rooms-", i), l.talkRooms)
	}
	for i := range c.conversations {
		l.post(fmt.Sprint("conversations-", i), l.talkConversations)
	}
	l.talkAtDoors()
	return l
}

func (l *load) listenAll() {
	for i, channel := range l.channels {
		l.listen(fmt.Sprint("ear-", i), channel, l.hearNative)
		if l.crowd.conversations > 0 {
			l.listen(fmt.Sprint("conversations-ear-", i), channel, l.hearConversations)
		}
		if l.crowd.rooms > 0 {
			l.listen(fmt.Sprint("rooms-ear-", i), channel, l.hearRooms)
		}
		if l.crowd.doors > 0 {
			l.hearAtDoors(i, channel)
		}
	}
	l.hearClient()
}

// disperse ends what is still under way.
func (l *load) disperse() {
	l.leave()
	l.posters.Wait()
	l.ears.Wait()
	if err := l.rec.Close(); err != nil {
		l.t.Error(err)
	}
	if !l.clean && l.t.Failed() {
		l.t.Logf("the history is in %s", l.file)
		return
	}
	if err := os.RemoveAll(filepath.Dir(l.file)); err != nil {
		l.t.Error(err)
	}
}

// url is where clients connect.
func (l *load) url() string {
	if l.crowd.front != "" {
		return l.crowd.front
	}
	return l.server.url()
}

// token is the user's; "" where the server believes names.
func (l *load) token(user string) string {
	if !l.crowd.tokens {
		return ""
	}
	return l.server.token(user)
}

// door is the path of a door for a user.
func (l *load) door(path, user string) string {
	if l.crowd.tokens {
		return path
	}
	return path + "?userId=" + user
}

// post runs a poster, a call of talk for each connection or the whole time.
func (l *load) post(user string, talk func(user, token string)) {
	token := l.token(user)
	l.posters.Go(func() { talk(user, token) })
}

// rest is a poster's pause; false: the time to talk is over.
func (l *load) rest() bool {
	return pause(l.posting, rand.N(l.crowd.pace+1))
}

// pause waits; false: ctx ended.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

// ok records an acknowledgement.
func (l *load) ok(call *history.Call, channel int, a history.Answer) {
	call.OK(a)
	l.acked.Add(1)
	for {
		known := l.heads[channel].Load()
		if a.Seq <= known || l.heads[channel].CompareAndSwap(known, a.Seq) {
			return
		}
	}
}

// fail records what an error says of a call: a refusal, or nothing.
func fail(call *history.Call, err error) {
	if _, unknown := errors.AsType[*client.Unknown](err); unknown {
		return
	}
	if refused, ok := errors.AsType[*chat.Error](err); ok {
		call.Fail(refused.Code)
	}
}

// finish lets everybody have their answers, says farewell in each channel,
// waits until every listener has heard it, and reads the logs. The server must
// be up, and stay.
func (l *load) finish() (*history.History, history.Final) {
	l.t.Helper()
	l.quiet()
	if !done(&l.posters, within) {
		l.note(late, "", "posters have no answer %v after the last fault\n%s", within, l.server.output)
	}
	ctx, cancel := context.WithTimeout(l.living, within+l.patience)
	defer cancel()
	for _, e := range l.listeners {
		for !e.joined.Load() && pause(ctx, 5*time.Millisecond) {
		}
	}
	c := l.client("farewell", l.token("farewell"))
	defer c.Close()
	for i, channel := range l.channels {
		op := history.Op{Client: "farewell", User: "farewell", Kind: history.Post, Channel: channel, Nonce: "farewell", Text: farewell}
		call := l.rec.Invoke(op)
		ack, err := c.Publish(ctx, channel, client.Draft{Text: op.Text, Nonce: op.Nonce})
		if err != nil {
			l.t.Fatalf("say farewell: %v\n%s", err, l.server.output)
		}
		l.ok(call, i, history.Answer{Seq: ack.Seq, ID: ack.ID})
	}
	enough, cancel := context.WithTimeout(ctx, l.patience)
	defer cancel()
	for _, e := range l.listeners {
		select {
		case <-e.heard:
		case <-enough.Done():
			select {
			case <-e.heard: // while another was waited for
			default:
				l.note(late, e.channel, "%s has not heard the end within %v", e.name, l.patience)
			}
		}
	}
	final := make(history.Final)
	for _, channel := range l.channels {
		final[channel] = l.log(ctx, c, channel)
	}
	l.leave()
	l.ears.Wait()
	return l.rec.History(), final
}

func done(group *sync.WaitGroup, d time.Duration) bool {
	over := make(chan struct{})
	go func() {
		group.Wait()
		close(over)
	}()
	select {
	case <-over:
		return true
	case <-time.After(d):
		return false
	}
}

// log reads the whole of a channel.
func (l *load) log(ctx context.Context, c *client.Client, channel string) []history.Entry {
	var log []history.Entry
	for {
		after := uint64(0)
		if len(log) > 0 {
			after = log[len(log)-1].Seq
		}
		page, err := c.Events(ctx, channel, after, 1000)
		if err != nil {
			l.t.Fatalf("read %s after %d: %v", channel, after, err)
		}
		if len(page.Events) == 0 {
			return log
		}
		for _, e := range page.Events {
			log = append(log, entryOf(e))
		}
	}
}

// complain notes that a client did not get what it was promised.
func (l *load) complain(channel, format string, args ...any) {
	l.note("told", channel, format, args...)
}

// late is the check of what did not come in time: the machine may be to blame.
const late = "in time"

func (l *load) note(check, channel, format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.complaints = append(l.complaints, history.Violation{Check: check, Channel: channel, What: fmt.Sprintf(format, args...)})
}

// violations is finish, and everything that is wrong.
func (l *load) violations() []history.Violation {
	l.t.Helper()
	h, final := l.finish()
	events := 0
	for _, log := range final {
		events += len(log)
	}
	began := time.Now()
	found := append(l.complaints, history.All(h, final)...)
	l.clean = len(found) == 0
	l.t.Logf("%d operations, %d acknowledged, %d events, %d runs; checked in %v",
		len(h.Ops), l.acked.Load(), events, len(h.Runs), time.Since(began).Round(time.Millisecond))
	return found
}

// check fails the test with everything that is wrong.
func (l *load) check() {
	l.t.Helper()
	found := l.violations()
	for i, v := range found {
		if i == 20 {
			l.t.Errorf("and %d more", len(found)-i)
			break
		}
		l.t.Error(v)
	}
}

// entryOf is an event of package client as an entry.
func entryOf(e client.Logged) history.Entry {
	switch e := e.(type) {
	case *client.Message:
		return history.Entry{
			Seq: e.Seq, Sequence: e.Sequence, Kind: chat.KindMessage, ID: e.ID, Sender: e.SenderID,
			Nonce: e.Nonce, Text: brief(e.Text), EditSeq: e.EditSeq, Deleted: !e.DeletedAt.IsZero(),
		}
	case *client.Update:
		text := ""
		if e.NewText != nil {
			text = brief(*e.NewText)
		}
		return history.Entry{Seq: e.Seq, Kind: chat.KindEdit, ID: e.ID, Sender: e.UserID, Text: text}
	case *client.Deletion:
		return history.Entry{Seq: e.Seq, Kind: chat.KindDelete, ID: e.ID, Sender: e.UserID}
	}
	return history.Entry{Seq: e.Place()}
}
