package cli

import (
	"context"
	"encoding/json"
	"time"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/secret"
)

// Verified is a JWT whose signature was checked.
type Verified struct {
	Claims     []byte
	Alg, KeyID string
}

// verifySkew is how far the clocks of two machines may be apart.
const verifySkew = 60 * time.Second

// verifyToken checks a JWT with the keys of the profile's server, and says what was checked and what was not.
func (g *globals) verifyToken(ctx context.Context, token string) (string, error) {
	_, session, err := g.session(ctx)
	if err != nil {
		return "", err
	}
	set, issuer, err := session.Keys(ctx)
	if err != nil {
		return "", err
	}
	v, err := g.app.Verify(set, secret.New(token))
	if err != nil {
		return "", fault.From(err).Doing("verifying the token")
	}
	claims := members(v.Claims)
	if err := g.judgeClaims(claims, issuer); err != nil {
		return "", err.Doing("verifying the token")
	}
	said := "verified: the signature (" + v.Alg
	if v.KeyID != "" {
		said += ", key " + v.KeyID
	}
	said += "), the times"
	if issuer == "" {
		return said + "; not verified: the issuer, which the profile does not name, and the audience " + audience(claims), nil
	}
	return said + ", the issuer " + issuer + "; not verified: that it is meant for you (its audience is " + audience(claims) +
		"), and that it was not revoked", nil
}

// judgeClaims holds a token to its issuer (RFC 9068 section 4) and its times (RFC 7519 section 4.1).
func (g *globals) judgeClaims(claims map[string]json.RawMessage, issuer string) *fault.Error {
	bad := func(format string, args ...any) *fault.Error {
		return fault.New(fault.Protocol, "protocol.jwt", format, args...)
	}
	if issuer != "" && textOf(claims, "iss") != issuer {
		return bad("the token is by the issuer %q, not by %s", textOf(claims, "iss"), issuer)
	}
	now := g.app.Clock()
	for _, limit := range []struct {
		name string
		past func(at time.Time) bool
		why  string
	}{
		{"exp", func(at time.Time) bool { return !now.Before(at.Add(verifySkew)) }, "it expired at"},
		{"nbf", func(at time.Time) bool { return now.Before(at.Add(-verifySkew)) }, "it is not valid before"},
		{"iat", func(at time.Time) bool { return now.Before(at.Add(-verifySkew)) }, "it was issued in the future, at"},
	} {
		text, there := claims[limit.name]
		if !there {
			continue
		}
		at, ok := numericDate(text)
		if !ok {
			return bad("its claim %s is no time", limit.name)
		}
		if limit.past(at) {
			return bad("%s %s", limit.why, at.UTC().Format(time.RFC3339))
		}
	}
	return nil
}

// numericDate reads seconds since 1970, with a fraction or without (RFC 7519 section 2), up to the year 9999.
func numericDate(text json.RawMessage) (time.Time, bool) {
	var seconds *float64 // null is no number
	if err := json.Unmarshal(text, &seconds); err != nil || seconds == nil || *seconds < 0 || *seconds > 253402300799 {
		return time.Time{}, false
	}
	return time.Unix(int64(*seconds), 0), true
}

func audience(claims map[string]json.RawMessage) string {
	if text, there := claims["aud"]; there {
		return string(text)
	}
	return "not said"
}
