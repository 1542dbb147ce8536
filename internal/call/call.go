// Package call sends one authenticated HTTP request and hands on its answer: curl's meanings of headers and bodies, one
// renewal of the token where the API asks for it, and an output file that is either whole or not there. It follows no
// redirect, retries nothing else, gets no token itself, and sends neither token nor profile header off the origins that
// it was given.
package call

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/httpx"
	"github.com/authctl/authctl/internal/secret"
)

// TokenSource gives the token of a call. Bearer gives the one at hand; Renew gives one that is newer than the last one
// given, however fresh that looked. Claims are those of an API's challenge (OpenID Connect Core 5.5), or empty. Both
// may be called from several goroutines.
type TokenSource interface {
	Bearer(ctx context.Context) (httpx.Bearer, error)
	Renew(ctx context.Context, claims string) (httpx.Bearer, error)
}

// Header is a header of the profile. Its value may be a secret, so it goes where the token goes and nowhere else.
type Header struct {
	Name  string
	Value secret.String
}

// Client sends calls. It may be used by several goroutines.
type Client struct {
	HTTP   *http.Client // its redirect policy and its cookies are not used
	Source TokenSource  // nil: calls carry no token

	Origins httpx.Origins // where token and Headers may go
	Headers []Header

	ReauthStatuses []int         // nil: 401
	UserAgent      string        // empty: none is sent
	IdleTimeout    time.Duration // for a body that stands still, either way; 0: 60 s
	Trace          Trace         // nil: silent
}

// Request is one call.
type Request struct {
	Method  string // empty: GET
	URL     *url.URL
	Header  http.Header // the user's; they replace what the profile, the body or this program would send
	Remove  []string    // names that are not to be sent unless Header has them
	Implied http.Header // what the body's flags imply
	Body    Body        // nil: none
	NoAuth  bool        // neither token nor profile headers; any origin
}

// Do sends req and gives the answer, whatever its status; the caller closes its body, whose errors are faults as those
// of Do are. Where the answer asks for another token, and the body can be sent again, the token is renewed and the
// request sent a second time, once. A refusal by policy comes before any connection and any request for a token.
func (c *Client) Do(ctx context.Context, req *Request) (*http.Response, error) {
	if err := c.check(req); err != nil {
		return nil, err
	}
	if req.NoAuth || c.Source == nil {
		return c.send(ctx, req, nil)
	}
	bearer, err := c.Source.Bearer(ctx)
	if err != nil {
		return nil, err
	}
	res, err := c.send(ctx, req, &bearer)
	if err != nil || !c.asksForToken(res) || !replayable(req.Body) {
		return res, err
	}
	claims := claimsChallenge(res)
	c.discard(res)
	c.Trace.note("the API answered %d: renewing the token", res.StatusCode)
	if bearer, err = c.Source.Renew(ctx, claims); err != nil {
		return nil, err
	}
	return c.send(ctx, req, &bearer)
}

// Unrenewed reports whether res asks for another token and req could not be sent again with one, because its body came
// from a stream that is gone.
func (c *Client) Unrenewed(req *Request, res *http.Response) bool {
	return !req.NoAuth && c.Source != nil && c.asksForToken(res) && !replayable(req.Body)
}

// check refuses what must not be sent.
func (c *Client) check(req *Request) error {
	origin, err := httpx.OriginOf(req.URL)
	if err != nil {
		return err
	}
	if !req.NoAuth && (c.Source != nil || len(c.Headers) > 0) {
		if err := c.Origins.Check(origin); err != nil {
			return err
		}
	}
	if !isToken(req.method()) || req.method() == http.MethodConnect {
		return fault.New(fault.Usage, "usage.method", "the method is none that a request can have").
			Hint("authctl call GET /path")
	}
	return checkHeaders(req)
}

func (req *Request) method() string {
	if req.Method == "" {
		return http.MethodGet
	}
	return req.Method
}

// asksForToken reports whether the status is one after which a token is renewed, or the answer a claims challenge.
func (c *Client) asksForToken(res *http.Response) bool {
	if c.ReauthStatuses == nil {
		return res.StatusCode == http.StatusUnauthorized
	}
	return slices.Contains(c.ReauthStatuses, res.StatusCode) || claimsChallenge(res) != ""
}

// discard closes an answer that nobody reads, and its connection: what is sent next goes over a new one, so that
// net/http has no reason to send it twice (it does so when a reused connection breaks).
func (c *Client) discard(res *http.Response) {
	_ = res.Body.Close()
	c.HTTP.CloseIdleConnections()
}

func isToken(s string) bool {
	for i := range len(s) {
		if !httpx.IsTokenChar(s[i]) {
			return false
		}
	}
	return s != ""
}
