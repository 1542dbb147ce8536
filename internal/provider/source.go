package provider

import (
	"context"
	"net/http"
	"time"

	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/secret"
)

// NewSource makes the source of a completed profile whose grant is one of the RFCs'. A provider with a grant of its own
// puts that in its place.
func NewSource(p *profile.Profile, ports Ports, config grant.Config) *Source {
	s := &Source{Identity: Identity(p), Grant: newGrant(p, ports, config), Life: &grant.Life{Config: config}}
	bound := secrets(p)
	s.Bound = func(ctx context.Context) ([]secret.String, error) { return ports.Bind(ctx, p.Name, bound...) }
	if p.Grant == RefreshToken && !p.RefreshToken.IsZero() {
		s.Root = func(ctx context.Context) ([]secret.String, error) {
			return ports.Bind(ctx, p.Name, Secret{"refresh_token", p.RefreshToken})
		}
	}
	s.Upstream = ports.upstream(p)
	if !p.DPoP.Key.IsZero() {
		s.ProofKey = ports.proofKey(p.DPoP)
	}
	return s
}

// upstream is what the exchanged tokens of other profiles depend on: what was got for one subject must not pass for what
// another one would get.
func (p Ports) upstream(of *profile.Profile) Bound {
	var bound Bound
	for _, input := range []profile.TokenInput{of.SubjectToken, of.ActorToken} {
		if input.Profile == "" || p.TokenDependsOn == nil {
			continue
		}
		further := func(ctx context.Context) ([]secret.String, error) { return p.TokenDependsOn(ctx, input.Profile) }
		if bound == nil {
			bound = further
		} else {
			bound = bound.And(further)
		}
	}
	return bound
}

// Config is what a completed profile says about every grant.
func Config(p *profile.Profile, ports Ports) grant.Config {
	return grant.Config{
		Endpoint: ports.Endpoint, Server: Server(p), Auth: clientAuth(p, ports),
		Scopes: p.Scopes, Audience: p.Audience, Resources: p.Resources, DefaultTTL: p.DefaultTTL,
		AuthorizationDetails: p.AuthorizationDetails, Params: fields(p.Params), TokenHeaders: tokenHeaders(p.TokenHeaders),
		DPoP: ports.dpop(p.DPoP),
	}
}

// Server is a completed profile's authorization server, as far as the profile says it.
func Server(p *profile.Profile) grant.Server {
	e := p.Endpoints
	return grant.Known{
		Token: p.TokenURL, Authorization: e.Authorization, DeviceAuthorization: e.DeviceAuthorization,
		PushedAuthorization: e.PushedAuthorization, BackchannelAuthentication: e.BackchannelAuthentication,
		Revocation: e.Revocation, Introspection: e.Introspection, UserInfo: e.UserInfo, JWKS: e.JWKS,
	}
}

// Identity is what a completed profile's token depends on.
func Identity(p *profile.Profile) profile.Identity {
	id := profile.Identity{
		Provider: p.Provider, TokenEndpoint: grant.CanonicalURL(p.TokenURL),
		Grant: p.Grant, ClientAuth: p.ClientAuth, ClientID: p.ClientID, Subject: p.Username,
		Scopes: p.Scopes, Audience: p.Audience, Resources: p.Resources, Params: p.Params,
		Further: p.FurtherIdentity(),
	}
	if byCertificate(p.ClientAuth) {
		id.Certificate = p.TLS.CertFile // RFC 8705 section 3: the token may be bound to it
	}
	return id
}

func byCertificate(auth string) bool { return auth == TLSClientAuth || auth == SelfSignedTLSClientAuth }

func fields(params []profile.Param) []grant.Field {
	var list []grant.Field
	for _, param := range params {
		list = append(list, grant.Plain(param.Name, param.Value))
	}
	return list
}

func tokenHeaders(params []profile.Param) http.Header {
	if len(params) == 0 {
		return nil
	}
	header := http.Header{}
	for _, param := range params {
		header.Add(param.Name, param.Value)
	}
	return header
}

// Later resolves a reference at the moment the secret is sent.
func (p Ports) Later(ref secret.Ref, key string) grant.SecretFunc {
	return func(ctx context.Context) (secret.String, error) { return p.Secret(ctx, ref, key) }
}

// clock is what assertions are dated by.
func (p Ports) clock() func() time.Time {
	if p.Endpoint == nil {
		return nil
	}
	return p.Endpoint.Clock
}
