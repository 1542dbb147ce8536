package relay

import (
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/httpx"
)

// statusGone is what the log shows for a client that went away before it was answered.
const statusGone = 499

// tokenError is a request that could not be sent because there is no token.
type tokenError struct {
	err     error
	retryAt time.Time // when the token endpoint wants to be asked again; zero: not said
}

func (e *tokenError) Error() string { return e.err.Error() }
func (e *tokenError) Unwrap() error { return e.err }

// refuse answers with a no of the relay itself.
func (r *Relay) refuse(w *recorder, x *exchange, no *refusal) {
	r.metrics.refused(no.reason)
	if no.text == "" && no.err == nil {
		r.answer(w, x, no.status, []byte("404 page not found\n"), "text/plain; charset=utf-8")
		return
	}
	e := fault.From(no.err)
	if no.err == nil {
		e = fault.New(fault.Policy, "policy."+no.reason, "%s", no.text)
	}
	if no.status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	r.answer(w, x, no.status, r.cfg.Explain(e), "application/json")
}

// fail answers for an API, or a token endpoint, that did not: 504 for a time-out, 503 for a token endpoint that may
// answer later, 400 where the request's body is none, 502 for all else. The text is that of the error, never that of a server.
func (r *Relay) fail(w *recorder, req *http.Request, x *exchange, err error) {
	if req.Context().Err() != nil {
		w.status = statusGone
		panic(http.ErrAbortHandler) // nobody listens; net/http would say 200
	}
	if token, ok := errors.AsType[*tokenError](err); ok {
		r.failToken(w, x, token)
		return
	}
	e := httpx.Failure(err)
	status := http.StatusBadGateway
	switch {
	case w.body != nil && w.body.broken():
		status = http.StatusBadRequest
	case e.Kind == fault.Timeout:
		status = http.StatusGatewayTimeout
	}
	r.answer(w, x, status, r.cfg.Explain(e), "application/json")
}

func (r *Relay) failToken(w *recorder, x *exchange, token *tokenError) {
	e := fault.From(token.err) // shared by all who waited: httpx.Failure would write to it
	status := http.StatusBadGateway
	if e.Retryable || e.Kind == fault.Network || e.Kind == fault.Timeout {
		status = http.StatusServiceUnavailable
	}
	if wait := token.retryAt.Sub(r.cfg.Clock()); wait > 0 {
		w.Header().Set("Retry-After", strconv.FormatInt(int64((wait+time.Second-1)/time.Second), 10))
	}
	r.answer(w, x, status, r.cfg.Explain(e), "application/json")
}

func (r *Relay) answer(w *recorder, x *exchange, status int, body []byte, kind string) {
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	if x.page != "" {
		x.admitPage(h)
	}
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// silent is for libraries that log what the relay tells in its own words.
func silent() *log.Logger { return log.New(io.Discard, "", 0) }

// isStop reports whether err only says that somebody asked for the end.
func isStop(err error) bool {
	return err == nil || errors.Is(err, http.ErrServerClosed) || errors.Is(err, net.ErrClosed)
}
