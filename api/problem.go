package api

import (
	"encoding/json"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/parley-chat/parley/chat"
)

// Problem is the body of every refusal, as RFC 9457 has it.
type Problem struct {
	Type       string   `json:"type" doc:"about:blank: the code tells" example:"about:blank"`
	Title      string   `json:"title" doc:"What the status means"`
	Status     int      `json:"status"`
	Code       string   `json:"code" doc:"The stable name of what went wrong: branch on it" example:"forbidden"`
	Detail     string   `json:"detail,omitempty" doc:"For people; may change"`
	Retry      bool     `json:"retry" doc:"The same request may succeed later"`
	RetryAfter int64    `json:"retryAfter,omitempty" doc:"Milliseconds to wait before it"`
	Expired    *Expired `json:"expired,omitempty" doc:"With code expired"`
	Legacy     string   `json:"error,omitempty" doc:"In answers of /auth/token: the detail again"`

	retryAfter time.Duration
}

// Expired says where a client may start again.
type Expired struct {
	Reason string `json:"reason" enum:"epoch,horizon,ahead"`
	Oldest string `json:"oldest" doc:"Events after this position are all that is kept"`
	Head   string `json:"head" doc:"The position of what comes next"`
}

// statuses is the one table from code to status. A code that is not in it is a
// fault of the server.
var statuses = map[chat.Code]int{
	chat.CodeInternal:       http.StatusInternalServerError,
	chat.CodeMalformed:      http.StatusBadRequest,
	chat.CodeInvalid:        http.StatusBadRequest,
	chat.CodeUnknownType:    http.StatusBadRequest,
	chat.CodeTooLarge:       http.StatusRequestEntityTooLarge,
	chat.CodeUnauthorized:   http.StatusUnauthorized,
	chat.CodeTokenExpired:   http.StatusUnauthorized,
	chat.CodeTokenRevoked:   http.StatusUnauthorized,
	chat.CodeForbidden:      http.StatusForbidden,
	chat.CodeForeignSender:  http.StatusForbidden,
	chat.CodeBlocked:        http.StatusForbidden,
	chat.CodeNotFound:       http.StatusNotFound,
	chat.CodeDeleted:        http.StatusGone,
	chat.CodeNotSubscribed:  http.StatusConflict,
	chat.CodeConflict:       http.StatusConflict,
	chat.CodeVersion:        http.StatusPreconditionFailed, // the condition was an If-Match
	chat.CodeDisconnected:   http.StatusConflict,           // told to sessions alone
	chat.CodeExists:         http.StatusConflict,
	chat.CodeExpired:        http.StatusGone,
	chat.CodeRateLimited:    http.StatusTooManyRequests,
	chat.CodeTooMany:        http.StatusTooManyRequests,
	chat.CodeStorageFull:    http.StatusInsufficientStorage,
	chat.CodeUnavailable:    http.StatusServiceUnavailable,
	chat.CodeGoingAway:      http.StatusServiceUnavailable,
	chat.CodeChannelNeeded:  http.StatusBadRequest,
	chat.CodeMuted:          http.StatusForbidden,
	chat.CodeBanned:         http.StatusForbidden,
	chat.CodeMethodNotFound: http.StatusMethodNotAllowed,
	chat.CodeUnsupported:    http.StatusBadRequest,
	chat.CodeType:           http.StatusUnsupportedMediaType,
	chat.CodeQuota:          http.StatusForbidden,
	chat.CodeTimeout:        http.StatusRequestTimeout,
	chat.CodeTus:            http.StatusPreconditionFailed,
	chat.CodeOffset:         http.StatusConflict,
	chat.CodeLocked:         http.StatusLocked,
	chat.CodeChecksum:       statusChecksum,
}

// statusChecksum is the tus protocol's own.
const statusChecksum = 460

// title is what a status means.
func title(status int) string {
	if status == statusChecksum {
		return "Checksum Mismatch"
	}
	return http.StatusText(status)
}

// codes are the table's, in order.
func codes() []chat.Code { return slices.Sorted(maps.Keys(statuses)) }

// StatusOf is the HTTP status that stands for a code.
func StatusOf(code chat.Code) int {
	if status, ok := statuses[code]; ok {
		return status
	}
	return http.StatusInternalServerError
}

func newProblem(err error) *Problem {
	e := chat.AsError(err)
	status := StatusOf(e.Code)
	p := &Problem{
		Type: "about:blank", Title: title(status), Status: status,
		Code: string(e.Code), Detail: e.Message, Retry: e.Retryable(),
		RetryAfter: e.RetryAfter.Milliseconds(), retryAfter: e.RetryAfter,
	}
	if x := e.Expired; x != nil {
		p.Expired = &Expired{Reason: x.Reason, Oldest: x.Oldest.String(), Head: x.Head.String()}
	}
	return p
}

// Error implements error, so that a Problem can be what a handler returns.
func (p *Problem) Error() string { return p.Code + ": " + p.Detail }

// write answers with the problem.
func (p *Problem) write(w http.ResponseWriter) {
	header := w.Header()
	if p.retryAfter > 0 {
		header.Set("Retry-After", strconv.Itoa(int(math.Ceil(p.retryAfter.Seconds()))))
	}
	if p.Status == http.StatusUnauthorized {
		header.Set("WWW-Authenticate", "Bearer")
	}
	header.Set("Content-Type", "application/problem+json")
	header.Set("Cache-Control", "no-store")
	body, err := json.Marshal(p)
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	// Who is refused in the middle of an upload need not wait for the connection's end.
	header.Set("Content-Length", strconv.Itoa(len(body)+1))
	w.WriteHeader(p.Status)
	_, _ = w.Write(append(body, '\n')) // there is nobody to tell
}

// Refuse answers a request with the problem that err is.
func Refuse(w http.ResponseWriter, err error) { newProblem(err).write(w) }
