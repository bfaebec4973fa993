package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Bounds of the scenario.
const (
	fillers      = 8   // requests under way while messages are posted
	fillBatch    = 100 // messages in each
	indexWithin  = 10 * time.Minute
	findChannels = 50 // of the queries in some channels
)

// find posts messages of words as languages have them, has the server index
// them anew, and looks for several kinds of things, one request after the other.
func (r *run) find(ctx context.Context) error {
	if r.Query != nil {
		return errors.New("messages are posted as many users: the server is to be started with --dev")
	}
	base := "http://" + r.server.address
	if err := r.fill(ctx, base); err != nil {
		return fmt.Errorf("post the messages: %w", err)
	}
	if err := r.indexed(ctx, base); err != nil {
		return err
	}
	r.Log.Info("posted", "messages", r.Messages)
	index := filepath.Join(r.server.data, "data", "search")
	begun := time.Now()
	_, err := r.server.restart(ctx, func() error { begun = time.Now(); return os.RemoveAll(index) }, func() bool { return get(ctx, base+"/readyz") == nil })
	if err != nil {
		return err
	}
	if err := r.indexed(ctx, base); err != nil {
		return err
	}
	r.report.Indexed = float64(r.Messages) / time.Since(begun).Seconds()
	r.report.IndexBytes, err = sizeOf(index)
	if err != nil {
		return err
	}
	r.Log.Info("indexed anew", "messages/s", r.report.Indexed, "bytes", r.report.IndexBytes)
	for _, kind := range kinds {
		step := Report{Scenario: r.Scenario, Server: r.report.Server, Options: r.Options, Looked: kind.name}
		if step.Found, err = r.look(ctx, base, kind.query); err != nil {
			return fmt.Errorf("%s: %w", kind.name, err)
		}
		r.Log.Info("looked", "for", kind.name, "p50", step.Found.P50, "p95", step.Found.P95, "max", step.Found.Max)
		r.report.Steps = append(r.report.Steps, step)
	}
	r.report.Memory.After = r.server.memory()
	return nil
}

// fill posts the messages: spread over the channels, one in ten of them Chinese.
func (r *run) fill(ctx context.Context, base string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	batches := make(chan int)
	failed := make(chan error, fillers)
	var posting sync.WaitGroup
	for range fillers {
		posting.Go(func() {
			for i := range batches {
				if err := r.postBatch(ctx, base, i); err != nil {
					failed <- err
					cancel()
					return
				}
			}
		})
	}
	for i := range (r.Messages + fillBatch - 1) / fillBatch {
		select {
		case batches <- i:
		case <-ctx.Done():
		}
	}
	close(batches)
	posting.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return ctx.Err()
	}
}

func (r *run) postBatch(ctx context.Context, base string, i int) error {
	type message struct {
		Text string `json:"text"`
	}
	words := newVocabulary(uint64(i))
	var batch struct {
		Messages []message `json:"messages"`
	}
	for range min(fillBatch, r.Messages-i*fillBatch) {
		batch.Messages = append(batch.Messages, message{words.text()})
	}
	body, err := json.Marshal(batch)
	if err != nil {
		return err
	}
	address := fmt.Sprintf("%s/v1/channels/%s/messages/batch?userId=u%d", base, r.channel(i%r.Rooms), i%100)
	answer, err := http.Post(address, "application/json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	if err == nil && (answer.StatusCode != http.StatusOK || bytes.Contains(said, []byte(`"error":`))) {
		err = fmt.Errorf("%s: %.500s", answer.Status, said)
	}
	return err
}

// indexed waits until everything can be found.
func (r *run) indexed(ctx context.Context, base string) error {
	for begun := time.Now(); time.Since(begun) < indexWithin; {
		figures, err := figuresOf(base, "parley_search_documents", "parley_search_lag_seconds")
		if err == nil && figures[0] >= float64(r.Messages) && figures[1] == 0 {
			return nil
		}
		if err := sleep(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
	return fmt.Errorf("not all was indexed within %v", indexWithin)
}

// figuresOf reads samples of /metrics.
func figuresOf(base string, names ...string) ([]float64, error) {
	answer, err := http.Get(base + "/metrics")
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	values := make([]float64, len(names))
	for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
		for i, name := range names {
			if value, ok := strings.CutPrefix(lines.Text(), name+" "); ok {
				if values[i], err = strconv.ParseFloat(value, 64); err != nil {
					return nil, err
				}
			}
		}
	}
	return values, nil
}

func (r *run) look(ctx context.Context, base string, query func(*run, *vocabulary) url.Values) (Quantiles, error) {
	words := newVocabulary(1 << 40)
	took := hdrhistogram.New(1, int64(time.Minute/time.Microsecond), 3)
	for begun := time.Now(); time.Since(begun) < r.Warmup+r.Duration; {
		values := query(r, words)
		values.Set("userId", "u1")
		asked := time.Now()
		if err := get(ctx, base+"/v1/search?"+values.Encode()); err != nil {
			return Quantiles{}, err
		}
		if asked.Sub(begun) > r.Warmup {
			if err := took.RecordValue(time.Since(asked).Microseconds()); err != nil {
				return Quantiles{}, err
			}
		}
	}
	return quantiles(took), nil
}

func sizeOf(dir string) (bytes int64, err error) {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if info, ierr := e.Info(); ierr == nil {
			bytes += info.Size()
		}
	}
	return bytes, err
}

