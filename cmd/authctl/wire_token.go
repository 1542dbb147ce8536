package main

import (
	"context"

	"github.com/authctl/authctl/internal/auth"
	"github.com/authctl/authctl/internal/cli"
	"github.com/authctl/authctl/internal/dpop"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/httpx"
	"github.com/authctl/authctl/internal/jose"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/provider/discovery"
	"github.com/authctl/authctl/internal/secret"
	"github.com/authctl/authctl/internal/tokenstore"
)

// tokenOf gives a token of another profile of the file, for an exchange (RFC 8693). Nobody is asked for it: what only a
// login gives must have been stored by one.
func (w *wiring) tokenOf(o cli.Options) func(ctx context.Context, name, which string) (secret.String, error) {
	return func(ctx context.Context, name, which string) (secret.String, error) {
		token, err := w.tokenOfProfile(ctx, o, name, which)
		if err != nil {
			e := fault.From(err)
			if e.Profile == "" {
				e.Profile = name
			}
			return secret.String{}, e
		}
		return token, nil
	}
}

func (w *wiring) tokenOfProfile(ctx context.Context, o cli.Options, name, which string) (secret.String, error) {
	session, err := w.sessionOf(o, name)
	if err != nil {
		return secret.String{}, err
	}
	if which == "" || which == grant.AccessTokenHint {
		answer, err := session.Token(ctx, auth.Want{NoCache: o.NoCache})
		if err != nil {
			return secret.String{}, err
		}
		return answer.Token.AccessToken, nil
	}
	return storedToken(ctx, session, which)
}

// dependsOn gives what a token of another profile of the file depends on.
func (w *wiring) dependsOn(o cli.Options) func(ctx context.Context, name string) ([]secret.String, error) {
	return func(ctx context.Context, name string) ([]secret.String, error) {
		session, err := w.sessionOf(o, name)
		if err != nil {
			return nil, err
		}
		list, err := session.DependsOn(ctx)
		return append(list, secret.New("profile "+name)), err
	}
}

// sessionOf opens another profile of the file.
func (w *wiring) sessionOf(o cli.Options, name string) (*auth.Session, error) {
	if o.File == nil {
		return nil, fault.New(fault.Internal, "", "no profiles to look in for %q", name)
	}
	p, err := o.File.Choose(name)
	if err != nil {
		return nil, err
	}
	return w.session(p, o)
}

// storedToken is what a login left beside the access token.
func storedToken(ctx context.Context, session *auth.Session, which string) (secret.String, error) {
	r, err := session.Stored(ctx)
	if err != nil {
		return secret.String{}, err
	}
	if token := besides(r, which); !token.IsZero() {
		return token, nil
	}
	return secret.String{}, session.Missing(which)
}

func besides(r *tokenstore.Record, which string) secret.String {
	switch {
	case r == nil:
	case which == "id_token":
		return r.IDToken
	case which == grant.RefreshTokenHint:
		return r.RefreshToken
	}
	return secret.String{}
}

// proofs proves a token's key with each request that carries the token (RFC 9449). Nonces of servers are shared by all
// of a process's requests.
func (w *wiring) proofs(key secret.String) (httpx.Proofs, error) {
	k, _, err := jose.ParseKey(key, jose.KeyOptions{})
	if err != nil {
		return nil, err
	}
	return dpop.New(k, &w.nonces, now), nil
}

// verify checks a JWT's signature with a server's keys.
func verify(set []byte, token secret.String) (cli.Verified, error) {
	keys, err := jose.ParseKeySet(set)
	if err != nil {
		return cli.Verified{}, err
	}
	claims, header, err := keys.Verify(token)
	if err == nil {
		err = jose.CheckClaims(claims)
	}
	return cli.Verified{Claims: claims, Alg: header.Alg, KeyID: header.KeyID}, err
}

// discover reads what an issuer publishes about itself, as a profile with these settings would reach it.
func (w *wiring) discover(ctx context.Context, issuer string, p *profile.Profile, o cli.Options) (*cli.Issuer, error) {
	found, err := discovery.Read(ctx, w.ports(p, o).Endpoint, issuer, nil)
	if err != nil {
		return nil, err
	}
	return &cli.Issuer{
		Grants: found.Grants, ClientAuth: found.ClientAuth, Scopes: found.Scopes,
		Login: found.Authorization != "", Device: found.DeviceAuthorization != "",
	}, nil
}
