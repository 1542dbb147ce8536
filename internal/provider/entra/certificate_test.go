package entra_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"math/big"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"software.sslmate.com/src/go-pkcs12"

	"github.com/authctl/authctl/internal/authtest"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/provider"
	"github.com/authctl/authctl/internal/provider/entra"
	"github.com/authctl/authctl/internal/provider/providertest"
	"github.com/authctl/authctl/internal/secret"
)

// pair is a certificate with its key and its issuer.
type pair struct {
	key        crypto.Signer
	cert, root *x509.Certificate
}

func (p pair) certPEM() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.cert.Raw}))
}

func (p pair) rootPEM() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.root.Raw}))
}

func (p pair) keyPEM() string {
	der, err := x509.MarshalPKCS8PrivateKey(p.key)
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func (p pair) pfx(t *testing.T, passphrase string) string {
	t.Helper()
	data, err := pkcs12.Modern.Encode(p.key, p.cert, []*x509.Certificate{p.root}, passphrase)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// rsaKeys are two keys for all tests: making one takes longer than a test.
var rsaKeys = sync.OnceValue(func() [2]crypto.Signer {
	var keys [2]crypto.Signer
	for i := range keys {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		keys[i] = key
	}
	return keys
})

func issue(t *testing.T, key crypto.Signer, from, to time.Time) pair {
	t.Helper()
	rootKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "root"}, NotBefore: from, NotAfter: to.AddDate(1, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "app"}, NotBefore: from, NotAfter: to}
	p := pair{key: key}
	for _, one := range []struct {
		into     **x509.Certificate
		template *x509.Certificate
		public   any
	}{{&p.root, root, rootKey.Public()}, {&p.cert, leaf, key.Public()}} {
		der, err := x509.CreateCertificate(rand.Reader, one.template, root, one.public, rootKey)
		if err != nil {
			t.Fatal(err)
		}
		if *one.into, err = x509.ParseCertificate(der); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

func valid(t *testing.T) pair {
	t.Helper()
	return issue(t, rsaKeys()[0], time.Now().Add(-time.Hour), time.Now().AddDate(1, 0, 0))
}

// withCertificate is a profile whose credential is a certificate.
func withCertificate(s *authtest.Server, values profile.Values) profile.Profile {
	p := at(s)
	p.ClientSecret = secret.Ref{}
	p.Own["certificate"] = values
	return p
}

// files are what a profile's paths lead to.
func files(ports provider.Ports, content map[string]string) provider.Ports {
	ports.ReadFile = func(path string) ([]byte, error) {
		text, ok := content[path]
		if !ok {
			return nil, fault.New(fault.Config, "config.file", "no such file: %s", path)
		}
		return []byte(text), nil
	}
	ports.ReadNamed = func(path string, _ int64) ([]byte, error) { return ports.ReadFile(path) }
	return ports
}

func okay() authtest.Reply { return authtest.Token("tok", 3599) }

// assertion sends one token request and takes its client assertion apart.
func assertion(t *testing.T, p profile.Profile, s *authtest.Server, content map[string]string) (header, claims map[string]any, signed string) {
	t.Helper()
	source := providertest.Source(t, entra.Provider(nil), p, files(providertest.Ports(s.Client()), content))
	if _, err := source.Grant.Token(t.Context(), grant.Ask{}); err != nil {
		t.Fatal(err)
	}
	form, err := url.ParseQuery(s.Requests()[s.Count()-1].Body)
	if err != nil {
		t.Fatal(err)
	}
	signed = form.Get("client_assertion")
	parts := strings.Split(signed, ".")
	if len(parts) != 3 {
		t.Fatalf("assertion %q", signed)
	}
	for i, into := range []*map[string]any{&header, &claims} {
		text, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, into); err != nil {
			t.Fatal(err)
		}
	}
	return header, claims, signed
}

func TestACertificateSignsAnAssertionAsEntraWantsIt(t *testing.T) {
	c := valid(t)
	s := authtest.FakeIDP(t, okay())
	p := withCertificate(s, profile.Values{"file": "app.pem"})
	header, claims, signed := assertion(t, p, s, map[string]string{"app.pem": c.certPEM() + c.keyPEM()})
	sum := sha256.Sum256(c.cert.Raw)
	want := map[string]any{"alg": "PS256", "typ": "JWT", "x5t#S256": base64.RawURLEncoding.EncodeToString(sum[:])}
	if len(header) != len(want) || header["alg"] != want["alg"] || header["typ"] != "JWT" || header["x5t#S256"] != want["x5t#S256"] {
		t.Errorf("header %v, want %v", header, want)
	}
	address := s.URL + "/contoso.onmicrosoft.com/oauth2/v2.0/token"
	if claims["aud"] != address || claims["iss"] != p.ClientID || claims["sub"] != p.ClientID || len(claims) != 7 {
		t.Errorf("claims %v", claims)
	}
	nbf, exp := claims["nbf"].(float64), claims["exp"].(float64)
	if exp-nbf != 600 || claims["iat"] != nbf || claims["jti"] == "" || time.Since(time.Unix(int64(nbf), 0)).Abs() > time.Minute {
		t.Errorf("claims %v", claims)
	}
	last := strings.LastIndexByte(signed, '.')
	signature, _ := base64.RawURLEncoding.DecodeString(signed[last+1:])
	digest := sha256.Sum256([]byte(signed[:last]))
	pss := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}
	if err := rsa.VerifyPSS(c.key.Public().(*rsa.PublicKey), crypto.SHA256, digest[:], signature, pss); err != nil {
		t.Error(err)
	}
	body := s.Requests()[0].Body
	if !strings.HasPrefix(body, "grant_type=client_credentials&client_id="+p.ClientID+
		"&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=") ||
		strings.Contains(body, "client_secret") || s.Requests()[0].Header.Get("Authorization") != "" {
		t.Errorf("%s", body)
	}
	_, again, _ := assertion(t, p, s, map[string]string{"app.pem": c.certPEM() + c.keyPEM()})
	if again["jti"] == claims["jti"] {
		t.Error("two assertions have one jti")
	}
}

