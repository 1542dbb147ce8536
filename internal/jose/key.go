// Package jose holds the keys that a client proves itself with, signs with them (RFC 7515), and checks what servers
// signed. It verifies with public keys alone: no algorithm "none", and no HMAC, whose key would be a public one. It
// opens no file and asks no server.
package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"

	"github.com/go-jose/go-jose/v4"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/secret"
)

// Key is a private or secret key together with the one algorithm that it signs with. It cannot be printed by accident.
type Key struct {
	alg, kid string
	material func() any // not the key itself: fmt shows an unexported field without asking its methods
}

// KeyOptions say what a profile says about a key. Empty members stand for what the key itself says.
type KeyOptions struct {
	Alg, KeyID string
	Passphrase secret.String
}

// NewKey takes a private key that was read elsewhere, such as a certificate's. An empty algorithm stands for the usual
// one of the key: RS256, ES256, ES384, ES512 by its curve, EdDSA.
func NewKey(signer crypto.Signer, o KeyOptions) (*Key, error) { return newKey(signer, o) }

// SecretKey makes a key of a client secret (RFC 7523 section 2.2 with RFC 7518 section 3.2); an empty algorithm stands
// for HS256. The server chose how long the secret is, so that a short one is not refused.
func SecretKey(text secret.String, alg string) (*Key, error) {
	return newKey([]byte(text.Reveal()), KeyOptions{Alg: alg})
}

// Generate makes a new private key for the algorithm.
func Generate(alg string) (*Key, error) {
	signer, err := generate(alg)
	if err != nil {
		return nil, err
	}
	return newKey(signer, KeyOptions{Alg: alg})
}

func generate(alg string) (crypto.Signer, error) {
	switch jose.SignatureAlgorithm(alg) {
	case jose.ES256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case jose.ES384:
		return ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case jose.ES512:
		return ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	case jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512:
		return rsa.GenerateKey(rand.Reader, minRSABits)
	case jose.EdDSA:
		_, private, err := ed25519.GenerateKey(rand.Reader)
		return private, err
	}
	return nil, refuse("no key can be made for alg %q", alg)
}

func newKey(material any, o KeyOptions) (*Key, error) {
	if o.Alg == "" {
		o.Alg = usualAlg(material)
	}
	if err := fits(material, o.Alg); err != nil {
		return nil, err
	}
	return &Key{alg: o.Alg, kid: o.KeyID, material: func() any { return material }}, nil
}

// Alg is the name of the algorithm that the key signs with (RFC 7518 section 3.1).
func (k *Key) Alg() string { return k.alg }

// KeyID is the kid that the key's signatures name; empty: none.
func (k *Key) KeyID() string { return k.kid }

// Marshal writes the private key as a JWK, for a store. [ParseKey] reads it.
func (k *Key) Marshal() (secret.String, error) {
	if k.symmetric() {
		return secret.String{}, refuse("a client secret is no key to keep")
	}
	text, err := k.jwk().MarshalJSON()
	if err != nil {
		return secret.String{}, refuse("the key cannot be written as a JWK")
	}
	return secret.New(string(text)), nil
}

// PublicJWK is the public half as a JWK with no more than the members that RFC 7638 names.
func (k *Key) PublicJWK() (json.RawMessage, error) {
	if k.symmetric() {
		return nil, refuse("a client secret has no public half")
	}
	whole := k.jwk()
	public := whole.Public()
	public.Algorithm, public.KeyID = "", ""
	text, err := public.MarshalJSON()
	if err != nil {
		return nil, refuse("the key cannot be written as a JWK")
	}
	return text, nil
}

// Thumbprint is the JWK thumbprint of the public half (RFC 7638), SHA-256, base64url.
func (k *Key) Thumbprint() (string, error) {
	whole := k.jwk()
	sum, err := whole.Thumbprint(crypto.SHA256)
	if err != nil || len(sum) != sha256.Size {
		return "", refuse("the key has no thumbprint")
	}
	return base64.RawURLEncoding.EncodeToString(sum), nil
}

func (k *Key) jwk() *jose.JSONWebKey {
	return &jose.JSONWebKey{Key: k.material(), Algorithm: k.alg, KeyID: k.kid}
}

func (k *Key) symmetric() bool {
	_, ok := k.material().([]byte)
	return ok
}

// String implements [fmt.Stringer].
func (*Key) String() string { return secret.Redacted }

// GoString implements [fmt.GoStringer].
func (*Key) GoString() string { return secret.Redacted }

// Format implements [fmt.Formatter], for every verb.
func (*Key) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(secret.Redacted)) }

// MarshalJSON implements json.Marshaler: what is kept is written by Marshal.
func (*Key) MarshalJSON() ([]byte, error) { return []byte(`"` + secret.Redacted + `"`), nil }

// LogValue implements [slog.LogValuer].
func (*Key) LogValue() slog.Value { return slog.StringValue(secret.Redacted) }

// refuse is what is wrong with a key that the user gave. The text never shows a byte of it.
func refuse(format string, args ...any) *fault.Error {
	return fault.New(fault.Config, "config.key", format, args...)
}
