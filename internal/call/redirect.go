package call

import (
	"net/http"
	"net/textproto"
	"net/url"
	"strings"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/httpx"
)

// Redirects says how far an answer that points elsewhere is followed: never off the origins of the token, or off the
// first URL's origin where there is no token, and never from https to http.
type Redirects struct {
	Follow bool
	Max    int // negative: no bound but that of a loop
}

// apply reports whether res is to be followed.
func (r Redirects) apply(res *http.Response) bool {
	return r.Follow && redirects(res)
}

func redirects(res *http.Response) bool {
	switch res.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return res.Header.Get("Location") != ""
	}
	return false
}

// turn makes the errand's request that which the redirect res asks for.
func (e *errand) turn(res *http.Response) error {
	defer e.client.discard(res)
	from := e.req
	if e.been == nil {
		e.been = map[string]bool{}
	}
	e.been[from.method()+" "+from.URL.String()] = true
	target, err := locate(from.URL, res)
	if err != nil {
		return err
	}
	if err := e.allow(from.URL, target); err != nil {
		return err.Doing("follow the redirect to %s", origin(target))
	}
	if keepsMethod(res.StatusCode) && !replayable(from.Body) {
		return fault.New(fault.IO, "io.rewind", "the redirect wants the body once more, and it came from a stream that is gone").
			Hint("put the body into a file: --data-binary @FILE")
	}
	next := from.toward(target, res.StatusCode)
	if e.been[next.method()+" "+target.String()] {
		return fault.New(fault.Policy, "policy.loop", "the redirects lead round in a circle").
			Doing("follow the redirect to %s", origin(target))
	}
	e.req = next
	e.turns++
	e.client.Trace.note("following the redirect")
	e.trip.turned(res, e.client.now())
	return nil
}

// allow refuses a target that the token, or this request, is not for.
func (e *errand) allow(from, target *url.URL) *fault.Error {
	to, err := httpx.OriginOf(target)
	if err != nil {
		return fault.From(err)
	}
	limit := e.client.Redirects.Max
	switch {
	case limit >= 0 && e.turns >= limit:
		return fault.New(fault.Policy, "policy.redirects", "more than %d redirects", limit).Hint("--max-redirs %d", max(2*limit, 1))
	case from.Scheme == "https" && target.Scheme != "https":
		return fault.New(fault.Policy, "policy.scheme", "it leads from https to http")
	case e.bearer == nil && len(e.client.Headers) == 0 || e.req.NoAuth:
		if now, err := httpx.OriginOf(from); err == nil && now == to {
			return nil
		}
		return fault.New(fault.Policy, "policy.redirect", "it leads to another origin").
			Hint("call that URL itself if you trust it")
	}
	if err := e.client.Origins.Check(to); err != nil {
		return fault.From(err)
	}
	return nil
}

// locate reads the Location header, against base (RFC 9110 section 10.2.2), as strictly as a URL of the user's.
func locate(base *url.URL, res *http.Response) (*url.URL, error) {
	text := strings.ReplaceAll(res.Header.Get("Location"), " ", "%20")
	ref, err := url.Parse(text)
	if err != nil {
		return nil, fault.New(fault.Protocol, "protocol.redirect", "the answer redirects to what is no URL")
	}
	target := base.ResolveReference(ref)
	target.Fragment, target.RawFragment = "", ""
	target, err = httpx.Resolve("", target.String())
	if err != nil {
		f := fault.From(err).Doing("follow the redirect")
		f.Hints = nil // those for a URL that was typed
		return nil, f
	}
	return target, nil
}

func origin(u *url.URL) string {
	o, _ := httpx.OriginOf(u)
	return o.String()
}

func keepsMethod(status int) bool {
	return status == http.StatusTemporaryRedirect || status == http.StatusPermanentRedirect
}

// toward is the request that follows req (RFC 9110 section 15.4): 303 makes any method a GET, 301 and 302 make a POST
// one, as every browser and curl do. Credentials that the user put on req stay with its origin, and do not come back
// when a later redirect does.
func (req *Request) toward(target *url.URL, status int) *Request {
	next := *req
	next.URL = target
	method := req.method()
	if !keepsMethod(status) && method != http.MethodHead &&
		(method == http.MethodPost || status == http.StatusSeeOther) {
		next.Method, next.Body = http.MethodGet, nil
		next.Header, next.Implied = withoutContent(req.Header), withoutContent(req.Implied)
	}
	if origin(target) != origin(req.URL) {
		next.Header = withoutCredentials(next.Header)
	}
	return &next
}

func withoutContent(h http.Header) http.Header {
	return only(h, func(name string) bool { return !strings.HasPrefix(name, "Content-") })
}

func withoutCredentials(h http.Header) http.Header {
	return only(h, func(name string) bool { return name != "Host" && !isSecretName(name) })
}

func only(h http.Header, keep func(name string) bool) http.Header {
	out := http.Header{}
	for name, values := range h {
		if keep(textproto.CanonicalMIMEHeaderKey(name)) {
			out[name] = values
		}
	}
	return out
}
