package jose_test

import (
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/jose"
	"github.com/authctl/authctl/internal/secret"
)

func raw(parts ...string) string {
	for i, part := range parts {
		parts[i] = base64.RawURLEncoding.EncodeToString([]byte(part))
	}
	return strings.Join(parts, ".")
}

// named is a public key with further members in front.
func named(t testing.TB, key *jose.Key, members string) string {
	t.Helper()
	public := must[json.RawMessage](t)(key.PublicJWK())
	return strings.Replace(string(public), "{", "{"+members+",", 1)
}

func TestWhatIsNotSignedByTheServersKeyIsRefused(t *testing.T) {
	set := keySet(t, rsaPublic+","+p256Public+","+ed25519Public+","+strings.Replace(p256Public, "{", `{"kid":"p",`, 1))
	hmacWith := func(key string) string {
		input := raw(`{"alg":"HS256"}`, `{"iss":"joe"}`)
		mac := hmac.New(sha256.New, []byte(key))
		mac.Write([]byte(input))
		return input + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
	}
	head, tail, _ := strings.Cut(p256JWS, ".")
	for name, token := range map[string]string{
		"nothing":                  "",
		"an opaque token":          "2YotnFZFEjr1zCsicMWpAA",
		"alg none":                 raw(`{"alg":"none"}`, `{"iss":"joe"}`, ""),
		"alg None":                 raw(`{"alg":"None"}`, `{"iss":"joe"}`, ""),
		"no alg":                   raw(`{}`, `{"iss":"joe"}`, "x"),
		"no signature":             p256JWS[:strings.LastIndexByte(p256JWS, '.')+1],
		"two parts":                p256JWS[:strings.LastIndexByte(p256JWS, '.')],
		"HMAC of the RFC":          hmacJWS,
		"HMAC with a public JWK":   hmacWith(rsaPublic),
		"HMAC with a modulus":      hmacWith(rsaN),
		"alg of another key":       raw(`{"alg":"RS256"}`) + "." + tail,
		"alg ES512 with P-256":     raw(`{"alg":"ES512","kid":"p"}`) + "." + tail,
		"other claims":             strings.Replace(p256JWS, joe, joe[:len(joe)-4]+"AAAA", 1),
		"a bent signature":         p256JWS[:len(p256JWS)-4] + "AAAA",
		"a short signature":        p256JWS[:len(p256JWS)-8],
		"a zero signature":         head + "." + joe + "." + strings.Repeat("A", 86),
		"padding":                  p256JWS + "==",
		"a newline inside":         p256JWS[:30] + "\n" + p256JWS[30:],
		"a blank in front":         " " + p256JWS,
		"five parts":               "a.b.c.d.e",
		"four parts":               p256JWS + ".AAAA",
		"JSON serialization":       `{"payload":"` + joe + `","protected":"eyJhbGciOiJFUzI1NiJ9","signature":"AA"}`,
		"alg twice":                raw(`{"alg":"none","alg":"ES256"}`) + "." + tail,
		"a critical extension":     raw(`{"alg":"ES256","crit":["exp"],"exp":1}`) + "." + tail,
		"an unencoded payload":     raw(`{"alg":"ES256","b64":false,"crit":["b64"]}`) + "." + tail,
		"unencoded, not critical":  raw(`{"alg":"ES256","b64":false}`) + "." + tail,
		"a key of its own":         raw(`{"alg":"ES256","jwk":`+p521Public+`}`) + "." + tail,
		"a private key of its own": raw(`{"alg":"EdDSA","jwk":`+ed25519Private+`}`, "x", "y"),
		"a header that is no JSON": raw(`alg`, `{}`, "x"),
		"too long":                 raw(`{"alg":"ES256"}`, strings.Repeat("x", 64<<10), "x"),
	} {
		t.Run(name, func(t *testing.T) {
			claims, _, err := set.Verify(secret.New(token))
			if !fault.Is(err, fault.Protocol) || claims != nil || errors.Is(err, jose.ErrUnknownKey) {
				t.Errorf("%q, %v", claims, err)
			}
		})
	}
}

