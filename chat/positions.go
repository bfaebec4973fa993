package chat

import (
	"strconv"
	"strings"
)

// MaxPositions is how many places Positions have, at most: as many as one
// session has subscriptions.
const MaxPositions = 1000

// Positions are places in several channels' logs: everything up to and
// including each seq has been seen. Which channel a place belongs to is agreed
// upon elsewhere; places stay where they are.
type Positions struct {
	Epoch string
	Seqs  []uint64
}

// String is "epoch:seq,seq,…": of one place it is a Position's.
func (p Positions) String() string {
	return string(p.Append(make([]byte, 0, len(p.Epoch)+1+8*len(p.Seqs))))
}

// Append appends what String is.
func (p Positions) Append(b []byte) []byte {
	b = append(b, p.Epoch...)
	for i, seq := range p.Seqs {
		sep := byte(',')
		if i == 0 {
			sep = ':'
		}
		b = strconv.AppendUint(append(b, sep), seq, 10)
	}
	return b
}

// ParsePositions reads what String writes, of one place at least and
// MaxPositions at most.
func ParsePositions(s string) (Positions, error) {
	epoch, list, ok := strings.Cut(s, ":")
	n := strings.Count(list, ",") + 1
	if !ok || epoch == "" || len(epoch) > maxEpoch || n > MaxPositions {
		return Positions{}, errPositions()
	}
	p := Positions{Epoch: epoch, Seqs: make([]uint64, 0, n)}
	for num := range strings.SplitSeq(list, ",") {
		seq, err := strconv.ParseUint(num, 10, 64)
		if err != nil {
			return Positions{}, errPositions()
		}
		p.Seqs = append(p.Seqs, seq)
	}
	return p, nil
}

func errPositions() *Error {
	return E(CodeInvalid, "positions read epoch:seq,seq,… with at most %d places", MaxPositions)
}
