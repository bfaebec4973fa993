package bench

import (
	"context"
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

func (r *run) turnPages(ctx context.Context, base, query string) (Paging, error) {
	before, err := proc.ReadMachine()
	if err != nil {
		return Paging{}, err
	}
	took := hdrhistogram.New(1, int64(time.Minute/time.Microsecond), 3)
	begun := time.Now()
	for time.Since(begun) < r.Warmup+r.Duration {
		at := 51 + rand.Int64N(int64(max(r.Messages-50, 1)))
		url := fmt.Sprintf("%s/v1/channels/%s/messages?before=%d&limit=50&%s", base, r.channel(0), at, query)
		asked := time.Now()
		if err := get(ctx, url); err != nil {
			return Paging{}, err
		}
		if asked.Sub(begun) > r.Warmup {
			if err := took.RecordValue(time.Since(asked).Microseconds()); err != nil {
				return Paging{}, err
			}
		}
	}
	after, err := proc.ReadMachine()
	if err != nil {
		return Paging{}, err
	}
	stolen := (after.Stole - before.Stole).Seconds() / time.Since(begun).Seconds()
	return Paging{quantiles(took), stolen}, nil
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
	body, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", answer.Status, body)
	}
	return err
}
