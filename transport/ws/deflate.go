package ws

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"math/bits"

	"github.com/gobwas/httphead"
	"github.com/gobwas/ws/wsflate"
)

// maxWindow is what compress/flate uses, in bits: it cannot be told to use less.
const maxWindow = 15

var (
	errInflated = errors.New("the inflated message is too long")

	// tail is what RFC 7692, section 7.2.1, takes off a deflated message.
	tail = []byte{0, 0, 0xff, 0xff}
	// ending puts it back, and ends the stream for the reader's sake.
	ending = []byte{0, 0, 0xff, 0xff, 1, 0, 0, 0xff, 0xff}
)

// negotiation picks the first offer of permessage-deflate that can be met,
// without context takeover in both directions. A window that the client wants
// smaller is met by deflating only messages that fit into it.
type negotiation struct {
	bits uint8 // of the server's window; 0: none was picked
}

func (n *negotiation) pick(offer httphead.Option) (httphead.Option, error) {
	if n.bits != 0 || string(offer.Name) != wsflate.ExtensionName {
		return httphead.Option{}, nil
	}
	var p wsflate.Parameters
	if p.Parse(offer) != nil {
		return httphead.Option{}, nil // RFC 7692, section 7: decline it, look at the next
	}
	answer := wsflate.Parameters{ServerNoContextTakeover: true, ClientNoContextTakeover: true}
	n.bits = maxWindow
	if p.ServerMaxWindowBits.Defined() {
		n.bits = uint8(p.ServerMaxWindowBits)
		answer.ServerMaxWindowBits = p.ServerMaxWindowBits
	}
	return answer.Option(), nil
}

// appendText appends a text frame, deflated if the window has that many bits
// and it is worth it.
func (s *Server) appendText(dst, payload []byte, window uint8) []byte {
	if window == 0 || len(payload) < s.compressAbove || bits.Len(uint(len(payload)-1)) > int(window) {
		return appendFrame(dst, firstText, payload)
	}
	d := s.deflaters.take()
	defer s.deflaters.give(d)
	if small, err := d.deflate(payload); err == nil && len(small) < len(payload) {
		return appendFrame(dst, firstText|rsv1, small)
	}
	return appendFrame(dst, firstText, payload)
}

// deflater compresses messages, each for itself.
type deflater struct {
	out bytes.Buffer
	to  *flate.Writer
}

func (d *deflater) deflate(payload []byte) ([]byte, error) {
	d.out.Reset()
	d.to.Reset(&d.out)
	if _, err := d.to.Write(payload); err != nil {
		return nil, err
	}
	if err := d.to.Flush(); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(d.out.Bytes(), tail), nil
}

// deflaters are kept, as many as work at once: one is about a megabyte.
type deflaters struct{ free chan *deflater }

func (p *deflaters) take() *deflater {
	select {
	case d := <-p.free:
		return d
	default:
		d := &deflater{}
		d.to, _ = flate.NewWriter(&d.out, flate.BestSpeed) // fails for unknown levels only
		return d
	}
}

func (p *deflaters) give(d *deflater) {
	if d.out.Cap() > 256<<10 {
		d.out = bytes.Buffer{}
	}
	select {
	case p.free <- d:
	default:
	}
}

// inflater reads one deflated message at a time.
type inflater struct {
	payload, end bytes.Reader
	from         io.Reader
}

// inflaters are kept, as many as work at once: one is about 40 KB.
type inflaters struct{ free chan *inflater }

// inflate appends the message to dst, growing it as the bytes come. Beyond
// limit it is errInflated, however small payload is.
func (p *inflaters) inflate(dst, payload []byte, limit int) ([]byte, error) {
	var f *inflater
	select {
	case f = <-p.free:
	default:
		f = &inflater{}
		f.from = flate.NewReader(&f.payload)
	}
	defer func() {
		f.payload.Reset(nil)
		select {
		case p.free <- f:
		default:
		}
	}()
	return f.inflate(dst, payload, limit)
}

func (f *inflater) inflate(dst, payload []byte, limit int) ([]byte, error) {
	f.payload.Reset(payload)
	f.end.Reset(ending)
	if err := f.from.(flate.Resetter).Reset(&joined{&f.payload, &f.end}, nil); err != nil {
		return dst, err
	}
	for {
		if len(dst) == cap(dst) {
			dst = append(dst, 0)[:len(dst)]
		}
		n, err := f.from.Read(dst[len(dst):min(cap(dst), limit+1)])
		if dst = dst[:len(dst)+n]; len(dst) > limit {
			return dst, errInflated
		}
		if err == io.EOF {
			return dst, nil
		}
		if err != nil {
			return dst, err
		}
	}
}

// joined is one reader after the other, byte by byte too: flate would put a
// buffer before anything else.
type joined struct{ first, second *bytes.Reader }

func (j *joined) Read(p []byte) (int, error) {
	if j.first.Len() > 0 {
		return j.first.Read(p)
	}
	return j.second.Read(p)
}

func (j *joined) ReadByte() (byte, error) {
	if j.first.Len() > 0 {
		return j.first.ReadByte()
	}
	return j.second.ReadByte()
}
