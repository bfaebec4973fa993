package load

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"golang.org/x/sys/unix"

	"github.com/parley-chat/parley/bench/fields"
	"github.com/parley-chat/parley/bench/frame"
)

// Plan is an open loop: message i is due i/Rate seconds after the start,
// whatever the server does.
type Plan struct {
	Rate   float64 // messages a second
	Count  int
	Size   int           // bytes of text; 0: 200
	Warmup time.Duration // latencies of messages due earlier are not counted
	Run    string        // part of the nonces, different each time

	// Next says who sends message i, and to which channel.
	Next func(i int) (*Conn, string)
}

// schedule is a plan's times, as the loop needs them for acks.
type schedule struct {
	first    uint64 // the ref of message 0
	start    int64  // when message 0 is due, nanoseconds since the base
	interval float64
	count    int
}

func (s schedule) due(i int) int64 { return s.start + int64(float64(i)*s.interval) }

// Publish sends a plan's messages, each when it is due, and returns when the
// last has been sent, with how late the generator itself was, in microseconds.
func (s *Swarm) Publish(ctx context.Context, p Plan) (*hdrhistogram.Histogram, error) {
	late := newHistogram()
	if p.Size == 0 {
		p.Size = 200
	}
	var times schedule
	err := s.do(func() {
		times = schedule{
			first: s.schedule.first + uint64(s.schedule.count), start: s.now() + int64(time.Millisecond),
			interval: 1e9 / p.Rate, count: p.Count,
		}
		if times.first == 0 {
			times.first = 1000
		}
		s.schedule = times
		s.window = window{from: times.start + int64(p.Warmup), to: times.due(p.Count)}
	})
	if err != nil {
		return nil, err
	}
	// Go's timers round up to a millisecond while nothing else runs; a thread's
	// sleep does not.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	w := writer{run: p.Run, filler: filler(p.Size)}
	for i := range p.Count {
		due := times.due(i)
		if err := s.sleepUntil(ctx, due); err != nil {
			return late, err
		}
		from, channel := p.Next(i)
		if err := from.send(frame.Text, s.speaks.publish(&w, times.first+uint64(i), channel, due)); err != nil {
			return late, fmt.Errorf("publish: %w", err)
		}
		_ = late.RecordValue(max(s.now()-due, 0) / 1000)
	}
	return late, nil
}

func (s *Swarm) sleepUntil(ctx context.Context, due int64) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		left := due - s.now()
		if left <= 0 {
			return nil
		}
		rest := unix.NsecToTimespec(min(left, int64(50*time.Millisecond)))
		_ = unix.Nanosleep(&rest, nil)
	}
}

// A text begins with when it was due: "b", 18 digits and a space.
const stampSize = 20

type writer struct {
	run    string
	filler []byte
	buffer []byte
}

func filler(size int) []byte {
	const words = "a message of the length that people write on average when they are not in a hurry "
	b := make([]byte, 0, size)
	for len(b) < size-stampSize {
		b = append(b, words[len(b)%len(words)])
	}
	return b
}

func stamp(b []byte, due int64) []byte {
	b = append(b, 'b')
	start := len(b)
	b = append(b, "000000000000000000 "...)
	for at := start + 17; due > 0; at-- {
		b[at] = byte('0' + due%10)
		due /= 10
	}
	return b
}

func dueOf(text []byte) (int64, bool) {
	if len(text) < stampSize || text[0] != 'b' || text[stampSize-1] != ' ' {
		return 0, false
	}
	n, ok := fields.Number(text[1 : stampSize-1])
	return int64(n), ok
}
