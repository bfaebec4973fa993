// Package socketio is version 5 of Socket.IO's protocol, and the two dialects
// that Parley speaks in its namespaces: the events that a chat server of the
// usual kind has ([Events]), and any dialect of JSON frames as events with
// acknowledgements ([Frames]).
//
// A packet is a text, and the binary messages that follow it and belong to it.
// What cannot be read as one closes the connection, since nothing after it
// could be understood either ([ErrProtocol]); what is wrong within one is an
// error that its sender is told, and the connection lives on.
package socketio

import (
	"bytes"
	"errors"
	"strconv"

	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/wire"
	"github.com/parley-chat/parley/wire/frame"
)

// Bounds on what a client sends.
const (
	MaxAttachments     = 10      // binary attachments of one packet, as Socket.IO's own parsers have it
	MaxAttachmentBytes = 1 << 20 // and their bytes together
	maxNamespace       = 128     // bytes of a namespace's name
)

// Main is the namespace that clients come to which name none.
const Main = "/"

// Type is a packet's first byte.
type Type byte

// The types. A packet that was read is of one of the first four: whether it
// had attachments can be seen.
const (
	Connect      Type = '0'
	Disconnect   Type = '1'
	Event        Type = '2'
	Ack          Type = '3'
	ConnectError Type = '4'
	binaryEvent  Type = '5'
	binaryAck    Type = '6'
)

// Packet is one that was read.
type Packet struct {
	Type        Type
	Namespace   string // begins with a slash
	Wanted      bool   // an event's sender wants an acknowledgement; an acknowledgement always has an ID
	ID          uint64 // of the acknowledgement
	Data        []byte // JSON: of Connect an object or nothing, of Event and Ack an array
	Attachments [][]byte
}

// ErrProtocol is the cause of errors after which a connection is of no use.
var ErrProtocol = errors.New("this is not Socket.IO's protocol")

func broken(format string, args ...any) error {
	e := chat.E(chat.CodeMalformed, format, args...)
	e.Cause = ErrProtocol
	return e
}

// Reader puts packets together from messages. The zero Reader is ready.
type Reader struct{ pending *pending }

// pending is a packet whose attachments have not all come.
type pending struct {
	packet Packet
	lacks  int
	bytes  int
}

// Read takes one message. It returns the packet that is complete with it, or
// nil. With an error, the packet says whose it was, if that is known. The
// packet's data is a copy only where it has attachments.
func (r *Reader) Read(m wire.Message) (*Packet, error) {
	if m.Binary {
		return r.attach(m.Data)
	}
	if r.pending != nil {
		r.pending = nil
		return nil, broken("a packet lacks attachments")
	}
	p, attachments, err := parse(m.Data)
	if err != nil || attachments == 0 {
		return p, err
	}
	p.Data = bytes.Clone(p.Data)
	r.pending = &pending{packet: *p, lacks: attachments}
	return nil, nil
}

func (r *Reader) attach(data []byte) (*Packet, error) {
	pending := r.pending
	if pending == nil {
		return nil, broken("a binary message belongs to no packet")
	}
	// Attachments that are too large are counted, and not kept.
	if pending.bytes += len(data); pending.bytes <= MaxAttachmentBytes {
		pending.packet.Attachments = append(pending.packet.Attachments, append([]byte{}, data...)) // not nil, if it is empty
	} else {
		pending.packet.Attachments = nil
	}
	if pending.lacks--; pending.lacks > 0 {
		return nil, nil
	}
	r.pending = nil
	if pending.bytes > MaxAttachmentBytes {
		return &pending.packet, chat.E(chat.CodeTooLarge, "the attachments are over %d bytes", MaxAttachmentBytes)
	}
	return &pending.packet, nil
}

// parse reads a packet's text: its type, "N-" for N attachments, its namespace
// and a comma unless that is the main one, the id of an acknowledgement, JSON.
func parse(text []byte) (p *Packet, attachments int, err error) {
	if len(text) == 0 {
		return nil, 0, broken("a packet is empty")
	}
	p = &Packet{Type: Type(text[0]), Namespace: Main}
	rest := text[1:]
	switch p.Type {
	case Connect, Disconnect, Event, Ack:
	case binaryEvent, binaryAck:
		if attachments, rest, err = cutAttachments(rest); err != nil {
			return nil, 0, err
		}
		p.Type -= binaryEvent - Event
	default:
		return nil, 0, broken("there is no packet of this type, or none that a client sends")
	}
	if len(rest) > 0 && rest[0] == '/' {
		name, after, _ := bytes.Cut(rest, []byte{','})
		if !named(name) {
			return nil, 0, broken("a namespace's name is at most %d bytes of plain ASCII", maxNamespace)
		}
		p.Namespace, rest = string(name), after
	}
	if rest, err = p.cutID(rest); err != nil {
		return p, attachments, err
	}
	p.Data = bytes.TrimLeft(rest, " \t\r\n")
	return p, attachments, p.check()
}

