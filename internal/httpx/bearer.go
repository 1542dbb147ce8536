package httpx

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/secret"
)

// Bearer is an access token together with the origins that may see it. The zero Bearer authorizes nothing.
type Bearer struct {
	reveal    func() string // not a secret.String: fmt shows an unexported field without asking its methods
	tokenType string
	origins   Origins
	proofs    Proofs
}

// NewBearer binds a token to origins. An empty token type stands for Bearer.
func NewBearer(token secret.String, tokenType string, origins Origins) Bearer {
	if tokenType == "" {
		tokenType = "Bearer"
	}
	return Bearer{reveal: token.Reveal, tokenType: tokenType, origins: origins}
}

// Authorize puts the token on req as its one Authorization header. It is the only way of a token onto a request, and
// it is refused off the token's origins, in clear text beyond this machine, and where a Host header names another
// server than the URL does.
func (b Bearer) Authorize(req *http.Request) error {
	origin, err := OriginOf(req.URL)
	if err != nil {
		return err
	}
	if err := b.origins.Check(origin); err != nil {
		return err
	}
	if req.Host != "" {
		if host, err := OriginOf(&url.URL{Scheme: origin.scheme, Host: req.Host}); err != nil || host != origin {
			return fault.New(fault.Policy, "policy.host", "the Host header names another server than the URL")
		}
	}
	if err := b.usable(); err != nil {
		return err
	}
	scheme, proof := "Bearer ", ""
	if b.proofs != nil {
		scheme = "DPoP "
		if proof, err = b.proofs.Proof(method(req), req.URL, secret.New(b.reveal())); err != nil {
			return err
		}
	}
	b.clear(req)
	req.Header["Authorization"] = []string{scheme + b.reveal()}
	if proof != "" {
		req.Header[ProofHeader] = []string{proof}
	}
	return nil
}

// usable refuses a token that no header may hold, and one whose type and proofs do not belong together: a bound token
// without its key is worth nothing, and a proof beside an unbound one would only look as if it protected it.
func (b Bearer) usable() error {
	want := "Bearer"
	if b.proofs != nil {
		want = "DPoP"
	}
	switch {
	case !strings.EqualFold(b.tokenType, want):
		return fault.New(fault.Protocol, "protocol.token_type", "the token's type is not %s", want)
	case b.reveal == nil || !isVisibleASCII(b.reveal()):
		return fault.New(fault.Protocol, "protocol.token", "the token is empty or holds what no header may hold")
	}
	return nil
}

// clear takes off req, in any spelling, what Authorize puts there.
func (b Bearer) clear(req *http.Request) {
	for name := range req.Header {
		if strings.EqualFold(name, "Authorization") || b.proofs != nil && strings.EqualFold(name, "DPoP") {
			delete(req.Header, name)
		}
	}
	if req.Header == nil {
		req.Header = http.Header{}
	}
}

// method is the method as the wire shows it.
func method(req *http.Request) string {
	if req.Method == "" {
		return http.MethodGet
	}
	return req.Method
}

// Check answers nil for an origin that a token of the list may go to, and the refusal to show otherwise.
func (list Origins) Check(o Origin) error {
	switch {
	case !list.Contains(o):
		err := fault.New(fault.Policy, "policy.origin", "%s is outside the origins that the profile's token may go to", o)
		return err.Hint("add it to allowed_origins if it may see the token, or call it with --no-auth")
	case o.scheme != "https" && !o.Loopback():
		return fault.New(fault.Policy, "policy.scheme", "a token is never sent over plain http to %s", o)
	}
	return nil
}

// isVisibleASCII holds a token to VCHAR (RFC 5234): nothing that could end a header or begin another.
func isVisibleASCII(s string) bool {
	if s == "" {
		return false
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return true
}
