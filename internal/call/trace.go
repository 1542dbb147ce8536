package call

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/authctl/authctl/internal/httpx"
	"github.com/authctl/authctl/internal/secret"
)

// Trace takes the lines of -v, as curl writes them: "> " what was sent, "< " what came, "* " what was done. The values
// of headers and queries that may be secret are left out, so that the lines can be shown to anybody.
type Trace func(line string)

func (t Trace) note(format string, args ...any) {
	if t != nil {
		t(httpx.Visible("* " + fmt.Sprintf(format, args...)))
	}
}

// Timings tells when the phases of a call ended, counted from its beginning.
func (t Trace) Timings(trip *Trip) {
	if t == nil {
		return
	}
	var parts []string
	for _, phase := range []struct {
		name string
		at   time.Duration
	}{
		{"lookup", trip.LookedUp},
		{"connect", trip.Connected},
		{"TLS", trip.Secured},
		{"first byte", trip.Answered},
		{"total", trip.Ended},
	} {
		if phase.at > 0 {
			parts = append(parts, fmt.Sprintf("%s %.1f ms", phase.name, phase.at.Seconds()*1000))
		}
	}
	if len(parts) > 0 {
		t.note("times: %s", strings.Join(parts, ", "))
	}
}

// request shows what is about to be sent; hidden are names whose values come from the profile's secrets.
func (t Trace) request(req *http.Request, hidden []string) {
	if t == nil {
		return
	}
	host := req.Host
	if host == "" {
		host = req.URL.Host
	}
	t(httpx.Visible(fmt.Sprintf("> %s %s", req.Method, redactURL(req.URL.RequestURI()))))
	t(httpx.Visible("> Host: " + host))
	t.headers("> ", req.Header, hidden)
	if req.ContentLength > 0 {
		t(fmt.Sprintf("> Content-Length: %d", req.ContentLength))
	}
	t(">")
}

func (t Trace) response(res *http.Response) {
	if t == nil {
		return
	}
	t(httpx.Visible("< " + statusLine(res)))
	t.headers("< ", received(res), nil)
	t("<")
}

func (t Trace) headers(prefix string, header http.Header, hidden []string) {
	for _, name := range slices.Sorted(maps.Keys(header)) {
		canonical := http.CanonicalHeaderKey(name)
		for _, value := range header[name] {
			switch {
			case name == "User-Agent" && value == "":
				continue
			case isSecretName(name) || slices.Contains(hidden, canonical):
				value = redactValue(canonical, value)
			case isURLName(canonical):
				value = redactURL(value)
			}
			t(httpx.Visible(prefix + name + ": " + value))
		}
	}
}

// secretNames are the profile's headers, canonical, as far as the user does not replace them.
func (c *Client) secretNames(req *Request) []string {
	var names []string
	if !req.NoAuth {
		for _, h := range c.Headers {
			names = append(names, http.CanonicalHeaderKey(h.Name))
		}
	}
	return names
}

// isSecretName knows headers that hold credentials, and guesses the rest by the words in them.
func isSecretName(name string) bool {
	name = strings.ToLower(name)
	if name == "www-authenticate" || name == "proxy-authenticate" {
		return false
	}
	for _, word := range []string{
		"auth", "cookie", "key", "token", "secret", "passw", "credential", "signature",
		"session", "assertion", "jwt", "dpop", "client-cert", "client_id", "csrf", "xsrf",
	} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}

// redactValue keeps the scheme of an Authorization, which tells whether a token was sent at all.
func redactValue(name, value string) string {
	if scheme, _, ok := strings.Cut(value, " "); ok && name == "Authorization" {
		return scheme + " " + secret.Redacted
	}
	return secret.Redacted
}

// isURLName knows headers whose URLs may carry a code or a token in the query.
func isURLName(name string) bool {
	switch name {
	case "Location", "Content-Location", "Referer", "Link", "Refresh":
		return true
	}
	return false
}

// redactURL keeps the names of query parameters and leaves out their values, and all of a fragment.
func redactURL(raw string) string {
	raw, _, cut := strings.Cut(raw, "#")
	base, query, ok := strings.Cut(raw, "?")
	if i := strings.LastIndexByte(base, '@'); i >= 0 {
		if u, err := url.Parse(base); err != nil || u.User != nil {
			base = secret.Redacted + base[i:]
		}
	}
	if ok {
		pairs := strings.Split(query, "&")
		for i, pair := range pairs {
			if name, _, ok := strings.Cut(pair, "="); ok {
				pairs[i] = name + "=" + secret.Redacted
			} else if pair != "" {
				pairs[i] = secret.Redacted
			}
		}
		base += "?" + strings.Join(pairs, "&")
	}
	if cut {
		base += "#" + secret.Redacted
	}
	return base
}
