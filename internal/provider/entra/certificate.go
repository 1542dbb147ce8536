package entra

import (
	"bytes"
	"context"
	"crypto/sha1" //nolint:gosec // x5t is a SHA-1 by definition (RFC 7515 section 4.1.7); nothing rests on it
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"time"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/jose"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/provider"
	"github.com/authctl/authctl/internal/secret"
)

const (
	assertionLife = 10 * time.Minute    // as Microsoft's own libraries have it
	expiresSoon   = 14 * 24 * time.Hour // time to make a new certificate and to upload it
)

// signer signs client assertions with the private key of a certificate that the application has uploaded.
type signer struct {
	profile *profile.Profile
	ports   provider.Ports
}

// assertion makes the JWT of one token request, as Microsoft documents it ("Certificate credentials"): its reader is
// the token endpoint, whichever endpoint it is sent to.
func (s *signer) assertion(ctx context.Context, o grant.Occasion) (secret.String, error) {
	own, err := grant.Once(ctx, o, s.credential)
	if err != nil {
		return secret.String{}, fault.From(err).Doing("certificate of the profile")
	}
	now := s.now()
	if err := s.checkTime(own.chain[0], now); err != nil {
		return secret.String{}, err
	}
	return own.key.Sign(s.header(own.key, own.chain), map[string]any{
		"aud": s.profile.TokenURL, "iss": s.profile.ClientID, "sub": s.profile.ClientID, "jti": uuid(),
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(assertionLife).Unix(),
	})
}

// certified is a key with its certificate, which comes first of the chain.
type certified struct {
	key   *jose.Key
	chain []*x509.Certificate
}

func (s *signer) credential(ctx context.Context) (certified, error) {
	key, chain, err := s.load(ctx)
	return certified{key, chain}, err
}

// header names the certificate by its thumbprints (RFC 7515 sections 4.1.6 to 4.1.8).
func (s *signer) header(key *jose.Key, chain []*x509.Certificate) map[string]any {
	leaf := chain[0].Raw
	sum := sha256.Sum256(leaf)
	header := map[string]any{"x5t#S256": base64.RawURLEncoding.EncodeToString(sum[:])}
	if key.Alg() == "RS256" {
		old := sha1.Sum(leaf) //nolint:gosec // as above
		header["x5t"] = base64.RawURLEncoding.EncodeToString(old[:])
	}
	if s.profile.Own.Map("certificate").Bool("send_chain") {
		all := make([]string, len(chain))
		for i, c := range chain {
			all[i] = base64.StdEncoding.EncodeToString(c.Raw)
		}
		header["x5c"] = all
	}
	return header
}

// load reads the key and its certificate, which comes first of the chain. They are read for each flow: a renewed
// file counts at once.
func (s *signer) load(ctx context.Context) (*jose.Key, []*x509.Certificate, error) {
	said := s.profile.Own.Map("certificate")
	data, unread := readFile(s.ports, said.Text("file"))
	if unread != nil {
		return nil, nil, unread
	}
	passphrase, err := s.secret(ctx, "passphrase")
	if err != nil {
		return nil, nil, err
	}
	options := jose.KeyOptions{Alg: said.Text("alg"), Passphrase: passphrase}
	if options.Alg == "" {
		options.Alg = "PS256"
	}
	if !bytes.Contains(data, []byte("-----BEGIN ")) {
		return s.packed(ctx, data, options)
	}
	text := secret.New(string(data))
	if said.Has("key") {
		if text, err = s.secret(ctx, "key"); err != nil {
			return nil, nil, err
		}
	}
	key, _, err := jose.ParseKey(text, options)
	if err != nil {
		return nil, nil, err
	}
	return withChain(key, data)
}

// packed reads PKCS #12. A key that the profile names counts in place of the one inside.
func (s *signer) packed(ctx context.Context, data []byte, options jose.KeyOptions) (*jose.Key, []*x509.Certificate, error) {
	private, chain, err := jose.ParsePKCS12(data, options.Passphrase)
	if err != nil {
		return nil, nil, err
	}
	options.Passphrase = secret.String{}
	if !s.profile.Own.Map("certificate").Has("key") {
		key, err := jose.NewKey(private, options)
		return key, chain, err
	}
	text, err := s.secret(ctx, "key")
	if err != nil {
		return nil, nil, err
	}
	key, _, err := jose.ParseKey(text, options)
	if err != nil {
		return nil, nil, err
	}
	chain, err = key.Chain(chain)
	return key, chain, err
}

func withChain(key *jose.Key, data []byte) (*jose.Key, []*x509.Certificate, error) {
	certificates, err := jose.ParseCertificates(data)
	if err != nil {
		return nil, nil, err
	}
	chain, err := key.Chain(certificates)
	return key, chain, err
}

// secret resolves a member of certificate; one that is not said is empty.
func (s *signer) secret(ctx context.Context, member string) (secret.String, error) {
	ref := s.profile.Own.Map("certificate").Secret(member)
	if ref.IsZero() {
		return secret.String{}, nil
	}
	return s.ports.Secret(ctx, ref, "certificate."+member)
}

// checkTime refuses what the server would refuse, in words that name the day.
func (s *signer) checkTime(leaf *x509.Certificate, now time.Time) error {
	const day = "2006-01-02"
	refuse := func(format string, args ...any) error {
		return fault.New(fault.Config, "config.certificate_expired", format, args...).Doing("certificate of the profile").
			Hint("make a new certificate, upload it to the application's registration, and set certificate.file; or correct this machine's clock")
	}
	switch {
	case now.After(leaf.NotAfter):
		return refuse("it has expired on %s", leaf.NotAfter.UTC().Format(day))
	case now.Before(leaf.NotBefore):
		return refuse("it is not valid before %s", leaf.NotBefore.UTC().Format(day))
	case now.Add(expiresSoon).After(leaf.NotAfter) && s.ports.Note != nil:
		s.ports.Note("the certificate expires on %s", leaf.NotAfter.UTC().Format(day))
	}
	return nil
}

// bound ties a token to the bytes of the certificate's file and to the key that the profile names.
func (s *signer) bound(ctx context.Context) ([]secret.String, error) {
	said := s.profile.Own.Map("certificate")
	data, unread := readFile(s.ports, said.Text("file"))
	if unread != nil {
		return nil, unread.Doing("certificate of the profile")
	}
	list := []secret.String{secret.New("certificate.file value " + string(data))}
	if !said.Has("key") {
		return list, nil
	}
	key, err := s.ports.Bind(ctx, s.profile.Name, provider.Secret{Key: "certificate.key", Ref: said.Secret("key")})
	return append(list, key...), err
}

func (s *signer) now() time.Time {
	if clock := s.ports.Endpoint.Clock; clock != nil {
		return clock()
	}
	return time.Now()
}
