package rig

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
)

// WriteKeys fills a folder with what an authorization server and its clients need: ca.pem; the pairs server, client
// (whose name is NAME.test) and selfsigned, each as .pem and .key; the private keys ES256.key, RS256.key and EdDSA.key;
// keys.jwks.json with their public halves, each under its algorithm as key id; selfsigned.jwks.json with x5c.
func WriteKeys(dir, client string) error {
	authority, err := NewAuthority(filepath.Join(dir, "ca.pem"))
	if err != nil {
		return err
	}
	pairs := map[string]func() (tls.Certificate, error){
		"server":     authority.Server,
		"client":     func() (tls.Certificate, error) { return authority.Client(client + ".test") },
		"selfsigned": func() (tls.Certificate, error) { return SelfSigned(client) },
	}
	for name, pair := range pairs {
		certificate, err := pair()
		if err != nil {
			return err
		}
		if err := writePair(dir, name, certificate); err != nil {
			return err
		}
	}
	return writeSigners(dir)
}

func writePair(dir, name string, pair tls.Certificate) error {
	der := pair.Certificate[0]
	if err := os.WriteFile(filepath.Join(dir, name+".pem"), certificatePEM(der), 0o600); err != nil {
		return err
	}
	signer, ok := pair.PrivateKey.(crypto.Signer)
	if !ok {
		return fmt.Errorf("the key of %s does not sign", name)
	}
	if err := writeKey(dir, name, signer); err != nil {
		return err
	}
	jwk := publicJWK(signer.Public())
	jwk["kid"], jwk["x5c"] = name, []string{base64.StdEncoding.EncodeToString(der)}
	return writeSet(filepath.Join(dir, name+".jwks.json"), jwk)
}

func writeSigners(dir string) error {
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	rs, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	var set []map[string]any
	for alg, signer := range map[string]crypto.Signer{"ES256": ec, "RS256": rs, "EdDSA": ed} {
		if err := writeKey(dir, alg, signer); err != nil {
			return err
		}
		jwk := publicJWK(signer.Public())
		jwk["kid"] = alg
		set = append(set, jwk)
	}
	return writeSet(filepath.Join(dir, "keys.jwks.json"), set...)
}

func writeKey(dir, name string, key crypto.Signer) error {
	text, err := keyPEM(key)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, name+".key"), text, 0o600)
}

func writeSet(file string, keys ...map[string]any) error {
	text, err := json.Marshal(map[string]any{"keys": keys})
	if err != nil {
		return err
	}
	return os.WriteFile(file, text, 0o600)
}

// publicJWK is RFC 7517 and RFC 8037, written here so that nothing of authctl's own is on both sides.
func publicJWK(key crypto.PublicKey) map[string]any {
	encode := base64.RawURLEncoding.EncodeToString
	switch key := key.(type) {
	case *ecdsa.PublicKey:
		point, err := key.Bytes()
		if err != nil {
			return nil
		}
		half := (len(point) - 1) / 2
		return map[string]any{"kty": "EC", "crv": "P-256", "x": encode(point[1 : 1+half]), "y": encode(point[1+half:])}
	case *rsa.PublicKey:
		return map[string]any{"kty": "RSA", "n": encode(key.N.Bytes()), "e": encode(big.NewInt(int64(key.E)).Bytes())}
	case ed25519.PublicKey:
		return map[string]any{"kty": "OKP", "crv": "Ed25519", "x": encode(key)}
	}
	return nil
}

// PublicPEM is the public half of a private key in PEM (PKCS #8).
func PublicPEM(private []byte) ([]byte, error) {
	block, _ := pem.Decode(private)
	if block == nil {
		return nil, errors.New("no PEM")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, errors.New("a key that does not sign")
	}
	der, err := x509.MarshalPKIXPublicKey(signer.Public())
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), err
}
