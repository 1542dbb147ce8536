package grant

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"slices"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/httpx"
	"github.com/authctl/authctl/internal/secret"
)

// Life manages tokens that were given: their state (RFC 7662), their end (RFC 7009), and whom they stand for. It proves
// the client as the token request does.
type Life struct {
	Config

	// Settable are the keys that the profile's provider has for endpoints, nil where it has none: a hint names no other one.
	Settable []string
}

// The token type hints of RFC 7009 section 2.1.
const (
	AccessTokenHint  = "access_token"
	RefreshTokenHint = "refresh_token"
)

// Introspect gives the server's JSON about a token, as it was sent.
func (l *Life) Introspect(ctx context.Context, token secret.String, hint string) ([]byte, error) {
	server, err := l.Server.Metadata(ctx)
	if err != nil {
		return nil, err
	}
	if server.Introspection == "" {
		return nil, l.missing(server, "introspection endpoint", "introspection_url")
	}
	rep, err := l.post(ctx, server.Introspection, nil, aboutToken(token, hint))
	if err != nil {
		return nil, err
	}
	return l.Endpoint.object(rep)
}

// Revoke ends a token. A server that does not know it has nothing to end (RFC 7009 section 2.2).
func (l *Life) Revoke(ctx context.Context, token secret.String, hint string) error {
	server, err := l.Server.Metadata(ctx)
	if err != nil {
		return err
	}
	if server.Revocation == "" {
		return l.missing(server, "revocation endpoint", "revocation_url")
	}
	rep, err := l.post(ctx, server.Revocation, nil, aboutToken(token, hint))
	if err != nil {
		return err
	}
	if failure := l.Endpoint.judgeRefusal(rep); failure != nil {
		return failure.Doing("%s", l.Endpoint.operation(rep.from))
	}
	return nil // whatever the body says
}

func aboutToken(token secret.String, hint string) []Field {
	fields := []Field{Hidden("token", token)}
	if hint != "" {
		fields = append(fields, Plain("token_type_hint", hint))
	}
	return fields
}

// CanRevoke reports whether the server has a revocation endpoint that anybody told of.
func (l *Life) CanRevoke(ctx context.Context) (bool, error) {
	server, err := l.Server.Metadata(ctx)
	if err != nil {
		return false, err
	}
	return server.Revocation != "", nil
}

// CanTell answers nil where the server has a userinfo endpoint that anybody told of.
func (l *Life) CanTell(ctx context.Context) error {
	_, err := l.userInfo(ctx)
	return err
}

func (l *Life) userInfo(ctx context.Context) (endpoint string, err error) {
	server, err := l.Server.Metadata(ctx)
	if err == nil && server.UserInfo == "" {
		err = l.missing(server, "userinfo endpoint", "userinfo")
	}
	if err != nil {
		return "", err
	}
	return server.UserInfo, nil
}

// UserInfo gives the claims of the person whom an access token stands for (OpenID Connect Core 5.3), as JSON.
func (l *Life) UserInfo(ctx context.Context, token *Token) ([]byte, error) {
	endpoint, err := l.userInfo(ctx)
	if err != nil {
		return nil, err
	}
	target, err := l.Endpoint.target(endpoint)
	if err != nil {
		return nil, err
	}
	seen, err := httpx.OriginOf(target)
	if err != nil {
		return nil, err
	}
	flow, err := l.Flow(ctx, token)
	if err != nil {
		return nil, err
	}
	l.Endpoint.Mask.Add(token.AccessToken)
	proof := httpx.NewBearer(token.AccessToken, token.TokenType, httpx.Origins{seen})
	if flow.keys != nil {
		proof = proof.WithProof(flow.keys.prover)
	}
	rep, err := l.visit(ctx, target, proof)
	if err == nil && flow.keys.challengedAtAPI(rep) {
		rep, err = l.visit(ctx, target, proof)
	}
	if err != nil {
		return nil, err
	}
	return l.Endpoint.object(rep)
}

// missing is a request that nobody told the address of, and what its user can do about it.
func (l *Life) missing(server *Metadata, what, key string) *fault.Error {
	e := fault.New(fault.Config, "config."+key, "nothing says where the server's %s is", what)
	switch {
	case slices.Contains(l.Settable, key):
		return e.Hint("set %s in the profile", key)
	case len(l.Settable) > 0 && server.Issuer == "":
		return e.Hint("provider: oidc and issuer, where the server has metadata that name it")
	case key == "revocation_url":
		return e.Hint("authctl token forget ends the use of the token on this machine")
	}
	return e.Hint("authctl token inspect reads a token that is a JWT without asking its server")
}

// visit sends a GET with the token.
func (l *Life) visit(ctx context.Context, target *url.URL, token httpx.Bearer) (*reply, error) {
	ctx, cancel := context.WithTimeout(ctx, l.Endpoint.timeout())
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return nil, unusable()
	}
	req.Header = l.header()
	if err := token.Authorize(req); err != nil {
		return nil, err
	}
	rep, err := l.Endpoint.send(req, nil)
	if err != nil {
		return nil, err
	}
	rep.where = l.Where
	return rep, nil
}

// Keys gives the server's JWK set (RFC 7517), as JSON, and its issuer.
func (l *Life) Keys(ctx context.Context) (set []byte, issuer string, err error) {
	server, err := l.Server.Metadata(ctx)
	if err != nil {
		return nil, "", err
	}
	if server.JWKS == "" {
		return nil, "", l.missing(server, "key set", "jwks_uri")
	}
	set, err = l.Endpoint.Fetch(ctx, server.JWKS, l.header())
	return set, server.Issuer, err
}

// object is the bytes of a success that is a JSON object.
func (e *Endpoint) object(rep *reply) ([]byte, error) {
	if failure := e.judgeRefusal(rep); failure != nil {
		return nil, failure.Doing("%s", e.operation(rep.from))
	}
	if rep.broken != nil {
		return nil, httpx.Failure(rep.broken).Doing("%s", e.operation(rep.from))
	}
	if _, err := ParseDocument(rep.body); err != nil {
		return nil, e.notAReply(rep, err).Doing("%s", e.operation(rep.from))
	}
	return bytes.Trim(bytes.TrimPrefix(rep.body, []byte("\ufeff")), blanks), nil
}
