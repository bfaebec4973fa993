package poll

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-chat/parley/chat"
)

// request is what a client asks for, read and within its bounds.
type request struct {
	session string // as it was last named; "": none
	seen    uint64 // the last answer that the client got
	subs    []chat.Subscribe
	frames  [][]byte
	hold    time.Duration
	leave   bool
	size    int // bytes of the body
}

// envelope is a request's body. Members that it does not have are ignored.
type envelope struct {
	Session       string           `json:"session"`
	Subscriptions []standing       `json:"subscriptions"`
	Frames        []jsontext.Value `json:"frames"`
	Hold          *uint64          `json:"hold"` // ms
	Leave         bool             `json:"leave"`
}

// standing is where the client stands in a channel.
type standing struct {
	ChannelID string  `json:"channelId"`
	Position  *string `json:"position"`
	Presence  bool    `json:"presence"`
	Acks      bool    `json:"acks"`
}

// read takes a request's body in.
func (s *Server) read(w http.ResponseWriter, r *http.Request) (*request, error) {
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(s.o.Now().Add(s.o.ReadWithin)) // where there is a connection
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, int64(s.o.MaxRequest)))
	// From here on the connection is read only to see its end.
	_ = control.SetReadDeadline(time.Time{})
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		return nil, chat.E(chat.CodeTooLarge, "the request is over %d bytes", s.o.MaxRequest)
	}
	if err != nil {
		return nil, &chat.Error{Code: chat.CodeMalformed, Message: "the request ends early", Cause: err}
	}
	s.count.bytesIn.Add(uint64(len(data)))
	return s.parse(data)
}

func (s *Server) parse(data []byte) (*request, error) {
	var e envelope
	if err := json.Unmarshal(data, &e); err != nil {
		return nil, unreadable(err)
	}
	switch {
	case len(e.Subscriptions) > s.o.MaxSubscriptions:
		return nil, chat.E(chat.CodeTooMany, "at most %d subscriptions a request", s.o.MaxSubscriptions)
	case len(e.Frames) > s.o.MaxFrames:
		return nil, chat.E(chat.CodeTooMany, "at most %d frames a request", s.o.MaxFrames)
	}
	q := &request{hold: s.o.Hold, leave: e.Leave, size: len(data)}
	q.session, q.seen = cutName(e.Session)
	if e.Hold != nil && *e.Hold < uint64(s.o.Hold.Milliseconds()) {
		q.hold = time.Duration(*e.Hold) * time.Millisecond
	}
	for _, v := range e.Frames {
		frame, err := content(v)
		if err != nil {
			return nil, err
		}
		q.frames = append(q.frames, frame)
	}
	named := make(map[string]bool, len(e.Subscriptions))
	for _, st := range e.Subscriptions {
		sub, err := st.subscribe()
		if err == nil && named[sub.Channel] {
			err = chat.E(chat.CodeInvalid, "a channel is subscribed to once")
		}
		if err != nil {
			return nil, err
		}
		named[sub.Channel] = true
		q.subs = append(q.subs, sub)
	}
	return q, nil
}

// unreadable says what is wrong with a body, in words that do not repeat it.
func unreadable(err error) error {
	e := &chat.Error{Code: chat.CodeMalformed, Message: "the request is no JSON object", Cause: err}
	if wrong, ok := errors.AsType[*json.SemanticError](err); ok {
		e.Code, e.Message = chat.CodeInvalid, "a value of the request is of the wrong kind"
		if at := wrong.JSONPointer; at != "" && len(at) < 100 {
			e.Message += ", at " + strconv.Quote(string(at))
		}
	}
	return e
}

// content is a frame as its dialect wrote it: an object stands as it is,
// anything else as a string.
func content(v jsontext.Value) ([]byte, error) {
	if v.Kind() != '"' {
		return v, nil
	}
	frame, err := jsontext.AppendUnquote(nil, []byte(v))
	if err != nil {
		return nil, &chat.Error{Code: chat.CodeMalformed, Message: "a frame is no string", Cause: err}
	}
	return frame, nil
}

// appendContent is the inverse of content.
func appendContent(b, frame []byte) []byte {
	if len(frame) > 0 && frame[0] == '{' {
		return append(b, frame...)
	}
	b, _ = jsontext.AppendQuote(b, frame) // what is no UTF-8 is replaced
	return b
}

func (st *standing) subscribe() (chat.Subscribe, error) {
	sub := chat.Subscribe{Channel: st.ChannelID, Presence: st.Presence, Acks: st.Acks}
	if st.ChannelID == "" {
		return sub, chat.E(chat.CodeInvalid, "a subscription names its channelId")
	}
	if st.Position != nil {
		from, err := chat.ParsePosition(*st.Position)
		if err != nil {
			return sub, err
		}
		sub.From = &from
	}
	return sub, nil
}

// A session's name is its id and the number of the last answer that told
// something. Clients send back the last name they got.

func cutName(name string) (session string, seen uint64) {
	at := strings.LastIndexByte(name, '.')
	if at < 0 {
		return "", 0
	}
	seen, err := strconv.ParseUint(name[at+1:], 10, 64)
	if err != nil {
		return "", 0
	}
	return name[:at], seen
}

func appendName(b []byte, session string, answers uint64) []byte {
	b = append(append(b, session...), '.')
	return strconv.AppendUint(b, answers, 10)
}