func TestRS256HasTheOldThumbprintAndAChainWhereItIsWanted(t *testing.T) {
	c := valid(t)
	s := authtest.FakeIDP(t, okay())
	p := withCertificate(s, profile.Values{"file": "app.pem", "alg": "RS256", "send_chain": true})
	// The file has them in the wrong order.
	header, _, _ := assertion(t, p, s, map[string]string{"app.pem": c.keyPEM() + c.rootPEM() + c.certPEM()})
	old, sum := sha1.Sum(c.cert.Raw), sha256.Sum256(c.cert.Raw)
	if header["alg"] != "RS256" || header["x5t"] != base64.RawURLEncoding.EncodeToString(old[:]) ||
		header["x5t#S256"] != base64.RawURLEncoding.EncodeToString(sum[:]) {
		t.Errorf("header %v", header)
	}
	chain, _ := header["x5c"].([]any)
	if len(chain) != 2 || chain[0] != base64.StdEncoding.EncodeToString(c.cert.Raw) || chain[1] != base64.StdEncoding.EncodeToString(c.root.Raw) {
		t.Errorf("x5c %v", chain)
	}
}

func TestTheKeyMayLieElsewhereOrInAPFX(t *testing.T) {
	c := valid(t)
	for name, test := range map[string]struct {
		values profile.Values
		file   string
	}{
		"key of its own":       {profile.Values{"file": "app", "key": providertest.Literal(c.keyPEM())}, c.certPEM()},
		"its key before other": {profile.Values{"file": "app", "key": providertest.Literal(c.keyPEM())}, c.rootPEM() + c.certPEM()},
		"pfx":                  {profile.Values{"file": "app", "passphrase": providertest.Literal("pass")}, c.pfx(t, "pass")},
		"pfx, no passphrase":   {profile.Values{"file": "app"}, c.pfx(t, "")},
		"pfx and key":          {profile.Values{"file": "app", "key": providertest.Literal(c.keyPEM()), "passphrase": providertest.Literal("pass")}, c.pfx(t, "pass")},
	} {
		t.Run(name, func(t *testing.T) {
			s := authtest.FakeIDP(t, okay())
			header, _, _ := assertion(t, withCertificate(s, test.values), s, map[string]string{"app": test.file})
			sum := sha256.Sum256(c.cert.Raw)
			if header["alg"] != "PS256" || header["x5t#S256"] != base64.RawURLEncoding.EncodeToString(sum[:]) {
				t.Errorf("%v", header)
			}
		})
	}
}

