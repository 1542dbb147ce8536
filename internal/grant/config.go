package grant

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Config is what the grants of one client at one token endpoint share.
type Config struct {
	Endpoint *Endpoint
	Server   Server
	Auth     ClientAuth
	JSON     bool
	// Header gives further headers of one request, made anew for each; nil stands for none.
	Header func() http.Header

	Scopes, Audience, Resources []string
	Params                      []Field
	DefaultTTL                  time.Duration
}

// token asks for a token with the grant's own fields, then what Config and the one call add.
func (c *Config) token(ctx context.Context, ask Ask, fields ...Field) (*Token, error) {
	fields = slices.Clone(fields)
	if len(c.Scopes) > 0 {
		fields = append(fields, Plain("scope", strings.Join(c.Scopes, " ")))
	}
	for _, audience := range c.Audience {
		fields = append(fields, Plain("audience", audience))
	}
	for _, resource := range c.Resources {
		fields = append(fields, Plain("resource", resource)) // RFC 8707 section 2.2
	}
	fields = append(fields, c.Params...)
	if ask.Claims != "" {
		fields = append(fields, Plain("claims", ask.Claims))
	}
	server, err := c.Server.Metadata(ctx)
	if err != nil {
		return nil, err
	}
	r := Request{URL: server.Token, Auth: c.Auth, Fields: fields, JSON: c.JSON, DefaultTTL: c.DefaultTTL}
	if c.Header != nil {
		r.Header = c.Header()
	}
	return c.Endpoint.Token(ctx, r)
}
