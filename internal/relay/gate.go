package relay

import (
	"crypto/subtle"
	"net/http"
	"slices"
	"strings"

	"github.com/authctl/authctl/internal/httpx"
	"github.com/authctl/authctl/internal/secret"
)

// gate decides who may come in: programs that were told the address and the secret, and pages of origins that were
// allowed. It speaks to no server.
type gate struct {
	hosts   []string
	secret  secret.String
	origins []string // serialised as a browser does
}

// refusal is a no of the relay itself.
type refusal struct {
	status int
	reason string // a label of the metrics
	text   string // empty: the answer tells nothing
	err    error  // in place of text
}

func newGate(door *Door, s secret.String, allowed []string) (gate, error) {
	g := gate{hosts: door.hosts, secret: s}
	for _, raw := range allowed {
		origin, err := httpx.ParseOrigin(raw)
		if err != nil {
			return g, err
		}
		g.origins = append(g.origins, origin.String())
	}
	return g, nil
}

// admit fills x with what follows the secret, or refuses. The order matters: who does not know the secret learns
// nothing of what is behind it.
func (g *gate) admit(req *http.Request, x *exchange) *refusal {
	switch strings.ToUpper(req.Method) { // the case of a method counts, but not to every server
	case http.MethodConnect:
		return &refusal{status: http.StatusMethodNotAllowed, reason: "method", text: "this is no forward proxy"}
	case http.MethodTrace:
		return &refusal{status: http.StatusMethodNotAllowed, reason: "method", text: "the answer to TRACE would show the token"}
	}
	if !g.knows(req.Host) {
		return &refusal{status: http.StatusForbidden, reason: "host", text: "the Host header is not that of this proxy"}
	}
	target, ok := originForm(req)
	if ok {
		target, ok = g.strip(target)
	}
	if !ok {
		return &refusal{status: http.StatusNotFound, reason: "secret"}
	}
	if strings.ContainsRune(target, '#') {
		return &refusal{status: http.StatusBadRequest, reason: "path", text: "the request's target holds a fragment"}
	}
	x.front, x.prefix = "http://"+strings.ToLower(req.Host), ""
	if !g.secret.IsZero() {
		x.prefix = "/" + g.secret.Reveal()
	}
	x.path, x.query = target, ""
	if i := strings.IndexByte(target, '?'); i >= 0 {
		x.path, x.query = target[:i], target[i:]
	}
	return g.judgePage(req, x)
}

func (g *gate) knows(host string) bool {
	return g.hosts == nil || slices.ContainsFunc(g.hosts, func(known string) bool { return strings.EqualFold(known, host) })
}

// originForm is the path and query of a request. A client that takes this for a forward proxy sends a whole URL
// (RFC 9112 section 3.2.2), which is served if it is one of this proxy; its host was checked.
func originForm(req *http.Request) (string, bool) {
	target := req.RequestURI
	if strings.HasPrefix(target, "/") {
		return target, true
	}
	if len(target) < 7 || !strings.EqualFold(target[:7], "http://") || req.URL.User != nil {
		return "", false
	}
	target = target[7:]
	switch i := strings.IndexAny(target, "/?"); {
	case i < 0:
		return "/", true
	case target[i] == '?':
		return "/" + target[i:], true
	default:
		return target[i:], true
	}
}

// strip cuts the secret off, comparing it in constant time.
func (g *gate) strip(target string) (string, bool) {
	if g.secret.IsZero() {
		return target, true
	}
	segment, rest := target[1:], ""
	if i := strings.IndexAny(segment, "/?"); i >= 0 {
		segment, rest = segment[:i], segment[i:]
	}
	if subtle.ConstantTimeCompare([]byte(segment), []byte(g.secret.Reveal())) != 1 {
		return "", false
	}
	if !strings.HasPrefix(rest, "/") {
		rest = "/" + rest
	}
	return rest, true
}

// judgePage keeps pages of other sites out. Browsers say where a request comes from, in Origin for all that can do
// harm, and in Sec-Fetch-Site for the rest; programs say neither.
func (g *gate) judgePage(req *http.Request, x *exchange) *refusal {
	no := &refusal{status: http.StatusForbidden, reason: "origin", text: "a page of another site sent this; --allow-origin lets its origin in"}
	if origins, ok := req.Header["Origin"]; ok {
		switch {
		case len(origins) != 1:
			return no
		case origins[0] == x.front:
			return nil
		case slices.Contains(g.origins, origins[0]):
			x.page = origins[0]
			return nil
		}
		return no
	}
	for _, site := range req.Header["Sec-Fetch-Site"] {
		if site != "same-origin" && site != "none" {
			return no
		}
	}
	return nil
}
