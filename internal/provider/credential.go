package provider

import (
	"context"
	"encoding/json"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/jose"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/secret"
)

func clientAuth(p *profile.Profile, ports Ports) grant.ClientAuth {
	proof := ports.Later(p.ClientSecret, "client_secret")
	switch p.ClientAuth {
	case SecretBasic:
		return grant.Basic(p.ClientID, proof, grant.Encoding(p.BasicEncoding))
	case SecretPost:
		return grant.Post(p.ClientID, proof)
	case SecretJWT:
		return grant.ByAssertion(p.ClientID, ports.clientAssertion(p, grant.SecretKey(proof, p.ClientAssertion.Alg)))
	case PrivateKeyJWT:
		return grant.ByAssertion(p.ClientID, ports.clientAssertion(p, ports.key(p.ClientAssertion, "client_assertion")))
	case TLSClientAuth, SelfSignedTLSClientAuth:
		return grant.Certificate(p.ClientID)
	case NoAuth:
		return grant.None(p.ClientID)
	}
	return grant.ClientAuth{} // refused where it is used: Rules let no other method pass
}

// clientAssertion is the client speaking about itself (RFC 7523 section 3, OpenID Connect Core section 9).
func (p Ports) clientAssertion(of *profile.Profile, key grant.KeyFunc) grant.Assertion {
	a := of.ClientAssertion
	if !a.JWT.IsZero() {
		return grant.Ready(p.Later(a.JWT, "client_assertion.jwt"))
	}
	signing := &grant.Signing{
		Key: key, Issuer: of.ClientID, Subject: of.ClientID, Audience: a.Audience, TTL: a.TTL, Clock: p.clock(),
	}
	return signing.Assertion
}

// assertion is what grant jwt_bearer hands in.
func (p Ports) assertion(of *profile.Profile) grant.Assertion {
	a := of.Assertion
	if !a.JWT.IsZero() {
		return grant.Ready(p.Later(a.JWT, "assertion.jwt"))
	}
	signing := &grant.Signing{
		Key: p.key(a, "assertion"), Client: of.ClientID, Issuer: a.Issuer, Subject: a.Subject, Audience: a.Audience,
		Claims: json.RawMessage(a.Claims), TTL: a.TTL, Clock: p.clock(),
	}
	return signing.Assertion
}

// key reads a private key each time that something is signed with it.
func (p Ports) key(a profile.Assertion, name string) grant.KeyFunc {
	return func(ctx context.Context) (*jose.Key, *jose.ServiceAccount, error) {
		text, err := p.Secret(ctx, a.Key, name+".key")
		if err != nil {
			return nil, nil, err
		}
		options := jose.KeyOptions{Alg: a.Alg, KeyID: a.KeyID}
		if !a.Passphrase.IsZero() {
			if options.Passphrase, err = p.Secret(ctx, a.Passphrase, name+".passphrase"); err != nil {
				return nil, nil, err
			}
		}
		key, account, err := jose.ParseKey(text, options)
		if err != nil {
			return nil, nil, fault.From(err).Doing("%s.key", name)
		}
		return key, account, nil
	}
}

// dpop is what a profile says about bound tokens; nil where they are not asked for.
func (p Ports) dpop(d profile.DPoP) *grant.DPoP {
	if !d.On {
		return nil
	}
	bound := &grant.DPoP{Alg: d.Alg, Nonces: p.Nonces}
	if !d.Key.IsZero() {
		bound.Key = p.key(profile.Assertion{Key: d.Key, Alg: d.Alg}, "dpop")
	}
	return bound
}

// proofKey gives the user's own key in the one form in which a key that was made is kept.
func (p Ports) proofKey(d profile.DPoP) func(ctx context.Context) (secret.String, error) {
	read := p.key(profile.Assertion{Key: d.Key, Alg: d.Alg}, "dpop")
	return func(ctx context.Context) (secret.String, error) {
		key, _, err := read(ctx)
		if err != nil {
			return secret.String{}, err
		}
		return key.Marshal()
	}
}
