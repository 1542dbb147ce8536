package grant

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"time"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/jose"
	"github.com/authctl/authctl/internal/secret"
)

// Assertion gives a JWT that stands for a client or a subject (RFC 7521). It is asked once for each request.
type Assertion func(ctx context.Context, o Occasion) (secret.String, error)

// Ready is an assertion that was made elsewhere and is read again for each request: platforms replace it as they like.
func Ready(jwt SecretFunc) Assertion {
	return func(ctx context.Context, _ Occasion) (secret.String, error) { return jwt(ctx) }
}

const defaultAssertionLife = 5 * time.Minute

// KeyFunc finds the key that signs, and the service account whose file it came from, if it was one.
type KeyFunc func(ctx context.Context) (*jose.Key, *jose.ServiceAccount, error)

// SecretKey makes of a client's secret the key of client_secret_jwt (OpenID Connect Core section 9).
func SecretKey(proof SecretFunc, alg string) KeyFunc {
	return func(ctx context.Context) (*jose.Key, *jose.ServiceAccount, error) {
		text, err := proof(ctx)
		if err != nil {
			return nil, nil, err
		}
		key, err := jose.SecretKey(text, alg)
		return key, nil, err
	}
}

// Signing makes one assertion for each request (RFC 7523 section 3).
type Signing struct {
	Key KeyFunc
	// Client is the issuer where neither Issuer nor the key's file names one.
	Client string
	// Issuer and Subject stand before what the key's file says.
	Issuer, Subject string
	// Audience stands before the server's own name.
	Audience string
	Claims   json.RawMessage // an object of further claims; empty: none
	TTL      time.Duration   // 0: 5 minutes
	Clock    func() time.Time
}

// Assertion implements the function type of that name.
func (s *Signing) Assertion(ctx context.Context, o Occasion) (secret.String, error) {
	signer, err := Once(ctx, o, s.signer)
	if err != nil {
		return secret.String{}, err
	}
	claims, err := s.claims(signer.account)
	if err != nil {
		return secret.String{}, err
	}
	life := s.TTL
	if life == 0 {
		life = defaultAssertionLife
	}
	now := s.now().Unix()
	claims["aud"], claims["jti"] = first(s.Audience, o.Audience), rand.Text()
	claims["iat"], claims["exp"] = now, now+int64(life/time.Second)
	return signer.key.Sign(nil, claims)
}

// signer is a key with the service account whose file it came from, nil where there is none.
type signer struct {
	key     *jose.Key
	account *jose.ServiceAccount
}

func (s *Signing) signer(ctx context.Context) (signer, error) {
	key, account, err := s.Key(ctx)
	return signer{key, account}, err
}

// claims are who asserts, about whom, and what the profile adds.
func (s *Signing) claims(account *jose.ServiceAccount) (map[string]any, error) {
	claims := map[string]any{}
	if len(s.Claims) > 0 {
		further, err := parseObject(s.Claims)
		if err != nil {
			return nil, fault.New(fault.Config, "config.claims", "the assertion's claims are no JSON object: %w", err)
		}
		for name, value := range further {
			claims[name] = value
		}
	}
	issuer, subject := s.Issuer, s.Subject
	if account != nil {
		issuer, subject = first(issuer, account.Issuer), first(subject, account.Subject)
	}
	issuer = first(issuer, s.Client)
	if issuer == "" {
		return nil, fault.New(fault.Config, "config.assertion", "nothing says who issues the assertion").
			Hint("set issuer of the profile's assertion, or client_id")
	}
	claims["iss"] = issuer
	// A Google service account speaks for itself without a subject: one would ask for somebody else's powers.
	if account == nil || subject != "" {
		claims["sub"] = first(subject, issuer)
	}
	return claims, nil
}

func (s *Signing) now() time.Time {
	if s.Clock == nil {
		return time.Now()
	}
	return s.Clock()
}

// first is the first text that is not empty.
func first(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}
