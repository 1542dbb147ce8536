package sandbox

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// appKey is the key that the platform knows the app by.
func (r *rig) appKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(filepath.Dir(r.CAPath()), "anypoint.pem"))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(data)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return key.(*ecdsa.PrivateKey) //nolint:forcetypeassert // a panic fails the test
}

// es256 signs the claims (RFC 7518 section 3.4).
func es256(t *testing.T, key *ecdsa.PrivateKey, header, claims string) string {
	t.Helper()
	text := base64.RawURLEncoding.EncodeToString
	signed := text([]byte(header)) + "." + text([]byte(claims))
	digest := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + text(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
}

// assert hands an assertion in at the platform.
func (r *rig) assert(t *testing.T, clientID, jwt string) answer {
	t.Helper()
	return r.do(t, "POST", r.URL("anypoint")+"/accounts/api/v2/oauth2/token", fmt.Sprintf(
		`{"grant_type":%q,"client_id":%q,"client_secret":%q,"assertion":%q}`, jwtBearer, clientID, r.env["ANYPOINT_SECRET"], jwt), "Content-Type", jsonType)
}

func TestAnAssertionMustNameTheAppTheUserAndThePlatform(t *testing.T) {
	r := start(t)
	key := r.appKey(t)
	ask := func(iss, sub, aud string, exp time.Time) answer {
		claims := fmt.Sprintf(`{"iss":%q,"sub":%q,"aud":%q,"exp":%d}`, iss, sub, aud, exp.Unix())
		return r.assert(t, anypointClient, es256(t, key, `{"alg":"ES256"}`, claims))
	}
	aud, sub, soon := r.URL("anypoint")+"/accounts/api/v2/oauth2/token", "v1|idp|chrisp", time.Now().Add(time.Minute)
	if a := ask(anypointClient, sub, aud, soon); a.StatusCode != 200 {
		t.Errorf("%s %s", a.Status, a.body)
	}
	for name, a := range map[string]answer{
		"another issuer": ask("someone", sub, aud, soon), "no user": ask(anypointClient, "chrisp", aud, soon),
		"another audience": ask(anypointClient, sub, aud+"/", soon), "late": ask(anypointClient, sub, aud, time.Now().Add(-time.Second)),
	} {
		if a.StatusCode != 400 {
			t.Errorf("%s: %s %s", name, a.Status, a.body)
		}
	}
}

func TestAnAssertionThatTheAppsKeyHasNotSignedIsRefused(t *testing.T) {
	r := start(t)
	key := r.appKey(t)
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	claims := fmt.Sprintf(`{"iss":%q,"sub":"v1|idp|chrisp","aud":%q,"exp":%d}`,
		anypointClient, r.URL("anypoint")+"/accounts/api/v2/oauth2/token", time.Now().Add(time.Minute).Unix())
	good := es256(t, key, `{"alg":"ES256"}`, claims)
	unsigned := good[:strings.LastIndexByte(good, '.')]
	for name, jwt := range map[string]string{
		"another key": es256(t, other, `{"alg":"ES256"}`, claims), "none": es256(t, key, `{"alg":"none"}`, claims), "no alg": es256(t, key, `{}`, claims),
		"no signature": unsigned + ".", "two parts": unsigned, "short": unsigned + ".c2ln", "a line break": good + "\n", "other claims": swapped(good, es256(t, other, `{"alg":"ES256"}`, claims+" ")),
	} {
		if a := r.assert(t, anypointClient, jwt); a.StatusCode != 400 || !strings.Contains(a.body, "invalid_grant") {
			t.Errorf("%s: %s %s", name, a.Status, a.body)
		}
	}
	if a := r.assert(t, anypointClient, good); a.StatusCode != 200 {
		t.Errorf("the good one: %s %s", a.Status, a.body)
	}
}

// swapped is the first JWT with the claims of the second.
func swapped(jwt, other string) string {
	parts, claims := strings.Split(jwt, "."), strings.Split(other, ".")
	return parts[0] + "." + claims[1] + "." + parts[2]
}

func TestAFaultMayStandBehindTheIdOfAnAppThatAsserts(t *testing.T) {
	r := start(t)
	id := anypointClient + "--expires_zero"
	claims := fmt.Sprintf(`{"iss":%q,"sub":"v1|idp|chrisp","aud":%q,"exp":%d}`,
		id, r.URL("anypoint")+"/accounts/api/v2/oauth2/token", time.Now().Add(time.Minute).Unix())
	if a := r.assert(t, id, es256(t, r.appKey(t), `{"alg":"ES256"}`, claims)); !strings.Contains(a.body, `"expires_in":0`) {
		t.Errorf("%s %s", a.Status, a.body)
	}
}
