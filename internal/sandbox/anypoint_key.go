package sandbox

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"path/filepath"
	"strings"
)

// anypointKeyFile is the private key of the connected app, whose public half the platform knows.
const anypointKeyFile = "anypoint.pem"

func (f *profileFile) anypointKeyPath() string { return filepath.Join(f.s.dir, anypointKeyFile) }

// anypointKey is the key that a connected app's assertions are signed with.
type anypointKey struct {
	public *ecdsa.PublicKey
	pem    []byte // for the client
}

func newAnypointKey() (*anypointKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return &anypointKey{&key.PublicKey, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})}, nil
}

// claims reads a JWT that the key has signed with ES256 (RFC 7518 section 3.4); nothing of another one.
func (k *anypointKey) claims(jwt string, into any) bool {
	head, rest, _ := strings.Cut(jwt, ".")
	body, mark, ok := strings.Cut(rest, ".")
	var header struct{ Alg string }
	signature, err := base64.RawURLEncoding.DecodeString(mark)
	// base64 of Go passes over line breaks.
	if !ok || err != nil || len(signature) != 64 || strings.ContainsAny(jwt, "\r\n") || !part(head, &header) || header.Alg != "ES256" {
		return false
	}
	digest := sha256.Sum256([]byte(head + "." + body))
	r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
	return ecdsa.Verify(k.public, digest[:], r, s) && part(body, into)
}
