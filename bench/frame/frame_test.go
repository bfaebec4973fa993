package frame_test

import (
	"bytes"
	"testing"

	"github.com/gobwas/ws"
	"github.com/google/go-cmp/cmp"

	"github.com/parley-chat/parley/bench/frame"
)

func TestAppend_WritesWhatAnotherImplementationReads(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, 7, 125, 126, 65535, 65536, 70001} {
		payload := bytes.Repeat([]byte("parley!"), size/7+1)[:size]
		for _, written := range [][]byte{
			frame.Append(nil, frame.Text, payload),
			frame.AppendMasked(nil, frame.Text, payload, 0xdeadbeef),
		} {
			read, err := ws.ReadFrame(bytes.NewReader(written))
			if err != nil {
				t.Fatal(err)
			}
			if read = ws.UnmaskFrame(read); !bytes.Equal(read.Payload, payload) || !read.Header.Fin {
				t.Errorf("%d bytes came back as %d", size, len(read.Payload))
			}
			h, ok := frame.Parse(written)
			want := frame.Header{Opcode: frame.Text, Final: true, Masked: h.Masked, Mask: h.Mask, Size: len(written) - size, Length: size}
			if diff := cmp.Diff(want, h); !ok || diff != "" {
				t.Errorf("Parse: (-want +got)\n%s", diff)
			}
			for end := range h.Size {
				if _, ok := frame.Parse(written[:end]); ok {
					t.Errorf("Parse took %d of %d bytes for a header", end, h.Size)
				}
			}
		}
	}
}
