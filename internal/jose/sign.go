package jose

import (
	"crypto/hmac"
	"encoding/json"

	"github.com/go-jose/go-jose/v4"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/secret"
)

// Sign gives the claims as a JWT, a JWS in compact serialization (RFC 7515 section 7.1). The header has alg and, where
// header does not say otherwise, the key's kid and the typ JWT; nothing in header can change alg.
func (k *Key) Sign(header map[string]any, claims any) (secret.String, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return secret.String{}, fault.New(fault.Internal, "", "the claims cannot be written as JSON")
	}
	extra := map[jose.HeaderKey]any{jose.HeaderType: "JWT"}
	if k.kid != "" {
		extra["kid"] = k.kid
	}
	for name, value := range header {
		extra[jose.HeaderKey(name)] = value
	}
	delete(extra, "alg")
	text, err := k.compact(extra, payload)
	if err != nil {
		return secret.String{}, refuse("the key signs nothing with %s", k.alg)
	}
	return secret.New(text), nil
}

func (k *Key) compact(header map[jose.HeaderKey]any, payload []byte) (string, error) {
	material := k.material()
	if text, ok := material.([]byte); ok {
		material = mac{text}
	}
	by := jose.SigningKey{Algorithm: jose.SignatureAlgorithm(k.alg), Key: material}
	signer, err := jose.NewSigner(by, &jose.SignerOptions{ExtraHeaders: header})
	if err != nil {
		return "", err
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", err
	}
	return signed.CompactSerialize()
}

// mac signs with a secret of any length: the library refuses what is shorter than the hash.
type mac struct{ key []byte }

// Public implements [jose.OpaqueSigner]: there is no public half.
func (mac) Public() *jose.JSONWebKey { return nil }

// Algs implements [jose.OpaqueSigner].
func (mac) Algs() []jose.SignatureAlgorithm { return secretAlgs() }

// SignPayload implements [jose.OpaqueSigner] (RFC 7518 section 3.2).
func (m mac) SignPayload(payload []byte, alg jose.SignatureAlgorithm) ([]byte, error) {
	hash, ok := macHash(alg)
	if !ok {
		return nil, jose.ErrUnsupportedAlgorithm
	}
	sum := hmac.New(hash, m.key)
	_, _ = sum.Write(payload) // a hash never fails
	return sum.Sum(nil), nil
}