func TestAKeyThatTheSetDoesNotHaveIsAnErrorOfItsOwn(t *testing.T) {
	key := must[*jose.Key](t)(jose.NewKey(ecKey(t, elliptic.P256()), jose.KeyOptions{KeyID: "new"}))
	token := must[secret.String](t)(key.Sign(nil, map[string]int{}))
	for name, keys := range map[string]string{
		"an empty set":       "",
		"another kid":        named(t, key, `"kid":"old"`),
		"no kid":             strings.Trim(named(t, key, `"use":"sig"`), " "),
		"only in other case": named(t, key, `"kid":"NEW"`),
		"for encryption":     named(t, key, `"kid":"new","use":"enc"`),
	} {
		if _, _, err := keySet(t, keys).Verify(token); !errors.Is(err, jose.ErrUnknownKey) || !fault.Is(err, fault.Protocol) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := keySet(t, named(t, key, `"kid":"new"`)).Verify(token); err != nil {
		t.Error(err)
	}
}

func TestASignatureWithoutKidIsHeldAgainstEachKeyThatFits(t *testing.T) {
	key := must[*jose.Key](t)(jose.NewKey(ecKey(t, elliptic.P256()), jose.KeyOptions{}))
	token := must[secret.String](t)(key.Sign(nil, map[string]int{}))
	set := keySet(t, rsaPublic+","+p256Public+","+p521Public+","+named(t, key, `"kid":"a","alg":"ES256"`))
	if _, header, err := set.Verify(token); err != nil || header.KeyID != "" {
		t.Error(header, err)
	}
	many := strings.Repeat(p256Public+",", 100)
	if _, _, err := keySet(t, many+named(t, key, `"kid":"a"`)).Verify(token); !fault.Is(err, fault.Protocol) {
		t.Error("more than 16 keys were tried:", err)
	}
}

func TestAKeyServesItsOwnAlgorithmOnly(t *testing.T) {
	made := must[*jose.Key](t)(jose.NewKey(rsaKey(t, 2048), jose.KeyOptions{Alg: "PS256", KeyID: "k"}))
	token := must[secret.String](t)(made.Sign(nil, map[string]int{}))
	if _, _, err := keySet(t, named(t, made, `"kid":"k","alg":"PS256"`)).Verify(token); err != nil {
		t.Error(err)
	}
	if _, _, err := keySet(t, named(t, made, `"kid":"k","alg":"RS256"`)).Verify(token); !fault.Is(err, fault.Protocol) {
		t.Error("a key for RS256 verified PS256:", err)
	}
}

func TestKeysOfNoUseArePassedOver(t *testing.T) {
	weak := func(bits int) string {
		n := new(big.Int).SetBit(big.NewInt(1), bits-1, 1)
		return base64.RawURLEncoding.EncodeToString(n.Bytes())
	}
	for name, key := range map[string]string{
		"a shared secret":     hmacKey,
		"a private key":       ed25519Private,
		"a weak key":          `{"kty":"RSA","n":"` + weak(1024) + `","e":"AQAB"}`,
		"a giant key":         `{"kty":"RSA","n":"` + weak(100_000) + `","e":"AQAB"}`,
		"exponent 1":          `{"kty":"RSA","n":"` + rsaN + `","e":"AQ"}`,
		"exponent 2":          `{"kty":"RSA","n":"` + rsaN + `","e":"Ag"}`,
		"a huge exponent":     `{"kty":"RSA","n":"` + rsaN + `","e":"` + strings.Repeat("_", 200) + `"}`,
		"a 40-bit exponent":   `{"kty":"RSA","n":"` + rsaN + `","e":"AQAAAAE"}`,
		"a point off a curve": strings.Replace(p256Public, "f83O", "f93O", 1),
		"another curve":       strings.Replace(p256Public, "P-256", "P-384", 1),
		"a low-order point":   `{"kty":"OKP","crv":"Ed25519","x":"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}`,
		"a member twice":      strings.Replace(p256Public, "{", `{"kty":"EC",`, 1),
		"an encrypting key":   strings.Replace(p256Public, "{", `{"use":"enc",`, 1),
		"another operation":   strings.Replace(p256Public, "{", `{"key_ops":["encrypt"],`, 1),
		"no operation":        strings.Replace(p256Public, "{", `{"key_ops":[],`, 1),
		"no kind":             `{"crv":"P-256"}`,
		"no object":           `7`,
		"null":                `null`,
	} {
		t.Run(name, func(t *testing.T) {
			set := keySet(t, key+","+p256Public)
			if _, _, err := set.Verify(secret.New(p256JWS)); err != nil {
				t.Error("the key beside it is lost:", err)
			}
			_, _, err := keySet(t, key).Verify(secret.New(p256JWS))
			_, _, rsa := keySet(t, key).Verify(secret.New(rsaJWS))
			_, _, ed := keySet(t, key).Verify(secret.New(ed25519JWS))
			for _, err := range []error{err, rsa, ed} {
				if !errors.Is(err, jose.ErrUnknownKey) {
					t.Error("it was used:", err)
				}
			}
		})
	}
}

func TestAnOddCertificateBesideAKeyIsNotLookedAt(t *testing.T) {
	odd := strings.Replace(p256Public, "{", `{"x5c":["bm8="],"x5t":"!","x5u":":","key_ops":["verify"],`, 1)
	if _, _, err := keySet(t, odd).Verify(secret.New(p256JWS)); err != nil {
		t.Error(err)
	}
}

func TestWhatIsNoKeySetIsRefused(t *testing.T) {
	for _, text := range []string{"", "null", "[]", "{}", `{"keys":null}`, `{"keys":{}}`, `{"Keys":[]}`, `{"keys":[],"keys":[]}`, "<html>", p256Public} {
		if set, err := jose.ParseKeySet([]byte(text)); !fault.Is(err, fault.Protocol) || set != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func FuzzVerify(f *testing.F) {
	for _, token := range []string{hmacJWS, rsaJWS, p256JWS, p521JWS, ed25519JWS, dpopJWS, raw(`{"alg":"none"}`, "{}", "")} {
		f.Add(`{"keys":[`+p256Public+`,`+rsaPublic+`]}`, token)
	}
	f.Fuzz(func(t *testing.T, keys, token string) {
		set, err := jose.ParseKeySet([]byte(keys))
		if err != nil {
			if !fault.Is(err, fault.Protocol) {
				t.Fatal(err)
			}
			return
		}
		claims, header, err := set.Verify(secret.New(token))
		switch {
		case err != nil && (claims != nil || !fault.Is(err, fault.Protocol)):
			t.Fatalf("%q, %v", claims, err)
		case err == nil && (strings.HasPrefix(header.Alg, "HS") || strings.EqualFold(header.Alg, "none")):
			t.Fatal("verified with", header.Alg)
		}
	})
}
