package pebble

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parley-chat/parley/chat"
)

// The yardstick of BenchmarkAppend: what 256 senders that wait for their own
// answers get from a file that a group's bytes are appended to in one write,
// and synced. No seqs, no nonces, no index.
type rawLog struct {
	file    *os.File
	mu      sync.Mutex
	waiting []rawEntry
	ready   chan struct{}
	ended   sync.WaitGroup
}

type rawEntry struct {
	body []byte
	done func(error)
}

func openRawLog(tb testing.TB) *rawLog {
	file, err := os.Create(filepath.Join(tb.TempDir(), "log"))
	if err != nil {
		tb.Fatal(err)
	}
	l := &rawLog{file: file, ready: make(chan struct{}, 1)}
	l.ended.Go(l.run)
	return l
}

func (l *rawLog) append(body []byte, done func(error)) {
	l.mu.Lock()
	l.waiting = append(l.waiting, rawEntry{body, done})
	l.mu.Unlock()
	select {
	case l.ready <- struct{}{}:
	default:
	}
}

func (l *rawLog) run() {
	var group, spare []rawEntry
	var buf []byte
	for range l.ready {
		l.mu.Lock()
		group, l.waiting = l.waiting, spare[:0]
		l.mu.Unlock()
		buf = buf[:0]
		for _, e := range group {
			buf = append(binary.BigEndian.AppendUint32(buf, uint32(len(e.body))), e.body...)
		}
		_, err := l.file.Write(buf)
		if err == nil {
			err = l.file.Sync()
		}
		for _, e := range group {
			e.done(err)
		}
		spare = group
	}
}

func (l *rawLog) close() {
	close(l.ready)
	l.ended.Wait()
	_ = l.file.Close()
}

const benchSenders = 256

var benchBody = []byte(`{"text":"` + string(make64('x', 180)) + `"}`)

func make64(c byte, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = c
	}
	return b
}

// together has the senders call one until total calls were made; one waits for
// its own answer.
func together(total int, one func(sender, i int)) time.Duration {
	var next atomic.Int64
	var wg sync.WaitGroup
	start := time.Now()
	for s := range benchSenders {
		wg.Go(func() {
			for {
				i := int(next.Add(1))
				if i > total {
					return
				}
				one(s, i)
			}
		})
	}
	wg.Wait()
	return time.Since(start)
}

func rawRate(tb testing.TB, total int) float64 {
	l := openRawLog(tb)
	defer l.close()
	var done [benchSenders]chan error
	for i := range done {
		done[i] = make(chan error, 1)
	}
	took := together(total, func(s, _ int) {
		l.append(benchBody, func(err error) { done[s] <- err })
		if err := <-done[s]; err != nil {
			tb.Error(err)
		}
	})
	return float64(total) / took.Seconds()
}

// storeRate appends total messages with nonces to that many channels.
func storeRate(tb testing.TB, s *Store, total, channels int) float64 {
	names := make([]chat.ChannelID, channels)
	for i := range names {
		names[i] = chat.ChannelID{Project: "default", Name: "room-" + strconv.Itoa(i)}
	}
	senders := make([]string, benchSenders)
	done := make([]chan error, benchSenders)
	for i := range done {
		senders[i], done[i] = "user-"+strconv.Itoa(i), make(chan error, 1)
	}
	run := strconv.FormatInt(time.Now().UnixNano(), 36)
	took := together(total, func(sender, i int) {
		d := &chat.Draft{
			Channel: names[uint64(i)*0x9e3779b97f4a7c15%uint64(channels)], Kind: chat.KindMessage,
			Sender: senders[sender], Body: benchBody, Nonce: run + strconv.Itoa(i),
		}
		s.Append(d, func(_ chat.Committed, err error) { done[sender] <- err })
		if err := <-done[sender]; err != nil {
			tb.Error(err)
		}
	})
	return float64(total) / took.Seconds()
}

func benchStore(tb testing.TB, opts Options) *Store {
	s, err := Open(context.Background(), tb.TempDir(), opts)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = s.Close() })
	return s
}

// benchRound is how many messages the store and the raw log get in turn.
const benchRound = 10000

// BenchmarkAppend runs the store and the raw log in turn, round by round, and
// reports the medians of their rates and of the rounds' ratios. b.N messages
// of 200 bytes go to each.
func BenchmarkAppend(b *testing.B) {
	for _, channels := range []int{1, 1000} {
		b.Run(fmt.Sprintf("channels=%d", channels), func(b *testing.B) {
			s := benchStore(b, Options{})
			storeRate(b, s, benchRound, channels)
			before := s.Stats()
			var rates, raws, ratios []float64
			for left := b.N; left > 0; left -= benchRound {
				n := min(left, benchRound)
				b.StopTimer()
				raw := rawRate(b, n)
				b.StartTimer()
				rate := storeRate(b, s, n, channels)
				rates, raws, ratios = append(rates, rate), append(raws, raw), append(ratios, rate/raw)
			}
			after := s.Stats()
			b.ReportMetric(median(rates), "msgs/s")
			b.ReportMetric(median(raws), "raw-msgs/s")
			b.ReportMetric(median(ratios), "ratio")
			b.ReportMetric(float64(after.Events-before.Events)/float64(max(1, after.Syncs-before.Syncs)), "msgs/sync")
		})
	}
}

func median(all []float64) float64 {
	slices.Sort(all)
	return all[len(all)/2]
}

// BenchmarkRawLog is the yardstick alone.
func BenchmarkRawLog(b *testing.B) {
	b.ReportMetric(rawRate(b, b.N), "msgs/s")
}
