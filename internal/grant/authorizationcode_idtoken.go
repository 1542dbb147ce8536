package grant

import (
	"context"
	"errors"
	"time"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/jose"
	"github.com/authctl/authctl/internal/secret"
)

const clockSkew = 60 * time.Second // between this machine and the authorization server

// checked is a login's token, where its id_token is what it should be. A login that sent no nonce has an empty one.
func (c *Config) checked(ctx context.Context, token *Token, err error, nonce secret.String) (*Token, error) {
	if err == nil {
		err = c.checkIDToken(ctx, token, nonce)
	}
	if err != nil {
		return nil, err
	}
	return token, nil
}

// checkIDToken holds a login's id_token to OpenID Connect Core 3.1.3.7 where the issuer is known. Where it is not,
// nobody could say whose signature to believe, and the id_token is kept unread.
func (c *Config) checkIDToken(ctx context.Context, token *Token, nonce secret.String) error {
	server, err := c.Server.Metadata(ctx)
	if err != nil || server.Issuer == "" || token.IDToken.IsZero() {
		return err
	}
	claims, err := c.verify(ctx, server.JWKS, token.IDToken)
	if err == nil {
		err = jose.CheckIDToken(claims, jose.Expected{
			Issuer: server.Issuer, ClientID: c.Auth.ID(), Nonce: nonce.Reveal(), Now: c.Endpoint.now(), Skew: clockSkew,
		})
	}
	if err == nil {
		return nil
	}
	failure := fault.From(err)
	if failure.Op == "" {
		failure.Op = "checking the id_token"
	}
	return failure
}

// verify fetches the server's keys; once more where they lack the one that signed, since servers change them.
func (c *Config) verify(ctx context.Context, address string, token secret.String) ([]byte, error) {
	claims, err := c.verifyOnce(ctx, address, token)
	if errors.Is(err, jose.ErrUnknownKey) {
		return c.verifyOnce(ctx, address, token)
	}
	return claims, err
}

func (c *Config) verifyOnce(ctx context.Context, address string, token secret.String) ([]byte, error) {
	if address == "" {
		return nil, fault.New(fault.Protocol, "protocol.jwks", "the issuer does not say where its keys are").
			Hint("set jwks_uri of the profile")
	}
	document, err := c.Endpoint.Fetch(ctx, address, c.TokenHeaders)
	if err != nil {
		return nil, err
	}
	keys, err := jose.ParseKeySet(document)
	if err != nil {
		return nil, err
	}
	claims, _, err := keys.Verify(token)
	return claims, err
}
