package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/parley-chat/parley/bench/load"
	"github.com/parley-chat/parley/bench/proc"
)

// pages fills one channel, starts the server again on it, and asks for pages
// of 50 at places all over the history, one request after the other: at once,
// while the search index may be far behind the log, and again when it is level
// and the server is done with what was posted.
func (r *run) pages(ctx context.Context) error {
	publishers, err := r.publishers(ctx, r.Members)
	if err != nil {
		return err
	}
	err = r.publishAll(ctx, r.Messages, func(i int) (*load.Conn, string) {
		return publishers[i%len(publishers)], r.channel(0)
	})
	if err != nil {
		return fmt.Errorf("fill the channel: %w", err)
	}
	r.Log.Info("filled", "messages", r.Messages)
	r.swarm.Close()
	r.swarm = nil
	base := "http://" + r.server.address
	r.report.Started, err = r.server.restart(ctx, nil, func() bool {
		answer, err := http.Get(base + "/readyz")
		if err != nil {
			return false
		}
		_ = answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	})
	if err != nil {
		return err
	}
	query := "userId=reader"
	if r.Query != nil {
		if query, err = r.Query("reader"); err != nil {
			return err
		}
	}
	if r.report.Page, err = r.turnPages(ctx, base, query); err != nil {
		return err
	}
	if get(ctx, base+"/v1/search?q=a&"+query) == nil { // there is a search
		if err := r.indexed(ctx, base); err != nil {
			return err
		}
	}
	if _, err := r.server.quiet(ctx, r.Settle); err != nil {
		return err
	}
	r.report.PageLevel, err = r.turnPages(ctx, base, query)
	return err
}

// hostEvery is how long a stretch is of which is known whether the kernel counted
// a tick, 10 ms, that the host took from the machine. Less than one shows later, and
// where the server works more, more is taken: what is left out is no random part.
const hostEvery = 100 * time.Millisecond

func (r *run) turnPages(ctx context.Context, base, query string) (Paging, error) {
	before, err := proc.ReadMachine()
	if err != nil {
		return Paging{}, err
	}
	histogram := func() *hdrhistogram.Histogram {
		return hdrhistogram.New(1, int64(time.Minute/time.Microsecond), 3)
	}
	took, undisturbed, stretch := histogram(), histogram(), histogram()
	begun := time.Now()
	looked, host := begun, before
	for time.Since(begun) < r.Warmup+r.Duration {
		at := 51 + rand.Int64N(int64(max(r.Messages-50, 1)))
		url := fmt.Sprintf("%s/v1/channels/%s/messages?before=%d&limit=50&%s", base, r.channel(0), at, query)
		asked := time.Now()
		if err := get(ctx, url); err != nil {
			return Paging{}, err
		}
		if asked.Sub(begun) > r.Warmup {
			if err := stretch.RecordValue(time.Since(asked).Microseconds()); err != nil {
				return Paging{}, err
			}
		}
		if time.Since(looked) < hostEvery {
			continue
		}
		now, err := proc.ReadMachine()
		if err != nil {
			return Paging{}, err
		}
		took.Merge(stretch)
		if now.Stole == host.Stole {
			undisturbed.Merge(stretch)
		}
		stretch.Reset()
		looked, host = time.Now(), now
	}
	stolen := (host.Stole - before.Stole).Seconds() / time.Since(begun).Seconds()
	return Paging{quantiles(took), quantiles(undisturbed), stolen}, nil
}

func get(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		why, err := io.ReadAll(io.LimitReader(answer.Body, 1<<10))
		return errors.Join(fmt.Errorf("%s: %s", answer.Status, why), err)
	}
	_, err = io.Copy(io.Discard, answer.Body) // garbage here would be in the way of what is measured
	return err
}
