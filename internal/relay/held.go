package relay

import (
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/authctl/authctl/internal/httpx"
	"github.com/authctl/authctl/internal/secret"
)

// held is a token in use.
type held struct {
	bearer           httpx.Bearer
	line             secret.String // what bearer puts into Authorization, for requests to base_url
	renewAt, staleAt time.Time
	renewed          bool // in place of one that the API refused

	used, proven atomic.Bool
	refusedAt    atomic.Int64 // Unix nanoseconds
}

func (h *held) accepted() {
	if !h.proven.Load() {
		h.proven.Store(true)
	}
}

// refused notes that the API does not take this token, which is new. Asking for another one at each request would lock
// an account for what is a missing right.
func (h *held) refused(now time.Time) {
	if !h.proven.Load() {
		h.refusedAt.CompareAndSwap(0, now.UnixNano())
	}
}

// lineOf is the value of Authorization for requests to base; zero where the bearer may not go there, or where each
// request needs more than that line.
func lineOf(bearer httpx.Bearer, base *url.URL) secret.String {
	req := &http.Request{URL: base, Header: http.Header{}}
	if bearer.Bound() || bearer.Authorize(req) != nil {
		return secret.String{}
	}
	return secret.New(req.Header.Get("Authorization"))
}
