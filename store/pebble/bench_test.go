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

// fill appends n messages to each of the channels, without waiting for each.
func fill(tb testing.TB, s *Store, names []chat.ChannelID, n int) {
	var wg sync.WaitGroup
	for i := range n {
		for _, ch := range names {
			wg.Add(1)
			d := &chat.Draft{Channel: ch, Kind: chat.KindMessage, Sender: "ann", Body: benchBody, Nonce: strconv.Itoa(i)}
			s.Append(d, func(_ chat.Committed, err error) {
				if err != nil {
					tb.Error(err)
				}
				wg.Done()
			})
		}
	}
	wg.Wait()
}

// BenchmarkMillion opens a store with a million messages in one channel, and
// reads pages of 50 from it.
func BenchmarkMillion(b *testing.B) {
	ctx, dir := context.Background(), b.TempDir()
	ch := chat.ChannelID{Project: "default", Name: "large"}
	s, err := Open(ctx, dir, Options{})
	if err != nil {
		b.Fatal(err)
	}
	fill(b, s, []chat.ChannelID{ch}, 1_000_000)
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	b.Run("open", func(b *testing.B) {
		for b.Loop() {
			if s, err = Open(ctx, dir, Options{}); err != nil {
				b.Fatal(err)
			}
			if _, err := appendWait(s, &chat.Draft{Channel: ch, Kind: chat.KindMessage, Sender: "ann", Body: benchBody, Nonce: "1"}); err != nil {
				b.Fatal(err)
			}
			b.StopTimer()
			if err := s.Close(); err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
		}
	})
	if s, err = Open(ctx, dir, Options{}); err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	benchReads(b, s, ch)
}

// benchReads reads a channel of a million messages.
func benchReads(b *testing.B, s *Store, ch chat.ChannelID) {
	ctx := context.Background()
	for name, page := range map[string]func(i uint64) chat.Page{
		"last page": func(uint64) chat.Page { return chat.Page{Limit: 50} },
		"any page":  func(i uint64) chat.Page { return chat.Page{Before: i*7919*131%1_000_000 + 60, Limit: 50} },
		"page by sequence": func(i uint64) chat.Page {
			return chat.Page{After: i * 7919 * 131 % 999_000, BySequence: true, Limit: 50}
		},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			i := uint64(0)
			for b.Loop() {
				i++
				if es, err := s.Messages(ctx, ch, page(i)); err != nil || len(es) != 50 {
					b.Fatal(len(es), err)
				}
			}
		})
	}
	b.Run("events", func(b *testing.B) {
		for i := uint64(0); b.Loop(); i++ {
			if es, err := s.Events(ctx, ch, i*7919*131%999_000, 50); err != nil || len(es) != 50 {
				b.Fatal(len(es), err)
			}
		}
	})
	b.Run("head", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.Head(ctx, ch); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkPage reads pages of 50 from all over a channel that does not fit into
// the cache. What it allocates is what counts: see -benchmem.
func BenchmarkPage(b *testing.B) {
	const messages = 40_000
	s := benchStore(b, Options{CacheBytes: 4 << 20})
	ch := chat.ChannelID{Project: "default", Name: "large"}
	fill(b, s, []chat.ChannelID{ch}, messages)
	if err := s.db.Flush(); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for i := uint64(0); b.Loop(); i++ {
		if es, err := s.Messages(b.Context(), ch, chat.Page{Before: i*7919*131%messages + 51, Limit: 50}); err != nil || len(es) != 50 {
			b.Fatal(len(es), err)
		}
	}
}

// BenchmarkChannels appends to one channel and to a million that exist, each
// picked by chance, in turn.
func BenchmarkChannels(b *testing.B) {
	const many = 1_000_000
	one, all := benchStore(b, Options{}), benchStore(b, Options{})
	names := make([]chat.ChannelID, many)
	for i := range names {
		names[i] = chat.ChannelID{Project: "default", Name: "room-" + strconv.Itoa(i)}
	}
	fill(b, all, names, 1)
	storeRate(b, one, benchRound, 1)
	storeRate(b, all, benchRound, many)
	var ratios []float64
	for left := b.N; left > 0; left -= benchRound {
		n := min(left, benchRound)
		ratios = append(ratios, storeRate(b, one, n, 1)/storeRate(b, all, n, many))
	}
	b.ReportMetric(median(ratios), "cost-ratio")
}