func cutAttachments(text []byte) (n int, rest []byte, err error) {
	digits, rest, found := bytes.Cut(text, []byte{'-'})
	if !found || len(digits) == 0 || len(digits) > 10 {
		return 0, nil, broken("a binary packet says how many attachments it has")
	}
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, nil, broken("a binary packet says how many attachments it has")
		}
	}
	if n, err = strconv.Atoi(string(digits)); err != nil || n > MaxAttachments {
		return 0, nil, broken("a packet has at most %d attachments", MaxAttachments)
	}
	return n, rest, nil
}

// named reports whether a namespace may be called so: it is repeated to the
// client, in answers that control characters would break.
func named(name []byte) bool {
	for _, c := range name {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return len(name) <= maxNamespace
}

func (p *Packet) cutID(text []byte) (rest []byte, err error) {
	n := 0
	for n < len(text) && text[n] >= '0' && text[n] <= '9' {
		n++
	}
	if n == 0 {
		return text, nil
	}
	id, ok := frame.Value(text[:n]).Number()
	if !ok {
		return nil, chat.E(chat.CodeInvalid, "the id of an acknowledgement is at most 2^53-1")
	}
	p.ID, p.Wanted = id, true
	return text[n:], nil
}

// check looks at the payload's first byte alone: whoever reads it finds the rest.
func (p *Packet) check() error {
	first := byte(0)
	if len(p.Data) > 0 {
		first = p.Data[0]
	}
	switch p.Type {
	case Connect:
		if first != 0 && first != '{' {
			return broken("a connect's payload is an object")
		}
	case Disconnect:
		if first != 0 {
			return broken("a disconnect has no payload")
		}
	default:
		if first != '[' {
			return broken("an event's payload is an array")
		}
		if p.Type == Ack && !p.Wanted {
			return broken("an acknowledgement has an id")
		}
	}
	return nil
}

// begin writes the head of a packet, up to its payload.
func begin(w *frame.Writer, t Type, attachments int, namespace string, id *uint64) {
	if attachments > 0 {
		t += binaryEvent - Event
	}
	w.Verbatim(string(rune(t)))
	if attachments > 0 {
		w.Verbatim(strconv.Itoa(attachments))
		w.Verbatim("-")
	}
	if namespace != Main {
		w.Verbatim(namespace)
		w.Verbatim(",")
	}
	if id != nil {
		w.Verbatim(strconv.FormatUint(*id, 10))
	}
}

// AppendPacket appends a packet's text, whose payload is JSON or nothing. The
// attachments are to follow it.
func AppendPacket(b []byte, p *Packet) []byte {
	w := new(frame.Writer)
	var id *uint64
	if p.Wanted {
		id = &p.ID
	}
	begin(w, p.Type, len(p.Attachments), p.Namespace, id)
	return append(append(b, w.Bytes()...), p.Data...)
}

// AppendRefusal appends the packet that tells a client why it may not connect,
// or no longer: message is what programs compare, e's code and words go beside.
func AppendRefusal(b []byte, namespace, message string, e *chat.Error) []byte {
	w := new(frame.Writer)
	begin(w, ConnectError, 0, namespace, nil)
	w.Verbatim("{")
	w.String("message", message)
	if e != nil {
		w.Object("data")
		w.String("code", string(e.Code))
		w.String("message", e.Message)
		if e.RetryAfter > 0 {
			w.Duration("retryAfter", e.RetryAfter)
		}
		w.Close()
	}
	w.Close()
	return append(b, w.Bytes()...)
}

// AppendError appends the event that tells of an error which no
// acknowledgement can tell of.
func AppendError(b []byte, namespace string, e *chat.Error) []byte {
	w := new(frame.Writer)
	appendError(w, namespace, e, "")
	return append(b, w.Bytes()...)
}

// appendError writes AppendError's event; room is the one that it is about, or "".
func appendError(w *frame.Writer, namespace string, e *chat.Error, room string) {
	begin(w, Event, 0, namespace, nil)
	w.Verbatim(`["error"`)
	w.Open()
	w.String("code", string(e.Code))
	w.String("message", e.Message)
	if e.RetryAfter > 0 {
		w.Duration("retryAfter", e.RetryAfter)
	}
	w.Maybe("room", room)
	w.Close()
	w.End()
}
