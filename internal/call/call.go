// Package call sends one authenticated HTTP request and hands on its answer: curl's meanings of headers and bodies, one
// renewal of the token where the API asks for it, redirects and retries as far as it was told to, and an output file
// that is either whole or not there. It gets no token itself, never repeats a request that may have done something
// unless it is told that this does no harm, and sends neither token nor profile header off the origins that it was
// given.
package call

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
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
	Transport *http.Transport
	Many      *Many       // the calls are many, and under way at the same time; nil: it is one
	Source    TokenSource // nil: calls carry no token
	Bound     bool        // what Source gives is bound to a key (RFC 9449)

	Origins httpx.Origins // where token and Headers may go
	Headers []Header

	Redirects Redirects // zero: none is followed
	Retry     Retry     // zero: one request on the wire, but for a safe one whose kept connection ends

	ReauthStatuses []int                                      // nil: 401
	UserAgent      string                                     // empty: none is sent
	IdleTimeout    time.Duration                              // for a body that stands still, either way; 0: 60 s
	ConnectTimeout time.Duration                              // for a connection through a proxy; 0: IdleTimeout
	Trace, Details Trace                                      // -v and what -vv adds; nil: silent
	Clock          func() time.Time                           // nil: the system's
	Sleep          func(context.Context, time.Duration) error // nil: waits
}

// Request is one call.
type Request struct {
	Method  string // empty: GET
	URL     *url.URL
	Header  http.Header // the user's; they replace what the profile, the body or this program would send
	Spelled Spelling    // of the names in Header
	Remove  []string    // names that are not to be sent unless Header has them
	Unread  []string    // files of headers, which a preview names and nothing reads
	Implied http.Header // what the body's flags imply
	Body    Body        // nil: none
	NoAuth  bool        // neither token nor profile headers; any origin

	Compressed bool   // ask for a compressed answer and unpack it
	Trip       *Trip  // filled in with how it went; nil: not told
	Meter      *Meter // told of each byte that moves; nil: not told

	rest   *part   // what is asked for is the rest of an earlier answer
	effort *effort // what earlier answers to the same call took; nil: there were none
}

// Do sends req and gives the answer, whatever its status; the caller closes its body, whose errors are faults as those
// of Do are. Where the answer asks for another token, and the body can be sent again, the token is renewed and the
// request sent a second time, once. A refusal by policy comes before any connection and any request for a token. With the
// refusal of a redirect comes the answer that leads there, its body closed.
func (c *Client) Do(ctx context.Context, req *Request) (*http.Response, error) {
	if err := c.check(req); err != nil {
		return nil, err
	}
	e := c.errand(req)
	if err := e.begin(ctx); err != nil {
		return nil, err
	}
	for {
		res, err := e.settle(ctx)
		if err != nil || !c.Redirects.apply(res) {
			return res, err
		}
		if err := e.turn(res); err != nil {
			return res, err
		}
	}
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
	switch method := strings.ToUpper(req.method()); { // the case of a method counts, but not to every server
	case !isToken(req.method()), method == http.MethodConnect:
		return fault.New(fault.Usage, "usage.method", "the method is none that a request can have").
			Hint("authctl call GET /path")
	case method == http.MethodTrace && !req.NoAuth: // RFC 9110 section 9.3.8: nothing secret in what is echoed
		return fault.New(fault.Usage, "usage.method", "the answer to TRACE would show the token").Hint("add --no-auth")
	}
	if _, own := req.Header["Dpop"]; own && c.Bound && !req.NoAuth {
		return fault.New(fault.Usage, "usage.header", "the header DPoP is the proof of the token's key").Hint("leave it out, or add --no-auth")
	}
	return checkHeaders(req)
}

// Method is the method that is meant by a name in any case: those that everybody knows are written in capitals.
func Method(name string) string {
	if upper := strings.ToUpper(name); IsMethod(upper) {
		return upper
	}
	return name
}

// IsMethod reports whether the name is one of HTTP's own methods, in capitals (RFC 9110, section 9).
func IsMethod(name string) bool {
	switch name {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return true
	}
	return false
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
	return slices.Contains(c.ReauthStatuses, res.StatusCode) || httpx.ClaimsChallenge(res) != ""
}

// discard closes an answer that nobody reads, and its connection: what is sent next goes over a new one, so that
// net/http has no reason to send it twice (it does so when a reused connection breaks). Shared connections stay:
// net/http takes a connection for idle a moment before it hands the answer over, and closing it then loses the answer.
func (c *Client) discard(res *http.Response) {
	if res != nil {
		_ = res.Body.Close()
	}
	if c.Many == nil {
		c.Transport.CloseIdleConnections()
	}
}

func (c *Client) now() time.Time {
	if c.Clock == nil {
		return time.Now()
	}
	return c.Clock()
}

func isToken(s string) bool {
	for i := range len(s) {
		if !httpx.IsTokenChar(s[i]) {
			return false
		}
	}
	return s != ""
}
