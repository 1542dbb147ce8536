package jose_test

import (
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"strings"
	"testing"

	"software.sslmate.com/src/go-pkcs12"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/jose"
	"github.com/authctl/authctl/internal/secret"
)

func names(chain []*x509.Certificate) string {
	var all []string
	for _, certificate := range chain {
		all = append(all, certificate.Subject.CommonName)
	}
	return strings.Join(all, " ")
}

func TestAPKCS12FileGivesItsKeyAndChain(t *testing.T) {
	for _, name := range []string{"openssl3.p12", "legacy.p12"} {
		data := []byte(fixture(t, name))
		signer, chain, err := jose.ParsePKCS12(data, secret.New("open-sesame"))
		if err != nil || names(chain) != "authctl-test-client authctl-test-ca" {
			t.Fatalf("%s: %s, %v", name, names(chain), err)
		}
		checkSigns(t, must[*jose.Key](t)(jose.NewKey(signer, jose.KeyOptions{})))
		key, account, err := jose.ParseKey(secret.New(string(data)), jose.KeyOptions{KeyID: "k", Passphrase: secret.New("open-sesame")})
		if err != nil || account != nil || key.KeyID() != "k" {
			t.Fatalf("%s as a key: %v", name, err)
		}
		checkSigns(t, key)

		for text, pass := range map[string]string{"does not open": "CANARY", "": ""} {
			_, _, err := jose.ParsePKCS12(data, secret.New(pass))
			if !fault.Is(err, fault.Config) || !strings.Contains(err.Error(), text) || strings.Contains(err.Error(), "CANARY") {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, _, err := jose.ParsePKCS12(data[:len(data)/2], secret.New("open-sesame")); !fault.Is(err, fault.Config) {
			t.Errorf("%s, half: %v", name, err)
		}
	}
}

func TestTheKeysOwnCertificateComesFirstWhateverTheOrder(t *testing.T) {
	found, err := jose.ParseCertificates([]byte(fixture(t, "chain.pem") + fixture(t, "plain-sec1.pem")))
	if err != nil || names(found) != "authctl-test-ca authctl-test-client" {
		t.Fatal(names(found), err)
	}
	signer, _, err := jose.ParsePKCS12([]byte(fixture(t, "openssl3.p12")), secret.New("open-sesame"))
	if err != nil {
		t.Fatal(err)
	}
	key := must[*jose.Key](t)(jose.NewKey(signer, jose.KeyOptions{}))
	chain, err := key.Chain(found)
	if err != nil || names(chain) != "authctl-test-client authctl-test-ca" {
		t.Error(names(chain), err)
	}
	stranger := must[*jose.Key](t)(jose.NewKey(ecKey(t, elliptic.P256()), jose.KeyOptions{}))
	if _, err := stranger.Chain(found); !fault.Is(err, fault.Config) {
		t.Error("a stranger's key:", err)
	}
	if _, err := must[*jose.Key](t)(jose.SecretKey(secret.New("s"), "")).Chain(found); !fault.Is(err, fault.Config) {
		t.Error("a secret:", err)
	}
	// A file that names the authority first, as Windows writes it.
	data, err := pkcs12.Modern.WithRand(rand.Reader).Encode(signer, found[0], found[1:], "p")
	if err != nil {
		t.Fatal(err)
	}
	if _, chain, err = jose.ParsePKCS12(data, secret.New("p")); err != nil || names(chain) != "authctl-test-client authctl-test-ca" {
		t.Error(names(chain), err)
	}
}

func TestPEMWithoutACertificateIsRefused(t *testing.T) {
	for name, text := range map[string]string{
		"nothing": "", "a key": fixture(t, "plain-sec1.pem"), "damaged": armour("CERTIFICATE", []byte("x")),
	} {
		if found, err := jose.ParseCertificates([]byte(text)); !fault.Is(err, fault.Config) || found != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParseKey(f *testing.F) {
	for _, name := range []string{"pbes2-aes256-sha256.pem", "pbes2-des3-sha1.pem", "legacy-aes256.pem", "plain-sec1.pem", "scrypt.pem"} {
		f.Add(fixture(f, name), "open-sesame", "")
	}
	f.Add(rsaPrivate, "", "PS256")
	f.Add(ed25519Private, "", "")
	f.Add(`{"userId":"1","key":"-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----"}`, "", "RS256")
	f.Fuzz(func(t *testing.T, text, passphrase, alg string) {
		key, _, err := jose.ParseKey(secret.New(text), jose.KeyOptions{Alg: alg, Passphrase: secret.New(passphrase)})
		if err != nil {
			if key != nil || !fault.Is(err, fault.Config) {
				t.Fatal(err)
			}
			return
		}
		if _, err := key.Sign(nil, map[string]string{}); err != nil {
			t.Fatal("a key that was taken signs nothing:", err)
		}
	})
}
