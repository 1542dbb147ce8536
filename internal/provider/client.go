package provider

import (
	"slices"
	"strings"

	"github.com/authctl/authctl/internal/profile"
)

// defaultAuth chooses by what the profile has: a key signs, and a client without any proof is a public one where the
// grant is made for those.
func (r Rules) defaultAuth(p *profile.Profile) string {
	public := p.Grant == AuthorizationCode || p.Grant == DeviceCode || p.Grant == RefreshToken
	switch {
	case r.NoClient:
		return NoAuth
	case !p.ClientAssertion.IsZero() && slices.Contains(r.ClientAuth, PrivateKeyJWT):
		return PrivateKeyJWT
	case public && p.ClientSecret.IsZero() && !r.OwnCredential && slices.Contains(r.ClientAuth, NoAuth):
		return NoAuth
	}
	return r.ClientAuth[0]
}

func (r Rules) knownAuth(p *profile.Profile) error {
	if r.NoClient {
		return r.noClient(p)
	}
	return r.choose("client_auth", &p.ClientAuth, r.ClientAuth)
}

func (r Rules) noClient(p *profile.Profile) error {
	for _, key := range []struct {
		name string
		said bool
	}{
		{"client_id", p.ClientID != ""},
		{"client_secret", !p.ClientSecret.IsZero()},
		{"client_auth", p.Said["client_auth"]},
		{"client_assertion", len(p.ClientAssertion.Said()) > 0},
		{"basic_encoding", p.BasicEncoding != ""},
	} {
		if key.said {
			return &profile.KeyError{Key: key.name, Reason: "there is no client in the requests of this profile", Hint: "remove the line"}
		}
	}
	return nil
}

func (r Rules) client(p *profile.Profile) error {
	switch {
	case r.NoClient:
		return nil
	case r.ClientFile:
		return r.clientFile(p)
	case p.ClientID == "" && p.Grant == JWTBearer && p.ClientAuth != NoAuth:
		return &profile.KeyError{Key: "client_id", Reason: "is required", Hint: "client_auth: none, where the assertion alone is enough"}
	case p.ClientID == "" && p.Grant != JWTBearer: // RFC 7523 section 2.1: client authentication is optional there
		return &profile.KeyError{Key: "client_id", Reason: "is required"}
	case p.ClientAuth == NoAuth && p.Grant == ClientCredentials:
		// RFC 6749 section 4.4: this grant is for clients that can prove who they are.
		return &profile.KeyError{Key: "client_auth", Reason: "grant client_credentials needs a client authentication"}
	case p.ClientAuth != SecretBasic && p.BasicEncoding != "":
		return &profile.KeyError{Key: "basic_encoding", Reason: "is for client_auth client_secret_basic only", Hint: "remove the line"}
	case p.ClientAuth == SecretBasic && p.BasicEncoding == "":
		p.BasicEncoding = r.BasicEncoding
	}
	// RFC 7617 section 2: the first colon ends the id, so that another one would move into the secret.
	if p.ClientAuth == SecretBasic && p.BasicEncoding == "raw" && strings.Contains(p.ClientID, ":") {
		return &profile.KeyError{
			Key: "client_id", Reason: "a colon cannot be sent by client_secret_basic with basic_encoding raw",
			Hint: "basic_encoding: form",
		}
	}
	return nil
}

func (r Rules) clientFile(p *profile.Profile) error {
	key := "client_id"
	switch {
	case p.ClientID != "":
	case !p.ClientSecret.IsZero():
		key = "client_secret"
	default:
		return nil
	}
	return &profile.KeyError{Key: key, Reason: "cannot stand beside credentials_file, which has its own", Hint: "remove one of the two lines"}
}

// proof checks that the client authentication has what it needs, and nothing that it would not send.
func (r Rules) proof(p *profile.Profile) error {
	secret := p.ClientAuth == SecretBasic || p.ClientAuth == SecretPost || p.ClientAuth == SecretJWT
	switch {
	case r.OwnCredential:
		return r.ownCredential(p)
	case !secret && !p.ClientSecret.IsZero():
		return &profile.KeyError{
			Key: "client_secret", Reason: "client_auth " + p.ClientAuth + " sends no secret", Hint: "remove one of the two lines",
		}
	case p.ClientAuth == SecretJWT:
		return secretJWT(p.ClientAssertion)
	case p.ClientAuth == PrivateKeyJWT && p.ClientAssertion.IsZero():
		return &profile.KeyError{
			Key: "client_assertion", Reason: "is required by client_auth private_key_jwt, with key or jwt",
			Hint: "client_assertion: {key: file:PATH}",
		}
	case p.ClientAuth == PrivateKeyJWT && strings.HasPrefix(p.ClientAssertion.Alg, "HS"):
		return &profile.KeyError{Key: "client_assertion.alg", Reason: "is for client_auth client_secret_jwt"}
	case (p.ClientAuth == TLSClientAuth || p.ClientAuth == SelfSignedTLSClientAuth) && p.TLS.CertFile == "":
		return &profile.KeyError{
			Key: "tls.cert_file", Reason: "is required by client_auth " + p.ClientAuth, Hint: "tls: {cert_file: PATH, key_file: PATH}",
		}
	}
	return nil
}

func (r Rules) ownCredential(p *profile.Profile) error {
	key := "client_secret"
	switch {
	case !p.ClientSecret.IsZero():
	case len(p.ClientAssertion.Said()) > 0:
		key = "client_assertion"
	default:
		return nil
	}
	return &profile.KeyError{Key: key, Reason: "cannot stand beside another credential of the client", Hint: "remove one of the two lines"}
}

// secretJWT lets the secret alone sign (OpenID Connect Core section 9).
func secretJWT(a profile.Assertion) error {
	for _, member := range a.Said() {
		if member != "alg" && member != "audience" && member != "ttl" {
			return &profile.KeyError{
				Key: "client_assertion." + member, Reason: "client_auth client_secret_jwt signs with client_secret",
				Hint: "client_auth: private_key_jwt, or remove " + member,
			}
		}
	}
	if a.Alg != "" && !strings.HasPrefix(a.Alg, "HS") {
		return &profile.KeyError{Key: "client_assertion.alg", Reason: "must be one of HS256, HS384, HS512 for client_auth client_secret_jwt"}
	}
	return nil
}
