package sandbox

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"time"
)

// entraKeys are the keys around the stand-in of Entra: its own, that of the certificate that an application has
// uploaded, and the token that a federated issuer keeps in a file.
type entraKeys struct {
	sign        *ecdsa.PrivateKey
	application *rsa.PublicKey
	thumbprint  string // x5t#S256 of the application's certificate (RFC 7515 section 4.1.8)
	pem         []byte // the certificate and its key, for the client
	federated   string
}

func newEntraKeys(now time.Time) (*entraKeys, error) {
	sign, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	application, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	template := certificate("authctl sandbox application", now)
	der, err := x509.CreateCertificate(rand.Reader, template, template, application.Public(), application)
	if err != nil {
		return nil, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(application)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(der)
	k := &entraKeys{sign: sign, application: &application.PublicKey, thumbprint: base64url(sum[:])}
	k.pem = append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})...)
	k.federated = k.jwt(members{
		{"iss", "https://issuer.sandbox.example.com"},
		{"sub", "system:serviceaccount:default:sandbox"},
		{"aud", "api://AzureADTokenExchange"},
		{"iat", now.Unix()},
		{"exp", now.Add(lifespan).Unix()},
	})
	return k, nil
}

const entraKeyID = "sandbox-1"

// jwt signs claims with ES256 (RFC 7518 section 3.4). The real server signs with RS256, whose key takes long to make.
func (k *entraKeys) jwt(claims members) string {
	signed := base64url(members{{"alg", "ES256"}, {"typ", "JWT"}, {"kid", entraKeyID}}.json()) + "." + base64url(claims.json())
	digest := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, k.sign, digest[:])
	if err != nil {
		return signed + "." // never: the key is whole
	}
	return signed + "." + base64url(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
}

// set is the JWK set of the server (RFC 7517 section 5).
func (k *entraKeys) set() reply {
	point, err := k.sign.PublicKey.Bytes()
	if err != nil || len(point) != 65 {
		return object(500)
	}
	return object(200, member{"keys", []members{{
		{"kty", "EC"},
		{"crv", "P-256"},
		{"use", "sig"},
		{"alg", "ES256"},
		{"kid", entraKeyID},
		{"x", base64url(point[1:33])},
		{"y", base64url(point[33:])},
	}}})
}

// verifies checks a signature of the application's certificate.
func (k *entraKeys) verifies(alg, signed string, signature []byte) bool {
	digest := sha256.Sum256([]byte(signed))
	switch alg {
	case "PS256":
		options := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}
		return rsa.VerifyPSS(k.application, crypto.SHA256, digest[:], signature, options) == nil
	case "RS256":
		return rsa.VerifyPKCS1v15(k.application, crypto.SHA256, digest[:], signature) == nil
	}
	return false
}

func base64url(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