func TestACertificateThatCannotServeIsRefusedBeforeAnyRequest(t *testing.T) {
	c := valid(t)
	other := issue(t, rsaKeys()[1], time.Now().Add(-time.Hour), time.Now().AddDate(1, 0, 0))
	expired := issue(t, rsaKeys()[0], time.Now().AddDate(-1, 0, 0), time.Now().Add(-time.Hour))
	future := issue(t, rsaKeys()[0], time.Now().Add(time.Hour), time.Now().AddDate(1, 0, 0))
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	elliptical := issue(t, curve, time.Now().Add(-time.Hour), time.Now().AddDate(1, 0, 0))
	pass := profile.Values{"file": "app", "passphrase": providertest.Literal("wrong-passphrase")}
	for name, test := range map[string]struct {
		values     profile.Values
		file, want string
	}{
		"no file":            {profile.Values{"file": "gone"}, "", "gone"},
		"empty":              {profile.Values{"file": "app"}, "", "certificate of the profile"},
		"no key":             {profile.Values{"file": "app"}, c.certPEM(), "private key"},
		"no certificate":     {profile.Values{"file": "app"}, c.keyPEM(), "no certificate"},
		"another's key":      {profile.Values{"file": "app"}, c.certPEM() + other.keyPEM(), "private key"},
		"cut off":            {profile.Values{"file": "app"}, c.certPEM() + c.keyPEM()[:200], "certificate of the profile"},
		"expired":            {profile.Values{"file": "app"}, expired.certPEM() + expired.keyPEM(), "has expired on"},
		"not yet":            {profile.Values{"file": "app"}, future.certPEM() + future.keyPEM(), "not valid before"},
		"elliptic":           {profile.Values{"file": "app"}, elliptical.certPEM() + elliptical.keyPEM(), "PS256"},
		"wrong passphrase":   {pass, c.pfx(t, "pass"), "passphrase"},
		"passphrase in vain": {pass, c.certPEM() + c.keyPEM(), "passphrase"},
		"noise":              {profile.Values{"file": "app"}, "\x00\x01noise", "PKCS #12"},
	} {
		t.Run(name, func(t *testing.T) {
			s := authtest.FakeIDP(t, okay())
			ports := files(providertest.Ports(s.Client()), map[string]string{"app": test.file})
			source := providertest.Source(t, entra.Provider(nil), withCertificate(s, test.values), ports)
			_, err := source.Grant.Token(t.Context(), grant.Ask{})
			if e := fault.From(err); err == nil || e.Kind != fault.Config || !strings.Contains(e.Error(), test.want) || s.Count() != 0 {
				t.Errorf("%v, %d requests", err, s.Count())
			}
			if err != nil && (strings.Contains(err.Error(), "wrong-passphrase") || strings.Contains(err.Error(), "PRIVATE KEY-----")) {
				t.Errorf("the error shows a secret: %v", err)
			}
		})
	}
}

func TestACertificateAboutToExpireIsTold(t *testing.T) {
	soon := issue(t, rsaKeys()[0], time.Now().Add(-time.Hour), time.Now().Add(48*time.Hour))
	s := authtest.FakeIDP(t, okay())
	ports := files(providertest.Ports(s.Client()), map[string]string{"app": soon.certPEM() + soon.keyPEM()})
	var told []string
	ports.Note = func(format string, _ ...any) { told = append(told, format) }
	source := providertest.Source(t, entra.Provider(nil), withCertificate(s, profile.Values{"file": "app"}), ports)
	if _, err := source.Grant.Token(t.Context(), grant.Ask{}); err != nil || len(told) != 1 || !strings.Contains(told[0], "expires on") {
		t.Errorf("%v %v", err, told)
	}
}

func TestATokenIsBoundToItsCertificate(t *testing.T) {
	c := valid(t)
	s := authtest.FakeIDP(t, okay())
	bound := func(values profile.Values, content string) string {
		source := providertest.Source(t, entra.Provider(nil), withCertificate(s, values),
			files(providertest.Ports(s.Client()), map[string]string{"app": content}))
		list, err := source.Bound(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var all strings.Builder
		for _, one := range list {
			all.WriteString(one.Reveal() + "\n")
		}
		return all.String()
	}
	plain := profile.Values{"file": "app"}
	first, again, renewed := bound(plain, c.certPEM()), bound(plain, c.certPEM()), bound(plain, c.rootPEM())
	if first != again || first == renewed {
		t.Error("a renewed file does not count")
	}
	key := profile.Values{"file": "app", "key": secret.Ref{Scheme: secret.Keyring, Arg: secret.New("a")}}
	if got := bound(key, ""); !strings.Contains(got, "keyring") || s.Count() != 0 {
		t.Errorf("%q, %d requests", got, s.Count())
	}
	source := providertest.Source(t, entra.Provider(nil), withCertificate(s, profile.Values{"file": "gone"}),
		files(providertest.Ports(s.Client()), nil))
	if _, err := source.Bound(t.Context()); !fault.Is(err, fault.Config) || errors.Is(err, grant.ErrLoginRequired) {
		t.Error(err)
	}
}
