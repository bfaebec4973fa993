package client

import (
	"fmt"
	"strconv"
	"strings"
)

// Position is a place in a channel's log: everything up to and including Seq
// has been seen. The zero Position is none.
type Position struct {
	Epoch string
	Seq   uint64
}

// IsZero reports that p is no position.
func (p Position) IsZero() bool { return p == Position{} }

func (p Position) String() string { return p.Epoch + ":" + strconv.FormatUint(p.Seq, 10) }

// MarshalText is "epoch:seq".
func (p Position) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads "epoch:seq".
func (p *Position) UnmarshalText(text []byte) error {
	epoch, digits, ok := strings.Cut(string(text), ":")
	seq, err := strconv.ParseUint(digits, 10, 64)
	if !ok || epoch == "" || err != nil {
		return fmt.Errorf("%q is no position: it reads epoch:seq", text)
	}
	*p = Position{epoch, seq}
	return nil
}