// kinds are what is looked for. A query ends with a space where its last word
// is whole.
var kinds = []struct {
	name  string
	query func(*run, *vocabulary) url.Values
}{
	{"common-word", func(_ *run, v *vocabulary) url.Values { return ask(v.word(v.random.IntN(5)) + " ") }},
	{"rare-word", func(_ *run, v *vocabulary) url.Values {
		return ask(v.word(vocabularySize/2+v.random.IntN(vocabularySize/2)) + " ")
	}},
	{"two-words", func(_ *run, v *vocabulary) url.Values {
		return ask(v.word(v.random.IntN(50)) + " " + v.word(50+v.random.IntN(500)) + " ")
	}},
	{"two-rare-words", func(_ *run, v *vocabulary) url.Values {
		return ask(v.word(500+v.random.IntN(2000)) + " " + v.word(500+v.random.IntN(2000)) + " ")
	}},
	{"beginning", func(_ *run, v *vocabulary) url.Values {
		word := v.word(v.random.IntN(5000))
		return ask(word[:1+v.random.IntN(len(word))])
	}},
	{"phrase", func(r *run, v *vocabulary) url.Values {
		said := strings.Fields(v.posted(r, func(text string) bool { return text[0] < utf8.RuneSelf }))
		at := v.random.IntN(len(said) - 2)
		return ask(`"` + strings.Join(said[at:at+2+v.random.IntN(2)], " ") + `"`)
	}},
	{"chinese", func(r *run, v *vocabulary) url.Values {
		said := []rune(v.posted(r, func(text string) bool { return text[0] >= utf8.RuneSelf }))
		at := v.random.IntN(len(said) - 3)
		return ask(string(said[at : at+1+v.random.IntN(3)]))
	}},
	{"one-channel", func(r *run, v *vocabulary) url.Values {
		values := ask(v.word(v.random.IntN(500)) + " ")
		values.Set("channel", r.channel(v.random.IntN(r.Rooms)))
		return values
	}},
	{"fifty-channels", func(r *run, v *vocabulary) url.Values {
		values := ask(v.word(v.random.IntN(500)) + " ")
		for range findChannels {
			values.Add("channel", r.channel(v.random.IntN(r.Rooms)))
		}
		return values
	}},
	{"sender", func(_ *run, v *vocabulary) url.Values {
		return ask(fmt.Sprintf("from:u%d %s ", v.random.IntN(100), v.word(v.random.IntN(500))))
	}},
}

func ask(query string) url.Values { return url.Values{"q": {query}} }

// vocabularySize is how many different words there are.
const vocabularySize = 50_000

// vocabulary makes texts whose words are as frequent as those of languages are,
// the same ones for the same seed.
type vocabulary struct {
	random     *rand.Rand
	words, han *rand.Zipf
}

func newVocabulary(seed uint64) *vocabulary {
	random := rand.New(rand.NewPCG(seed, 20260131))
	return &vocabulary{random, rand.NewZipf(random, 1.1, 4, vocabularySize-1), rand.NewZipf(random, 1.1, 10, 2999)}
}

// word is the i-th most frequent.
func (v *vocabulary) word(i int) string {
	word := ""
	for i += 26; i > 0; i /= 26 {
		word += string(rune('a' + i%26))
	}
	return word
}

func (v *vocabulary) text() string {
	if v.random.IntN(10) == 0 {
		return v.chinese()
	}
	return v.latin()
}

// posted is the first text of some batch that fits.
func (v *vocabulary) posted(r *run, fits func(text string) bool) string {
	for {
		batch := newVocabulary(v.random.Uint64N(uint64(max(r.Messages/fillBatch, 1))))
		for range fillBatch {
			if text := batch.text(); fits(text) {
				return text
			}
		}
	}
}

func (v *vocabulary) latin() string {
	words := make([]string, 6+v.random.IntN(20))
	for i := range words {
		words[i] = v.word(int(v.words.Uint64()))
	}
	return strings.Join(words, " ")
}

func (v *vocabulary) chinese() string {
	text := make([]rune, 10+v.random.IntN(30))
	for i := range text {
		text[i] = 0x4e00 + rune(v.han.Uint64())
	}
	return string(text)
}
