package jose

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"errors"
	"math"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json" // refuses a member that comes twice, and knows names by their case

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/secret"
)

// ErrUnknownKey is in the error of Verify where the set has no key that the signature could be of: the server may have
// changed its keys since the set was fetched.
var ErrUnknownKey = errors.New("the key set has no key that the signature names")

const (
	maxSigned = 64 << 10 // of a token
	maxTries  = 16       // keys that a signature without a kid is held against
)

// Header is what a checked signature says of itself (RFC 7515 section 4.1).
type Header struct{ Alg, KeyID, Type string }

// KeySet are a server's public keys (RFC 7517 section 5).
type KeySet struct{ keys []jose.JSONWebKey }

// ParseKeySet reads a JWK set. Keys that are of no use here are passed over, as RFC 7517 section 5 says: kinds that are
// unknown, keys for encryption, weak ones, shared secrets, and private keys that somebody published.
func ParseKeySet(data []byte) (*KeySet, error) {
	var document struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if json.Unmarshal(data, &document) != nil || document.Keys == nil {
		return nil, fault.New(fault.Protocol, "protocol.jwks", "the key set is not JSON with a list of keys (RFC 7517 section 5)")
	}
	set := &KeySet{}
	for _, raw := range document.Keys {
		if key, ok := publicKey(raw); ok {
			set.keys = append(set.keys, key)
		}
	}
	return set, nil
}

// publicKey reads a key by the members that matter: a certificate beside it, which may be odd, is never looked at.
func publicKey(raw json.RawMessage) (jose.JSONWebKey, bool) {
	var d document
	if json.Unmarshal(raw, &d) != nil || d["d"] != nil || d["k"] != nil {
		return jose.JSONWebKey{}, false
	}
	if d["use"] != nil && d.text("use") != "sig" || !d.may("verify") {
		return jose.JSONWebKey{}, false
	}
	bare := map[string]string{}
	for _, name := range []string{"kty", "kid", "alg", "crv", "x", "y", "n", "e"} {
		if value := d.text(name); value != "" {
			bare[name] = value
		}
	}
	text, err := json.Marshal(bare)
	var key jose.JSONWebKey
	if err != nil || key.UnmarshalJSON(text) != nil {
		return jose.JSONWebKey{}, false
	}
	return key, strong(key.Key)
}

// strong holds an RSA key to RFC 7518 section 3.3, and its exponent to what RFC 8017 calls one.
func strong(key any) bool {
	switch key := key.(type) {
	case *rsa.PublicKey:
		return key.N.BitLen() >= minRSABits && key.N.Bit(0) == 1 && key.E >= 3 && key.E <= math.MaxInt32 && key.E%2 == 1
	case *ecdsa.PublicKey, ed25519.PublicKey:
		return true
	}
	return false
}

// Verify checks the signature of a JWT and gives its claims, which are nobody's words before. The algorithm is one of a
// public key; "none" and HMAC are refused, and so is a header with extensions (crit), of which none is understood.
func (s *KeySet) Verify(token secret.String) (claims []byte, header Header, err error) {
	signed, err := parseSigned(token.Reveal())
	if err != nil {
		return nil, Header{}, err
	}
	protected := signed.Signatures[0].Protected
	header = Header{Alg: protected.Algorithm, KeyID: protected.KeyID}
	header.Type, _ = protected.ExtraHeaders[jose.HeaderType].(string)

	keys := s.candidates(header)
	if len(keys) == 0 {
		return nil, header, fault.New(fault.Protocol, "protocol.signature", "%w", ErrUnknownKey)
	}
	for _, key := range keys {
		if key.Algorithm == "" || key.Algorithm == header.Alg {
			if claims, err := signed.Verify(key.Key); err == nil {
				return claims, header, nil
			}
		}
	}
	return nil, header, bad("the token's signature is not by the server's key")
}

// candidates are the keys that the header names, or without a kid all that fit.
func (s *KeySet) candidates(header Header) []jose.JSONWebKey {
	var keys []jose.JSONWebKey
	for _, key := range s.keys {
		named := key.KeyID == header.KeyID
		if header.KeyID == "" {
			named = verifies(key.Key, header.Alg)
		}
		if named {
			keys = append(keys, key)
		}
	}
	return keys[:min(len(keys), maxTries)]
}

// verifies reports whether a public key is one of the algorithm.
func verifies(key any, alg string) bool {
	switch key := key.(type) {
	case *rsa.PublicKey:
		return slices.Contains(rsaAlgs(), jose.SignatureAlgorithm(alg))
	case *ecdsa.PublicKey:
		return alg == curveAlg(key.Curve)
	case ed25519.PublicKey:
		return alg == string(jose.EdDSA)
	}
	return false
}

func parseSigned(text string) (*jose.JSONWebSignature, error) {
	switch dots := strings.Count(text, "."); {
	case len(text) > maxSigned:
		return nil, bad("the token is longer than 64 KiB")
	case dots == 4:
		return nil, bad("the token is encrypted (RFC 7516), which is not supported")
	case dots != 2 || strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") != "":
		return nil, bad("the token is not a JWT")
	}
	signed, err := jose.ParseSignedCompact(text, publicAlgs())
	if wrong, ok := errors.AsType[*jose.ErrUnexpectedSignatureAlgorithm](err); ok {
		return nil, bad("the token's alg %.40q is not one of a public key", wrong.Got)
	}
	if err != nil || len(signed.Signatures) != 1 {
		return nil, bad("the token is not a JWT that can be read")
	}
	for _, name := range []jose.HeaderKey{"crit", "b64"} {
		if _, there := signed.Signatures[0].Protected.ExtraHeaders[name]; there {
			return nil, bad("the token's header has %s, of which nothing is understood", name)
		}
	}
	return signed, nil
}

func bad(format string, args ...any) *fault.Error {
	return fault.New(fault.Protocol, "protocol.signature", format, args...)
}
