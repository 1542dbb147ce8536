package grant

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/httpx"
	"github.com/authctl/authctl/internal/secret"
)

const (
	maxReply       = 1 << 20 // of a body, packed or not
	defaultTimeout = 30 * time.Second
)

// Endpoint is the one door to an authorization server. What it sends goes out once, in one style, and is followed
// nowhere; what comes back is judged by its bytes and never shown before secrets are masked in it.
type Endpoint struct {
	Client    *http.Client // must follow no redirect: httpx.TokenClient
	Mask      *secret.Mask
	Clock     func() time.Time // nil: time.Now
	UserAgent string
	Trace     func(format string, args ...any) // told what is sent and answered, without query and body; may be nil
	Timeout   time.Duration                    // of one exchange; 0: 30 s
}

// Token sends one token request and reads the reply. Its errors are *[fault.Error].
func (e *Endpoint) Token(ctx context.Context, r Request) (*Token, error) {
	rep, err := e.post(ctx, r)
	if err != nil {
		return nil, err
	}
	token, failure := e.judge(rep, &r)
	if failure != nil {
		return nil, failure.Doing("%s", e.operation(rep.from))
	}
	return token, nil
}

// Fetch gets a public document of the authorization server, under the limits of a token request.
func (e *Endpoint) Fetch(ctx context.Context, address string, header http.Header) ([]byte, error) {
	rep, err := e.get(ctx, address, header)
	if err != nil {
		return nil, err
	}
	if failure := e.judgeDocument(rep); failure != nil {
		return nil, failure.Doing("%s", e.operation(rep.from))
	}
	return rep.body, nil
}

// exchange sends one request and reads its whole reply.
func (e *Endpoint) exchange(req *http.Request) (*reply, error) {
	req.Header.Set("Accept", "application/json")
	if _, own := req.Header["User-Agent"]; !own { // token_headers of the profile
		req.Header.Set("User-Agent", e.UserAgent)
	}
	e.trace("%s", e.operation(req))
	began := e.now()
	once, done := httpx.Once(req.Context())
	defer done()
	resp, err := e.Client.Do(req.WithContext(once))
	if err != nil {
		return nil, httpx.Sent(once, err)
	}
	defer resp.Body.Close()
	rep := read(resp)
	rep.sent = began
	e.trace("HTTP %d, %d bytes, %s", rep.status, len(rep.body), e.now().Sub(began).Round(time.Millisecond))
	if err := req.Context().Err(); errors.Is(err, context.Canceled) {
		return nil, err // whatever arrived, nobody waits for it any more
	}
	return rep, nil
}

// target refuses what must not get a secret: any scheme but https, and http off this machine.
func (e *Endpoint) target(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	if err != nil || u.User != nil || u.Fragment != "" {
		return nil, unusable()
	}
	o, err := httpx.OriginOf(u)
	if err != nil || (u.Scheme != "https" && !o.Loopback()) {
		return nil, unusable()
	}
	return u, nil
}

// unusable does not show the address: it may have a password in it.
func unusable() *fault.Error {
	return fault.New(fault.Config, "config.token_url",
		"the endpoint's address must be an https URL without user, password and fragment (http only on loopback)").
		Hint("correct token_url or base_url of the profile")
}

func (e *Endpoint) operation(req *http.Request) string {
	return e.Show(httpx.Operation(req.Method, req.URL))
}

func origin(u *url.URL) string {
	o, err := httpx.OriginOf(u)
	if err != nil {
		return "an unreadable address"
	}
	return o.String()
}

// CanonicalURL writes an endpoint's address in its one form: lower-case scheme and host, no default port. What cannot
// be read is given back as it is.
func CanonicalURL(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	o, err := httpx.OriginOf(u)
	if err != nil {
		return address
	}
	canonical := o.String() + u.EscapedPath()
	if u.RawQuery != "" {
		canonical += "?" + u.RawQuery
	}
	return canonical
}

// Show makes server-made text fit for one line of an error. Masking comes first: joining lines would hide a secret
// with blanks in it from the mask, cutting would leave half of one.
func (e *Endpoint) Show(text string) string {
	line := strings.Join(strings.Fields(e.Mask.Text(text)), " ")
	return httpx.Excerpt(line, e.Mask)
}

func (e *Endpoint) trace(format string, args ...any) {
	if e.Trace != nil {
		e.Trace(format, args...)
	}
}

// now is the wall clock alone: records are compared across processes and reboots.
func (e *Endpoint) now() time.Time {
	if e.Clock == nil {
		return time.Now().Round(0)
	}
	return e.Clock().Round(0)
}

func (e *Endpoint) timeout() time.Duration {
	if e.Timeout > 0 {
		return e.Timeout
	}
	return defaultTimeout
}
