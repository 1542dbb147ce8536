// Package relay is a reverse proxy on this machine in front of one API: it puts the profile's token on what programs of
// the same user send to it. It serves loopback and unix sockets only, forwards to base_url and nowhere else, lets no
// web page of a stranger in, follows no redirect, and shows the token to nobody but the API.
package relay

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/httpx"
	"github.com/authctl/authctl/internal/secret"
)

// Token is an access token and the time it lives.
type Token struct {
	Bearer                httpx.Bearer
	ObtainedAt, ExpiresAt time.Time // not after ObtainedAt: it serves one request
}

// TokenSource gives tokens. The relay calls it from one goroutine at a time.
type TokenSource interface {
	// Token gives a token that is fresh for at least minTTL, a stored one where there is one.
	Token(ctx context.Context, minTTL time.Duration) (Token, error)
	// Renew gives one to replace the last one given, which the API refused; claims are those of its challenge.
	Renew(ctx context.Context, claims string) (Token, error)
}

// Header is a header of the profile. It replaces what a client sends under its name.
type Header struct {
	Name  string
	Value secret.String
}

// Config is what a Relay is made of.
type Config struct {
	Base         string        // base_url: https, or http on loopback
	Secret       secret.String // the first segment of every path; zero: none is asked for
	AllowOrigins []string      // web origins whose pages may use the relay beside its own
	Headers      []Header

	Tokens         TokenSource
	Skew           time.Duration // 0: a tenth of the token's life, within 2 s and 1 min
	ReauthStatuses []int         // nil: 401
	// Transport leads to the API; Upgrade too, and speaks HTTP/1.1 alone. The relay tunes both.
	Transport, Upgrade *http.Transport

	Clock        func() time.Time
	DrainTimeout time.Duration
	// Explain is an error as a client gets to see it: a JSON object without a secret.
	Explain func(*fault.Error) []byte
	// Warn hears what no client is told: that the token could not be renewed ahead of time.
	Warn func(error)
	// Log takes whole lines of the access log; nil: there is none.
	Log func(lines []byte)
}

// maxInFlight bounds the requests that are served at the same time, long streams among them.
const maxInFlight = 1024

// Relay forwards requests. [Relay.Serve] runs it.
type Relay struct {
	cfg     Config
	base    *url.URL
	prefix  string // base's path without a slash at its end
	gate    gate
	keeper  *keeper
	api     *authorized
	headers http.Header
	log     *accessLog
	metrics metrics
	buffers buffers
	flying  atomic.Int64
}

// New makes a relay for what is listened to at door.
func New(cfg Config, door *Door) (*Relay, error) {
	base, err := httpx.Resolve(cfg.Base, "/")
	if err != nil {
		return nil, err
	}
	gate, err := newGate(door, cfg.Secret, cfg.AllowOrigins)
	if err != nil {
		return nil, err
	}
	r := &Relay{cfg: cfg, base: base, prefix: strings.TrimSuffix(base.EscapedPath(), "/"), gate: gate, headers: http.Header{}}
	for _, h := range cfg.Headers {
		r.headers.Add(h.Name, h.Value.Reveal())
	}
	if cfg.ReauthStatuses == nil {
		r.cfg.ReauthStatuses = []int{http.StatusUnauthorized}
	}
	if cfg.Log != nil {
		r.log = newAccessLog(cfg.Log)
	}
	r.keeper = newKeeper(cfg, base, &r.metrics)
	r.api = &authorized{ways: newWays(base, cfg.Transport, cfg.Upgrade), keeper: r.keeper, asks: r.asksForToken}
	return r, nil
}

// ServeHTTP implements [http.Handler].
func (r *Relay) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	begun := r.cfg.Clock()
	rec := &recorder{ResponseWriter: w}
	x := &exchange{relay: r, path: "-"}
	defer r.finish(rec, req, x, begun)
	if r.flying.Add(1) > maxInFlight {
		r.refuse(rec, x, &refusal{status: http.StatusServiceUnavailable, reason: "busy", text: "too many requests at the same time"})
		return
	}
	if no := r.gate.admit(req, x); no != nil {
		r.refuse(rec, x, no)
		return
	}
	var err error
	if x.target, err = httpx.Resolve(r.cfg.Base, x.path+x.query); err != nil {
		r.refuse(rec, x, &refusal{status: http.StatusBadRequest, reason: "path", err: err})
		return
	}
	onlyWebSocket(req.Header)
	switch {
	case x.preflight(req):
		x.answerPreflight(rec, req)
	case isPlain(req):
		x.forward(rec, req)
	default:
		x.stream(rec, req)
	}
}

// finish counts and logs a request, however it ended. What a handler panicked with reaches net/http as the one value
// that makes it hang up without a word, since the answer is broken off then.
func (r *Relay) finish(rec *recorder, req *http.Request, x *exchange, begun time.Time) {
	broken := recover()
	r.flying.Add(-1)
	dropSent(req.Context())
	if rec.status == 0 && broken == nil {
		rec.status = http.StatusOK
	}
	r.finished(req.Method, x.path, rec.status, rec.bytes, begun)
	if broken != nil {
		panic(http.ErrAbortHandler)
	}
}

// finished counts and logs.
func (r *Relay) finished(method, path string, status int, bytes int64, begun time.Time) {
	took := r.cfg.Clock().Sub(begun)
	r.metrics.observe(status, bytes, took)
	if r.log != nil {
		r.log.line(method, path, status, bytes, took)
	}
}

// asksForToken reports whether an answer wants another token, and the claims that it shall have.
func (r *Relay) asksForToken(res *http.Response) (claims string, asks bool) {
	claims = httpx.ClaimsChallenge(res)
	return claims, claims != "" || slices.Contains(r.cfg.ReauthStatuses, res.StatusCode)
}

// Secret reports whether clients need the path secret.
func (r *Relay) Secret() bool { return !r.gate.secret.IsZero() }
