package api_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/parley-chat/parley/api"
	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/store/pebble"
)

// codes are all that chat names, by reading its source: a list kept by hand
// would lack the next one.
func codes(t *testing.T) []chat.Code {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../chat/error.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var list []chat.Code
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 || !strings.HasPrefix(spec.Names[0].Name, "Code") {
			return true
		}
		if value, ok := spec.Values[0].(*ast.BasicLit); ok {
			code, err := strconv.Unquote(value.Value)
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, chat.Code(code))
		}
		return true
	})
	if len(list) < 20 {
		t.Fatalf("only %d codes were found", len(list))
	}
	return list
}

func TestStatusOf_KnowsEveryCode(t *testing.T) {
	t.Parallel()
	for _, code := range codes(t) {
		if status := api.StatusOf(code); status == http.StatusInternalServerError && code != chat.CodeInternal {
			t.Errorf("%s has no status", code)
		}
	}
	if api.StatusOf("unheard of") != http.StatusInternalServerError {
		t.Error("an unknown code is not a fault of the server")
	}
}

func TestRefuse_TellsNoCauses(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	api.Refuse(w, &chat.Error{Code: chat.CodeInternal, Message: "internal error", Cause: chat.E(chat.CodeInternal, "the password is 1234")})
	if w.Code != 500 || strings.Contains(w.Body.String(), "1234") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// BenchmarkListMessages reads pages of 50 in the middle of a channel of a
// million messages, handler and all, and reports the time that 99 of 100 stay
// below.
func BenchmarkListMessages(b *testing.B) {
	const messages = 1_000_000
	store, err := pebble.Open(b.Context(), b.TempDir(), pebble.Options{})
	if err != nil {
		b.Fatal(err)
	}
	hub := chat.NewHub(chat.Options{Store: store})
	b.Cleanup(func() {
		hub.Close()
		if err := store.Close(); err != nil {
			b.Error(err)
		}
	})
	fill(b, store, messages)
	handler := api.New(api.Options{Hub: hub, Identify: func(*http.Request) (chat.Identity, error) {
		return chat.Identity{Project: "default", User: "ada", Scopes: []string{chat.ScopeRead}}, nil
	}})
	var took []time.Duration
	n := uint64(1)
	b.ReportAllocs()
	for b.Loop() {
		n = n*6364136223846793005 + 1442695040888963407 // Knuth's MMIX
		before := 51 + n>>20%(messages-51)
		r := httptest.NewRequest(http.MethodGet, "/v1/channels/general/messages?limit=50&before="+strconv.FormatUint(before, 10), nil)
		w := httptest.NewRecorder()
		begun := time.Now()
		handler.ServeHTTP(w, r)
		took = append(took, time.Since(begun))
		if w.Code != http.StatusOK {
			b.Fatal(w.Body)
		}
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
}

func fill(b *testing.B, store chat.Store, messages int) {
	b.Helper()
	body := []byte(`"` + strings.Repeat("word ", 39) + `end"`)
	done := make(chan error, 4096)
	waiting := 0
	for range messages {
		if waiting == cap(done) {
			if err := <-done; err != nil {
				b.Fatal(err)
			}
			waiting--
		}
		waiting++
		store.Append(&chat.Draft{
			Channel: chat.ChannelID{Project: "default", Name: "general"}, Kind: chat.KindMessage,
			Sender: "ada", SenderName: "Ada", Body: body,
		}, func(_ chat.Committed, err error) { done <- err })
	}
	for ; waiting > 0; waiting-- {
		if err := <-done; err != nil {
			b.Fatal(err)
		}
	}
}
