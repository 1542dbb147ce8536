package jose_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/jose"
	"github.com/authctl/authctl/internal/secret"
)

func fixture(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func must[T any](t testing.TB) func(value T, err error) T {
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func armour(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func pkcs8(t testing.TB, key any) string {
	t.Helper()
	return armour("PRIVATE KEY", must[[]byte](t)(x509.MarshalPKCS8PrivateKey(key)))
}

func rsaKey(t testing.TB, bits int) *rsa.PrivateKey {
	t.Helper()
	return must[*rsa.PrivateKey](t)(rsa.GenerateKey(rand.Reader, bits))
}

func ecKey(t testing.TB, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	return must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(curve, rand.Reader))
}

func edKey(t testing.TB) ed25519.PrivateKey {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// checkSigns holds the key's signature against its public half.
func checkSigns(t *testing.T, key *jose.Key) {
	t.Helper()
	token := must[secret.String](t)(key.Sign(nil, map[string]any{"iss": "me"}))
	public := must[json.RawMessage](t)(key.PublicJWK())
	claims, header, err := keySet(t, string(public)).Verify(token)
	if key.KeyID() != "" {
		if header.KeyID != key.KeyID() {
			t.Errorf("kid %q, want %q", header.KeyID, key.KeyID())
		}
		return // the bare public half has no kid
	}
	if err != nil || string(claims) != `{"iss":"me"}` || header.Alg != key.Alg() || header.Type != "JWT" {
		t.Errorf("%s: %q %+v %v", key.Alg(), claims, header, err)
	}
}

func TestAKeyOfEachFormSignsWithItsUsualAlgorithm(t *testing.T) {
	small, p256 := rsaKey(t, 2048), ecKey(t, elliptic.P256())
	for name, c := range map[string]struct{ text, alg string }{
		"RSA, PKCS #8":     {pkcs8(t, small), "RS256"},
		"RSA, PKCS #1":     {armour("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(small)), "RS256"},
		"P-256, PKCS #8":   {pkcs8(t, p256), "ES256"},
		"P-256, SEC 1":     {armour("EC PRIVATE KEY", must[[]byte](t)(x509.MarshalECPrivateKey(p256))), "ES256"},
		"P-384":            {pkcs8(t, ecKey(t, elliptic.P384())), "ES384"},
		"P-521":            {pkcs8(t, ecKey(t, elliptic.P521())), "ES512"},
		"Ed25519":          {pkcs8(t, edKey(t)), "EdDSA"},
		"a P-256 JWK":      {strings.Replace(p256Public, "{", `{"d":"`+p256D+`",`, 1), "ES256"},
		"an Ed25519 JWK":   {ed25519Private, "EdDSA"},
		"blanks around":    {"\n\n  " + ed25519Private + "\r\n", "EdDSA"},
		"text before PEM":  {"Bag Attributes\n  x: y\n" + pkcs8(t, p256), "ES256"},
		"Windows newlines": {strings.ReplaceAll(pkcs8(t, p256), "\n", "\r\n"), "ES256"},
		"with parameters":  {"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n" + pkcs8(t, p256), "ES256"},
		"behind its chain": {fixture(t, "chain.pem") + fixture(t, "plain-sec1.pem"), "ES256"},
	} {
		t.Run(name, func(t *testing.T) {
			key, account, err := jose.ParseKey(secret.New(c.text), jose.KeyOptions{})
			if err != nil || account != nil || key.Alg() != c.alg {
				t.Fatal(key, account, err)
			}
			checkSigns(t, key)
		})
	}
}

func TestEachAlgorithmOfAnRSAKeySigns(t *testing.T) {
	text := secret.New(pkcs8(t, rsaKey(t, 2048)))
	for _, alg := range []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"} {
		key, _, err := jose.ParseKey(text, jose.KeyOptions{Alg: alg})
		if err != nil || key.Alg() != alg {
			t.Fatal(alg, err)
		}
		checkSigns(t, key)
	}
}

func TestAnEncryptedKeyOpensWithItsPassphraseAlone(t *testing.T) {
	right, wrong := secret.New("open-sesame"), secret.New("CANARY")
	for _, name := range []string{
		"pbes2-aes256-sha256.pem", "pbes2-aes128-sha512.pem", "pbes2-des3-sha1.pem", "pbes2-ed25519.pem", "legacy-aes256.pem",
	} {
		t.Run(name, func(t *testing.T) {
			text := secret.New(fixture(t, name))
			key, _, err := jose.ParseKey(text, jose.KeyOptions{Passphrase: right})
			if err != nil {
				t.Fatal(err)
			}
			checkSigns(t, key)
			refused(t, text.Reveal(), jose.KeyOptions{Passphrase: wrong}, "passphrase is wrong")
			refused(t, text.Reveal(), jose.KeyOptions{}, "no passphrase is given")
			cut := strings.Replace(text.Reveal(), "\n-----END", "\n-----end", 1)
			refused(t, cut, jose.KeyOptions{Passphrase: right}, "breaks off")
		})
	}
}

// refused holds a refusal to what each one promises: exit 3, the one code, no byte of the secret.
func refused(t *testing.T, text string, o jose.KeyOptions, want string) {
	t.Helper()
	key, account, err := jose.ParseKey(secret.New(text), o)
	f := fault.From(err)
	switch {
	case err == nil || key != nil || account != nil:
		t.Errorf("taken: %.60q", text)
	case f.Kind != fault.Config || f.Code != "config.key":
		t.Errorf("%v of kind %s", err, f.Kind)
	case !strings.Contains(err.Error(), want):
		t.Errorf("%v, want %q", err, want)
	case strings.Contains(err.Error()+f.HintText(), "CANARY"):
		t.Errorf("the refusal shows a secret: %v", err)
	}
}

func TestWhatIsNoUsableKeyIsRefusedByName(t *testing.T) {
	p256 := ecKey(t, elliptic.P256())
	good := pkcs8(t, p256)
	public := armour("PUBLIC KEY", must[[]byte](t)(x509.MarshalPKIXPublicKey(&p256.PublicKey)))
	swapped := strings.Replace(p256Public, "{", `{"d":"`+base64.RawURLEncoding.EncodeToString(bytes.Repeat([]byte{1}, 32))+`",`, 1)
	edit := func(old, updated string) string { return strings.Replace(ed25519Private, old, updated, 1) }
	for name, c := range map[string]struct{ text, want string }{
		"nothing":              {"  \n", "empty"},
		"a password":           {"CANARY", "neither PEM nor a JWK"},
		"cut off":              {good[:len(good)-40], "breaks off"},
		"cut in the middle":    {good + good[:50], "breaks off"},
		"damaged base64":       {strings.Replace(good, "M", "!", 1), "breaks off"},
		"damaged DER":          {armour("PRIVATE KEY", []byte("CANARYCANARY")), "cannot be read"},
		"the wrong label":      {strings.ReplaceAll(good, "PRIVATE KEY", "RSA PRIVATE KEY"), "cannot be read"},
		"a public key":         {public, "holds no private key"},
		"a certificate":        {fixture(t, "chain.pem"), "holds no private key"},
		"two keys":             {good + good, "2 private keys"},
		"OpenSSH's own":        {armour("OPENSSH PRIVATE KEY", []byte("openssh-key-v1")), "OpenSSH"},
		"DSA":                  {armour("DSA PRIVATE KEY", []byte{0}), "not supported"},
		"scrypt":               {fixture(t, "scrypt.pem"), "no passphrase"},
		"P-224":                {pkcs8(t, ecKey(t, elliptic.P224())), "curve"},
		"JSON that breaks off": {`{"kty":"RSA","CANARY`, "none that can be read"},
		"a member twice":       {edit(`"kty"`, `"kty":"OKP","kty"`), "none that can be read"},
		"JSON of another kind": {`{"a":1}`, "neither a JWK nor"},
		"a list":               {`[1]`, "neither PEM nor a JWK"},
		"a set":                {`{"keys":[` + ed25519Private + `]}`, "a set of JWKs"},
		"a public JWK":         {ed25519Public, "no member d"},
		"a public RSA JWK":     {rsaPublic, "no member d"},
		"a shared secret":      {hmacKey, "shared secret"},
		"d of another key":     {swapped, "belong together"},
		"x of another key":     {edit("11qYAYKx", "21qYAYKx"), "not those of one whole private key"},
		"for encryption":       {edit("{", `{"use":"enc",`), "use is another"},
		"for verifying":        {edit("{", `{"key_ops":["verify"],`), "key_ops"},
		"an encryption alg":    {edit("{", `{"alg":"ECDH-ES",`), "does not fit alg"},
		"an unknown kind":      {edit("OKP", "CANARYKIND"), "of a kind"},
		"X25519":               {edit("Ed25519", "X25519"), "of a kind"},
		"P-256 by secp256k1":   {strings.Replace(p256Public, "P-256", "secp256k1", 1), "no member d"},
		"half an RSA key":      {strings.Replace(rsaPrivate, `"p":`, `"P":`, 1), "not those of one whole"},
		"RSA of other primes":  {strings.Replace(rsaPrivate, `"p":"83i`, `"p":"93i`, 1), "not those of one whole"},
		"an account's no key":  {`{"client_email":"a","private_key":"CANARY"}`, "holds no private key"},
	} {
		t.Run(name, func(t *testing.T) { refused(t, c.text, jose.KeyOptions{}, c.want) })
	}
}

func TestAPassphraseForWhatIsNotEncryptedIsRefused(t *testing.T) {
	o := jose.KeyOptions{Passphrase: secret.New("CANARY")}
	refused(t, fixture(t, "plain-sec1.pem"), o, "not encrypted")
	refused(t, ed25519Private, o, "not encrypted")
}

func TestAnEncryptionThatIsNotSupportedNamesAWayOut(t *testing.T) {
	for _, name := range []string{"scrypt.pem", "pbes1.pem"} {
		_, _, err := jose.ParseKey(secret.New(fixture(t, name)), jose.KeyOptions{Passphrase: secret.New("open-sesame")})
		if f := fault.From(err); f.Kind != fault.Config || !strings.Contains(f.HintText(), "openssl pkcs8 -topk8") {
			t.Errorf("%s: %v, hint %q", name, err, f.HintText())
		}
	}
}

func TestAKeyThatDoesNotFitItsAlgorithmIsRefused(t *testing.T) {
	keys := map[string]string{
		"RSA": pkcs8(t, rsaKey(t, 2048)), "P-256": pkcs8(t, ecKey(t, elliptic.P256())), "P-384": pkcs8(t, ecKey(t, elliptic.P384())),
		"Ed25519": pkcs8(t, edKey(t)), "JWK": ed25519Private,
	}
	for name, algs := range map[string]string{
		"RSA": "ES256 EdDSA HS256 none RS1 rs256", "P-256": "ES384 ES512 RS256 EdDSA HS256 none ES256K", "P-384": "ES256 ES512",
		"Ed25519": "ES256 Ed448 HS512 none Ed25519", "JWK": "RS256 HS256",
	} {
		for _, alg := range strings.Fields(algs) {
			refused(t, keys[name], jose.KeyOptions{Alg: alg}, fmt.Sprintf("does not fit alg %q", alg))
		}
	}
}

func TestARSAKeyThatGoItselfWouldNotMakeIsRefused(t *testing.T) {
	if _, _, err := jose.ParseKey(secret.New(pkcs8(t, rsaKey(t, 1024))), jose.KeyOptions{}); err != nil {
		t.Error(err) // zitadel's example hands such keys out
	}
	t.Setenv("GODEBUG", "rsa1024min=0")
	refused(t, pkcs8(t, rsaKey(t, 768)), jose.KeyOptions{}, "768 bits")
}

func TestTheAlgorithmOfTheProfileStandsOverTheJWKs(t *testing.T) {
	key, _, err := jose.ParseKey(secret.New(rsaPrivate), jose.KeyOptions{})
	if err != nil || key.Alg() != "RS256" || key.KeyID() != "2011-04-29" {
		t.Fatal(key, err)
	}
	key, _, err = jose.ParseKey(secret.New(rsaPrivate), jose.KeyOptions{Alg: "PS384", KeyID: "mine"})
	if err != nil || key.Alg() != "PS384" || key.KeyID() != "mine" {
		t.Fatal(key, err)
	}
	checkSigns(t, key)
}

func TestAServiceAccountGivesItsIssuerSubjectAndKeyID(t *testing.T) {
	quote := func(text string) string { return string(must[[]byte](t)(json.Marshal(text))) }
	pem := quote(pkcs8(t, rsaKey(t, 2048)))
	google := `{"type":"service_account","client_email":"robot@example.com","private_key_id":"g1","private_key":` + pem + `}`
	zitadel := `{"type":"serviceaccount","keyId":"z1","userId":"4711","key":` + pem + `}`
	for _, c := range []struct {
		text, keyID string
		want        jose.ServiceAccount
		kid         string
	}{
		{google, "", jose.ServiceAccount{Issuer: "robot@example.com", KeyID: "g1"}, "g1"},
		{zitadel, "", jose.ServiceAccount{Issuer: "4711", Subject: "4711", KeyID: "z1"}, "z1"},
		{zitadel, "mine", jose.ServiceAccount{Issuer: "4711", Subject: "4711", KeyID: "z1"}, "mine"},
	} {
		key, account, err := jose.ParseKey(secret.New(c.text), jose.KeyOptions{KeyID: c.keyID})
		if err != nil || *account != c.want || key.KeyID() != c.kid || key.Alg() != "RS256" {
			t.Errorf("%v %+v %v", key, account, err)
		}
	}
}

func TestASecretSignsWithHMACAlone(t *testing.T) {
	for _, length := range []int{1, 8, 31, 64} {
		text := strings.Repeat("k", length)
		key := must[*jose.Key](t)(jose.SecretKey(secret.New(text), ""))
		token := must[secret.String](t)(key.Sign(nil, map[string]int{"a": 1})).Reveal()
		input, signature, _ := cutLast(token)
		mac := hmac.New(sha256.New, []byte(text))
		mac.Write([]byte(input))
		if want := base64.RawURLEncoding.EncodeToString(mac.Sum(nil)); key.Alg() != "HS256" || signature != want {
			t.Errorf("%d bytes: %s", length, token)
		}
	}
	for _, alg := range []string{"RS256", "none", "HS1", "hs256"} {
		if _, err := jose.SecretKey(secret.New("s"), alg); !fault.Is(err, fault.Config) {
			t.Errorf("%s: %v", alg, err)
		}
	}
	if _, err := jose.SecretKey(secret.String{}, "HS256"); !fault.Is(err, fault.Config) {
		t.Error("an empty secret:", err)
	}
	key := must[*jose.Key](t)(jose.SecretKey(secret.New("s"), "HS512"))
	_, e1 := key.PublicJWK()
	_, e2 := key.Marshal()
	_, e3 := key.Thumbprint()
	if e1 == nil || e2 == nil || e3 == nil {
		t.Error("a secret has a public half:", e1, e2, e3)
	}
}

func cutLast(token string) (string, string, bool) {
	i := strings.LastIndexByte(token, '.')
	return token[:i], token[i+1:], true
}

func TestAKeptKeyIsTheSameKey(t *testing.T) {
	for _, alg := range []string{"ES256", "ES384", "ES512", "EdDSA", "RS256", "PS256"} {
		made := must[*jose.Key](t)(jose.Generate(alg))
		kept := must[secret.String](t)(made.Marshal())
		again, _, err := jose.ParseKey(kept, jose.KeyOptions{})
		if err != nil || again.Alg() != alg {
			t.Fatal(alg, err)
		}
		if must[string](t)(made.Thumbprint()) != must[string](t)(again.Thumbprint()) {
			t.Error(alg, "is another key")
		}
		checkSigns(t, again)
	}
	for _, alg := range []string{"", "HS256", "none", "ES256K"} {
		if _, err := jose.Generate(alg); !fault.Is(err, fault.Config) {
			t.Errorf("%q: %v", alg, err)
		}
	}
}

func TestAPublicJWKHasNothingPrivate(t *testing.T) {
	key, _, err := jose.ParseKey(secret.New(rsaPrivate), jose.KeyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var members map[string]string
	if err := json.Unmarshal(must[json.RawMessage](t)(key.PublicJWK()), &members); err != nil {
		t.Fatal(err)
	}
	if len(members) != 3 || members["kty"] != "RSA" || members["e"] != "AQAB" || members["n"] == "" {
		t.Error(members)
	}
}

func TestAKeyCannotBePrinted(t *testing.T) {
	key, _, err := jose.ParseKey(secret.New(ed25519Private), jose.KeyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	type holder struct {
		Key  *jose.Key
		held *jose.Key
		copy jose.Key
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		text := fmt.Sprintf(verb, key) + fmt.Sprintf(verb, holder{key, key, *key})
		if strings.Contains(text, "157 97 177") || strings.Contains(text, "9d61b1") || strings.Contains(text, "0x9d, 0x61") {
			t.Errorf("%s shows the key: %s", verb, text)
		}
	}
	text, err := json.Marshal(holder{Key: key})
	if err != nil || !strings.Contains(string(text), secret.Redacted) || key.LogValue().Kind() != slog.KindString {
		t.Error(string(text), err)
	}
}

func TestTheHeaderSaysWhatItIsTold(t *testing.T) {
	key := must[*jose.Key](t)(jose.NewKey(edKey(t), jose.KeyOptions{KeyID: "k1"}))
	for name, c := range map[string]struct {
		header map[string]any
		want   string
	}{
		"by itself":            {nil, `{"alg":"EdDSA","kid":"k1","typ":"JWT"}`},
		"another typ and kid":  {map[string]any{"typ": "dpop+jwt", "kid": "k2"}, `{"alg":"EdDSA","kid":"k2","typ":"dpop+jwt"}`},
		"never another alg":    {map[string]any{"alg": "none"}, `{"alg":"EdDSA","kid":"k1","typ":"JWT"}`},
		"a thumbprint besides": {map[string]any{"x5t#S256": "abc"}, `{"alg":"EdDSA","kid":"k1","typ":"JWT","x5t#S256":"abc"}`},
	} {
		token := must[secret.String](t)(key.Sign(c.header, map[string]any{})).Reveal()
		head, _, _ := strings.Cut(token, ".")
		if got := must[[]byte](t)(base64.RawURLEncoding.DecodeString(head)); string(got) != c.want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestAKeyOfAnotherKindIsRefused(t *testing.T) {
	if _, err := jose.NewKey(opaque{edKey(t)}, jose.KeyOptions{}); !fault.Is(err, fault.Config) {
		t.Error(err)
	}
}

type opaque struct{ crypto.Signer }
