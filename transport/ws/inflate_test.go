package ws

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"testing"
)

// FuzzInflate: whatever comes, no more than the limit is inflated, and it is
// what compress/flate makes of it.
func FuzzInflate(f *testing.F) {
	d := &deflater{}
	d.to, _ = flate.NewWriter(&d.out, flate.BestSpeed)
	for _, s := range []string{"", "a", "hello hello hello", string(make([]byte, 5000))} {
		b, err := d.deflate([]byte(s))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(bytes.Clone(b), 1000)
	}
	f.Add([]byte{1, 0, 0, 0xff, 0xff, 0}, 10) // ends by itself, and goes on
	pool := inflaters{free: make(chan *inflater, 1)}
	f.Fuzz(func(t *testing.T, payload []byte, limit int) {
		limit &= 1<<16 - 1
		got, err := pool.inflate(nil, payload, limit)
		if cap(got) > 2*limit+1024 {
			t.Errorf("%d bytes were allocated for a limit of %d", cap(got), limit)
		}
		want, wantErr := io.ReadAll(io.LimitReader(flate.NewReader(io.MultiReader(bytes.NewReader(payload), bytes.NewReader(ending))), int64(limit)+1))
		switch {
		case len(want) > limit:
			if !errors.Is(err, errInflated) {
				t.Errorf("of a message beyond %d bytes: %v", limit, err)
			}
		case wantErr != nil:
			if err == nil {
				t.Errorf("not refused: %v", wantErr)
			}
		case err != nil || !bytes.Equal(got, want):
			t.Errorf("got %d bytes, %v; want %d", len(got), err, len(want))
		}
	})
}
