package jose

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"hash"
	"slices"

	"github.com/go-jose/go-jose/v4"
)

const (
	minRSABits = 2048 // of keys that are made here, and of servers' (RFC 7518 section 3.3)
	ownRSABits = 1024 // of the user's own: what its server has registered is not ours to judge
	maxRSABits = 16384
)

func rsaAlgs() []jose.SignatureAlgorithm {
	return []jose.SignatureAlgorithm{jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512}
}

func secretAlgs() []jose.SignatureAlgorithm {
	return []jose.SignatureAlgorithm{jose.HS256, jose.HS384, jose.HS512}
}

// publicAlgs are those that a signature of a server may have.
func publicAlgs() []jose.SignatureAlgorithm {
	return append(rsaAlgs(), jose.ES256, jose.ES384, jose.ES512, jose.EdDSA)
}

// curveAlg is the one algorithm of a curve (RFC 7518 section 3.4), empty for a curve that JOSE does not know.
func curveAlg(curve elliptic.Curve) string {
	switch curve {
	case elliptic.P256():
		return string(jose.ES256)
	case elliptic.P384():
		return string(jose.ES384)
	case elliptic.P521():
		return string(jose.ES512)
	}
	return ""
}

// usualAlg is the algorithm of a key for which nobody named one.
func usualAlg(material any) string {
	switch key := material.(type) {
	case *rsa.PrivateKey:
		return string(jose.RS256)
	case *ecdsa.PrivateKey:
		return curveAlg(key.Curve)
	case ed25519.PrivateKey:
		return string(jose.EdDSA)
	case []byte:
		return string(jose.HS256)
	}
	return ""
}

// fits refuses a key that is none, is too weak, or cannot sign with alg.
func fits(material any, alg string) error {
	named := jose.SignatureAlgorithm(alg)
	switch key := material.(type) {
	case *rsa.PrivateKey:
		if bits := key.N.BitLen(); bits < ownRSABits || bits > maxRSABits {
			return refuse("the RSA key has %d bits; %d to %d are allowed", bits, ownRSABits, maxRSABits)
		}
		if !slices.Contains(rsaAlgs(), named) {
			return refuse("an RSA key does not fit alg %q", alg).Hint("take one of RS256, RS384, RS512, PS256, PS384, PS512")
		}
	case *ecdsa.PrivateKey:
		usual := curveAlg(key.Curve)
		if usual == "" {
			return refuse("the key's curve is not one of P-256, P-384, P-521")
		}
		if alg != usual {
			return refuse("a key on the curve %s does not fit alg %q", key.Curve.Params().Name, alg).Hint("take %s", usual)
		}
	case ed25519.PrivateKey:
		if named != jose.EdDSA {
			return refuse("an Ed25519 key does not fit alg %q", alg).Hint("take EdDSA")
		}
	case []byte:
		if !slices.Contains(secretAlgs(), named) {
			return refuse("a client secret does not fit alg %q", alg).Hint("take one of HS256, HS384, HS512")
		}
		if len(key) == 0 {
			return refuse("the client secret is empty")
		}
	default:
		return refuse("the key is of a kind that signs nothing here; RSA, P-256, P-384, P-521 and Ed25519 do")
	}
	return nil
}

// macHash is the hash below an HMAC algorithm.
func macHash(alg jose.SignatureAlgorithm) (func() hash.Hash, bool) {
	switch alg {
	case jose.HS256:
		return sha256.New, true
	case jose.HS384:
		return sha512.New384, true
	case jose.HS512:
		return sha512.New, true
	}
	return nil, false
}
