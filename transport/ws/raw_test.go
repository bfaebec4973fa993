package ws_test

import (
	"bufio"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// The client's side of RFC 6455 as bare bytes, so that anything can be sent.

// First bytes.
const (
	fin  = 0x80
	rsv1 = 0x40

	opContinue = 0x0
	opText     = 0x1
	opBinary   = 0x2
	opClose    = 0x8
	opPing     = 0x9
	opPong     = 0xa
)

// frame is one masked frame.
func frame(first byte, payload string) []byte {
	b := append(lengthOf(first, 0x80, len(payload)), 0x37, 0xfa, 0x21, 0x3d)
	for i := range len(payload) {
		b = append(b, payload[i]^"\x37\xfa\x21\x3d"[i%4])
	}
	return b
}

// bare is one frame without a mask.
func bare(first byte, payload string) []byte {
	return append(lengthOf(first, 0, len(payload)), payload...)
}

func lengthOf(first, mask byte, n int) []byte {
	switch {
	case n < 126:
		return []byte{first, mask | byte(n)}
	case n < 65536:
		return binary.BigEndian.AppendUint16([]byte{first, mask | 126}, uint16(n))
	}
	return binary.BigEndian.AppendUint64([]byte{first, mask | 127}, uint64(n))
}

func text(s string) []byte { return frame(fin|opText, s) }

func closing(code int, reason string) []byte {
	return frame(fin|opClose, string(binary.BigEndian.AppendUint16(nil, uint16(code)))+reason)
}

// fragments is one message in frames of at most size bytes.
func fragments(op byte, payload string, size int) (all [][]byte) {
	for first := op; ; first = opContinue {
		n := min(size, len(payload))
		part := payload[:n]
		if payload = payload[n:]; payload == "" {
			return append(all, frame(first|fin, part))
		}
		all = append(all, frame(first, part))
	}
}

// squeezer deflates messages as RFC 7692 wants them.
type squeezer struct {
	to  *flate.Writer
	out bytes.Buffer
}

func (q *squeezer) deflate(s string) string {
	if q.out.Reset(); q.to == nil {
		q.to, _ = flate.NewWriter(&q.out, 6)
	}
	q.to.Reset(&q.out)
	_, _ = io.WriteString(q.to, s)
	_ = q.to.Flush()
	return strings.TrimSuffix(q.out.String(), "\x00\x00\xff\xff")
}

func deflated(s string) string { return new(squeezer).deflate(s) }

func inflated(s string) (string, error) {
	b, err := io.ReadAll(flate.NewReader(strings.NewReader(s + "\x00\x00\xff\xff\x01\x00\x00\xff\xff")))
	return string(b), err
}

// raw is a connection on which the handshake is done.
type raw struct {
	net.Conn
	in     *bufio.Reader
	header string
}

// open shakes hands; header lines end in \r\n.
func open(tb testing.TB, addr, header string) *raw {
	tb.Helper()
	return shake(tb, addr, header, "")
}

// dialWith sends more together with the handshake.
func dialWith(tb testing.TB, addr, more string) *raw {
	tb.Helper()
	return shake(tb, addr, "", more)
}

func shake(tb testing.TB, addr, header, more string) *raw {
	tb.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { c.Close() })
	r := &raw{Conn: c, in: bufio.NewReader(c)}
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	if _, err := io.WriteString(c, strings.TrimSuffix(handshake, "\r\n")+header+"\r\n"+more); err != nil {
		tb.Fatal(err)
	}
	for {
		line, err := r.in.ReadString('\n')
		if err != nil {
			tb.Fatalf("handshake: %q %v", r.header, err)
		}
		if r.header += line; line == "\r\n" {
			return r
		}
	}
}

func (r *raw) send(tb testing.TB, frames ...[]byte) {
	tb.Helper()
	for _, f := range frames {
		if _, err := r.Write(f); err != nil {
			tb.Fatal(err)
		}
	}
}

// received is one frame from the server.
type received struct {
	first   byte
	payload string
}

func (f received) String() string {
	p := f.payload
	switch {
	case f.first == fin|opClose && len(p) >= 2:
		return fmt.Sprintf("close %d", binary.BigEndian.Uint16([]byte(p)))
	case f.first == fin|opClose:
		return "close" + p
	case len(p) > 40:
		p = fmt.Sprintf("%s… (%d bytes, %08x)", p[:40], len(p), crc32.ChecksumIEEE([]byte(p)))
	}
	return fmt.Sprintf("%#x %q", f.first, p)
}

func (r *raw) frame() (f received, err error) {
	var head [2]byte
	if _, err := io.ReadFull(r.in, head[:]); err != nil {
		return f, err
	}
	if head[1]&0x80 != 0 {
		return f, fmt.Errorf("the server masks")
	}
	n := uint64(head[1])
	if extra := map[uint64]int{126: 2, 127: 8}[n]; extra > 0 {
		var b [8]byte
		if _, err := io.ReadFull(r.in, b[8-extra:]); err != nil {
			return f, err
		}
		n = binary.BigEndian.Uint64(b[:])
	}
	payload := make([]byte, n)
	_, err = io.ReadFull(r.in, payload)
	return received{head[0], string(payload)}, err
}

// next is the next frame; a deflated text is given inflated.
func (r *raw) next(tb testing.TB) received {
	tb.Helper()
	f, err := r.frame()
	if err != nil {
		tb.Fatalf("next frame: %v", err)
	}
	if f.first&rsv1 != 0 {
		if f.payload, err = inflated(f.payload); err != nil {
			tb.Fatalf("inflate: %v", err)
		}
		f.first &^= rsv1
	}
	return f
}

// ended fails if anything but the end follows.
func (r *raw) ended(tb testing.TB) {
	tb.Helper()
	if f, err := r.frame(); err != io.EOF {
		tb.Errorf("after the close frame: %v, %v", f, err)
	}
}
