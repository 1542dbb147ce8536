package grant

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/authctl/authctl/internal/fault"
)

// Config is what the grants of one client at one authorization server share.
type Config struct {
	Endpoint *Endpoint
	Server   Server
	Where    string // the keys of the profile that say where the server is, for hints; empty: token_url or base_url
	Auth     ClientAuth
	JSON     bool // of token requests
	// Header gives further headers of one request, made anew for each; nil stands for none.
	Header func() http.Header
	// TokenHeaders go on every request at the authorization server; nil stands for none.
	TokenHeaders http.Header

	Scopes, Audience, Resources []string
	AuthorizationDetails        string // a JSON array (RFC 9396); empty: none
	Params                      []Field
	Claims                      string // that every token request asks for (OpenID Connect Core 5.5); empty: none
	DefaultTTL                  time.Duration
	DPoP                        *DPoP // nil: bearer tokens

	keys *flowKey // of a flow that has begun
	kept *kept    // of a flow that has begun
}

// Flow is a copy of c whose requests all prove one key, where keys are proved at all: prev's, or a new one. What proves
// the client is read once in it.
func (c *Config) Flow(ctx context.Context, prev *Token) (*Config, error) {
	flow := *c
	if flow.kept == nil {
		flow.kept = &kept{}
	}
	if c.DPoP == nil || c.keys != nil {
		return &flow, nil
	}
	var err error
	flow.keys, err = c.DPoP.key(ctx, Ask{Prev: prev}.key(), c.Endpoint.now)
	return &flow, err
}

// token asks for a token with the grant's own fields, then what Config and the one call add.
func (c *Config) token(ctx context.Context, ask Ask, fields ...Field) (*Token, error) {
	return c.request(ctx, Request{}, ask, c.scoped(fields)...)
}

// redeem is token without the scope, for what was given for a scope already: a code, a device code.
func (c *Config) redeem(ctx context.Context, ask Ask, fields ...Field) (*Token, error) {
	return c.request(ctx, Request{}, ask, c.target(fields)...)
}

// request sends a token request with the fields, Params and what the one call adds.
func (c *Config) request(ctx context.Context, r Request, ask Ask, fields ...Field) (*Token, error) {
	flow, err := c.Flow(ctx, ask.Prev)
	if err != nil {
		return nil, err
	}
	server, err := c.Server.Metadata(ctx)
	if err != nil {
		return nil, err
	}
	if server.Token == "" {
		return nil, missing("token endpoint", "token_url")
	}
	r.Fields = slices.Concat(fields, c.Params)
	if claims := MergeClaims(c.Claims, ask.Claims); claims != "" {
		r.Fields = append(r.Fields, Plain("claims", claims))
	}
	r.URL, r.Audience, r.Auth = server.Token, first(server.Issuer, server.Token), c.Auth
	r.JSON, r.Header, r.DefaultTTL, r.keys = c.JSON, c.header(), c.DefaultTTL, flow.keys
	r.Where, r.kept = c.Where, flow.kept
	return c.Endpoint.Token(ctx, r)
}

// scoped adds the scope and what the token is for.
func (c *Config) scoped(fields []Field) []Field {
	if len(c.Scopes) > 0 {
		fields = append(fields, Plain("scope", strings.Join(c.Scopes, " ")))
	}
	return c.target(fields)
}

// target adds what the token is for besides its scope.
func (c *Config) target(fields []Field) []Field {
	for _, audience := range c.Audience {
		fields = append(fields, Plain("audience", audience))
	}
	fields = c.resources(fields)
	if c.AuthorizationDetails != "" {
		fields = append(fields, Plain("authorization_details", c.AuthorizationDetails)) // RFC 9396 section 6
	}
	return fields
}

func (c *Config) resources(fields []Field) []Field {
	for _, resource := range c.Resources {
		fields = append(fields, Plain("resource", resource)) // RFC 8707 section 2.2
	}
	return fields
}

// Ask posts a form to an endpoint of the authorization server as the client, and reads a JSON object. A refusal is a
// *[fault.Error] of kind Auth that has the server's error code.
func (c *Config) Ask(ctx context.Context, address string, fields ...Field) (Members, error) {
	rep, err := c.post(ctx, address, nil, fields)
	if err != nil {
		return nil, err
	}
	return c.Endpoint.members(rep)
}

// Push is Ask with a proof of possession, for a pushed authorization request (RFC 9449 section 10.1).
func (c *Config) Push(ctx context.Context, address string, fields ...Field) (Members, error) {
	flow, err := c.Flow(ctx, nil)
	if err != nil {
		return nil, err
	}
	rep, err := c.post(ctx, address, flow.keys, fields)
	if err != nil {
		return nil, err
	}
	return c.Endpoint.members(rep)
}

func (c *Config) post(ctx context.Context, address string, keys *flowKey, fields []Field) (*reply, error) {
	server, err := c.Server.Metadata(ctx)
	if err != nil {
		return nil, err
	}
	return c.Endpoint.post(ctx, Request{
		URL: address, Audience: first(server.Issuer, server.Token), Auth: c.Auth, Fields: fields, Header: c.header(), Where: c.Where,
		keys: keys, kept: c.kept,
	})
}

// members is the JSON object of a success.
func (e *Endpoint) members(rep *reply) (Members, error) {
	found, failure := e.judgeMembers(rep, ParseDocument)
	if failure != nil {
		return nil, failure.Doing("%s", e.operation(rep.from))
	}
	return found, nil
}

// header is the further headers of one request.
func (c *Config) header() http.Header {
	header := http.Header{}
	maps.Copy(header, c.TokenHeaders)
	if c.Header != nil {
		maps.Copy(header, c.Header())
	}
	return header
}

// missing is a request that nobody told the address of.
func missing(what, key string) *fault.Error {
	return fault.New(fault.Config, "config."+key, "nothing says where the server's %s is", what).
		Hint("set %s in the profile", key)
}
