package wiretest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire"
)

// A transcript is a text file of lines, each a mark, a space and the rest:
//
//	# a comment; empty lines mean nothing
//	@ NAME    the lines that follow are of the connection whose session is NAME
//	> FRAME   a frame from the client
//	= REQUEST what the server's codec makes of it, once for each request
//	! CODE    or the error that it makes of it
//	+ WHAT {} what the server's session sends: Event, Redelivered (an event),
//	          Signal, Reply, Level, Dropped, Opened, GoingAway or Expiring, in
//	          the notation of notation.go; a Reply answers the last request,
//	          with "Back": n the n-th before it
//	< FRAME   what the client gets; of a frame of several lines, each
//
// A test of a client replays `>` and `<` alone. A frame that is an error is
// answered with it. With PARLEY_UPDATE set in the environment, Replay writes
// the lines that begin with =, ! and < anew: read the difference before you
// commit it.

const updateVariable = "PARLEY_UPDATE"

// Replay replays every transcript that the pattern matches.
func Replay(t *testing.T, d wire.Dialect, pattern string) {
	for _, path := range transcripts(t, pattern) {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			want := string(data)
			got := replay(t, d, want)
			if os.Getenv(updateVariable) != "" && !t.Failed() {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")); diff != "" {
				t.Errorf("%s (-want +got):\n%s", path, diff)
			}
		})
	}
}

// Frames are what clients send in the transcripts that the pattern matches,
// those that are refused left out.
func Frames(t testing.TB, pattern string) [][]byte {
	var frames [][]byte
	for _, path := range transcripts(t, pattern) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(data)) {
			switch {
			case strings.HasPrefix(line, "> "):
				frames = append(frames, []byte(strings.TrimSuffix(line[2:], "\n")))
			case strings.HasPrefix(line, "! "):
				frames = frames[:len(frames)-1]
			}
		}
	}
	return frames
}

func transcripts(t testing.TB, pattern string) []string {
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("no transcripts match %s", pattern)
	}
	return paths
}

// line is one connection of a transcript.
type line struct {
	codec    wire.Codec
	requests []chat.Request
}

// replay runs the > and + lines of text, and returns it with what they yield.
func replay(t *testing.T, d wire.Dialect, text string) string {
	t.Helper()
	var out strings.Builder
	lines := map[string]*line{}
	at := func(session string) *line {
		if lines[session] == nil {
			lines[session] = &line{codec: d.New(session)}
		}
		return lines[session]
	}
	now := at("session")
	for n, l := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		mark, rest, _ := strings.Cut(l, " ")
		switch mark {
		case "=", "!", "<":
			continue
		case "", "#":
		case "@":
			now = at(rest)
		case ">", "+":
		default:
			t.Fatalf("line %d begins with %q", n+1, mark)
		}
		out.WriteString(l + "\n")
		switch mark {
		case ">":
			now.read(&out, rest)
		case "+":
			if err := now.write(&out, rest); err != nil {
				t.Fatalf("line %d: %v", n+1, err)
			}
		}
	}
	return out.String()
}

// read is a frame from the client.
func (l *line) read(out *strings.Builder, frame string) {
	err := l.codec.Decode([]byte(frame), func(r chat.Request) {
		l.requests = append(l.requests, r)
		var b bytes.Buffer
		describe(&b, reflect.ValueOf(r))
		fmt.Fprintf(out, "= %s\n", b.Bytes())
	})
	if err != nil {
		fmt.Fprintf(out, "! %s\n", chat.CodeOf(err))
		l.send(out, &chat.Delivery{Reply: &chat.Reply{Err: chat.AsError(err)}})
	}
}

// write is a delivery to the client.
func (l *line) write(out *strings.Builder, text string) error {
	what, data, _ := strings.Cut(text, " ")
	d := new(chat.Delivery)
	var into any
	switch what {
	case "Event", "Redelivered":
		d.Event, d.Redelivered = new(chat.Event), what == "Redelivered"
		into = d.Event
	case "Signal":
		d.Signal = new(chat.Signal)
		into = d.Signal
	case "Reply":
		return l.reply(out, data)
	default:
		n, ok := notices()[what]
		if !ok {
			return fmt.Errorf("there is no delivery named %q", what)
		}
		d.Notice, into = n, n
	}
	if err := parse([]byte(data), reflect.ValueOf(into).Elem()); err != nil {
		return err
	}
	l.send(out, d)
	return nil
}

func notices() map[string]chat.Notice {
	return map[string]chat.Notice{
		"Level":     new(chat.Level),
		"Dropped":   new(chat.Dropped),
		"Opened":    new(chat.Opened),
		"GoingAway": new(chat.GoingAway),
		"Expiring":  new(chat.Expiring),
	}
}

func (l *line) reply(out *strings.Builder, data string) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal([]byte(data), &members); err != nil {
		return err
	}
	back := 0
	if b, ok := members["Back"]; ok {
		if err := json.Unmarshal(b, &back); err != nil {
			return err
		}
		delete(members, "Back")
	}
	rest, err := json.Marshal(members)
	if err != nil {
		return err
	}
	r := new(chat.Reply)
	if err := parse(rest, reflect.ValueOf(r).Elem()); err != nil {
		return err
	}
	if i := len(l.requests) - 1 - back; i >= 0 {
		r.Ref, r.Command = l.requests[i].Ref, l.requests[i].Command
	}
	l.send(out, &chat.Delivery{Reply: r})
	return nil
}

func (l *line) send(out *strings.Builder, d *chat.Delivery) {
	l.codec.Encode(d, func(frame []byte) {
		lines := strings.TrimSuffix(string(frame), "\n")
		fmt.Fprintf(out, "< %s\n", strings.ReplaceAll(lines, "\n", "\n< "))
	})
}
