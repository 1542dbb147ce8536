package sandbox

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// entraAsk sends a token request of a client that has no secret in it yet.
func (r *rig) entraAsk(t *testing.T, tenant string, pairs ...string) answer {
	t.Helper()
	return r.do(t, "POST", r.URL("entra")+"/"+tenant+"/oauth2/v2.0/token", form(pairs...), "Content-Type", formType)
}

// refused holds a reply to one AADSTS number.
func refused(t *testing.T, name string, a answer, status, number int, oauth string) {
	t.Helper()
	m := a.json(t)
	codes, _ := m["error_codes"].([]any)
	if a.StatusCode != status || m["error"] != oauth || len(codes) != 1 || codes[0] != float64(number) {
		t.Errorf("%s: %s %s, want %d %s AADSTS%d", name, a.Status, a.body, status, oauth, number)
	}
}

// application is the key of the file that the sandbox wrote, and its certificate.
func (r *rig) application(t *testing.T) (*rsa.PrivateKey, []byte) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(filepath.Dir(r.CAPath()), "entra.pem"))
	if err != nil {
		t.Fatal(err)
	}
	cert, rest := pem.Decode(data)
	key, _ := pem.Decode(rest)
	private, err := x509.ParsePKCS8PrivateKey(key.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return private.(*rsa.PrivateKey), cert.Bytes
}

// assertion signs claims as a client should; change spoils header or claims before.
func (r *rig) assertion(t *testing.T, alg string, change func(header, claims map[string]any)) string {
	t.Helper()
	key, cert := r.application(t)
	sum := sha256.Sum256(cert)
	part := base64.RawURLEncoding.EncodeToString
	now := time.Now()
	header := map[string]any{"alg": alg, "typ": "JWT", "x5t#S256": part(sum[:])}
	claims := map[string]any{
		"aud": r.URL("entra") + "/" + entraTenant + "/oauth2/v2.0/token", "iss": entraClient, "sub": entraClient, "jti": uuid(),
		"nbf": now.Unix(), "exp": now.Add(10 * time.Minute).Unix(),
	}
	change(header, claims)
	head, _ := json.Marshal(header)
	body, _ := json.Marshal(claims)
	signed := part(head) + "." + part(body)
	digest := sha256.Sum256([]byte(signed))
	var mark []byte
	var err error
	if alg == "PS256" {
		mark, err = rsa.SignPSS(rand.Reader, key, crypto.SHA256, digest[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
	} else {
		mark, err = rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	}
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + part(mark)
}

func TestEntraChecksAnAssertionWhole(t *testing.T) {
	r := start(t)
	ask := func(assertion string) answer {
		return r.entraAsk(t, entraTenant, "grant_type", "client_credentials", "client_id", entraClient, "scope", entraScope,
			"client_assertion_type", assertionType, "client_assertion", assertion)
	}
	same := func(_, _ map[string]any) {}
	for _, alg := range []string{"PS256", "RS256"} {
		good := r.assertion(t, alg, same)
		if a := ask(good); a.StatusCode != 200 {
			t.Fatalf("%s: %s", alg, a.body)
		}
		refused(t, "again", ask(good), 401, 50027, "invalid_client")
	}
	for name, c := range map[string]struct {
		number int
		change func(header, claims map[string]any)
	}{
		"audience":         {700023, func(_, claims map[string]any) { claims["aud"] = r.URL("entra") }},
		"issuer":           {700021, func(_, claims map[string]any) { claims["iss"] = "other" }},
		"subject":          {700021, func(_, claims map[string]any) { claims["sub"] = "other" }},
		"past":             {700024, func(_, claims map[string]any) { claims["nbf"], claims["exp"] = 1, 2 }},
		"long":             {700024, func(_, claims map[string]any) { claims["exp"] = time.Now().Add(time.Hour).Unix() }},
		"no jti":           {50027, func(_, claims map[string]any) { delete(claims, "jti") }},
		"no thumbprint":    {700213, func(header, _ map[string]any) { delete(header, "x5t#S256") }},
		"other thumbprint": {700027, func(header, _ map[string]any) { header["x5t#S256"] = "AAAA" }},
		"none":             {700027, func(header, _ map[string]any) { header["alg"] = "none" }},
		"HMAC":             {700027, func(header, _ map[string]any) { header["alg"] = "HS256" }},
		"the other alg":    {700027, func(header, _ map[string]any) { header["alg"] = "RS256" }},
	} {
		refused(t, name, ask(r.assertion(t, "PS256", c.change)), 401, c.number, "invalid_client")
	}
	refused(t, "noise", ask("noise"), 401, 50027, "invalid_client")
	refused(t, "no type", r.entraAsk(t, entraTenant, "grant_type", "client_credentials", "client_id", entraClient, "scope", entraScope,
		"client_assertion", r.assertion(t, "PS256", same)), 401, 700021, "invalid_client")
}

func TestTheFederatedTokenOfTheFileServes(t *testing.T) {
	r := start(t)
	data, err := os.ReadFile(filepath.Join(filepath.Dir(r.CAPath()), "entra-token.jwt"))
	if err != nil || !strings.HasSuffix(string(data), "\n") {
		t.Fatalf("%q %v", data, err)
	}
	ask := func(assertion, id string) answer {
		return r.entraAsk(t, entraTenant, "grant_type", "client_credentials", "client_id", id, "scope", entraScope,
			"client_assertion_type", assertionType, "client_assertion", assertion)
	}
	token := strings.TrimSpace(string(data))
	for range 2 { // it serves until it expires
		if a := ask(token, entraClient); a.StatusCode != 200 {
			t.Errorf("%s", a.body)
		}
	}
	refused(t, "its newline", ask(string(data), entraClient), 401, 50027, "invalid_client")
	refused(t, "another", ask(token[:len(token)-4]+"AAAA", entraClient), 401, 700213, "invalid_client")
	refused(t, "public client", ask(token, entraPublicClient), 401, 700025, "invalid_client")
	if a := ask(token, entraClient+"--unavailable_503"); a.StatusCode != 503 {
		t.Errorf("%s", a.body)
	}
}

func TestADeviceLoginWaitsForAPerson(t *testing.T) {
	r := start(t)
	begin := func() (device, user string) {
		a := r.do(t, "POST", r.URL("entra")+"/common/oauth2/v2.0/devicecode", form("client_id", entraPublicClient, "scope", "openid offline_access"), "Content-Type", formType)
		m := a.json(t)
		if a.StatusCode != 200 || m["verification_uri"] != r.URL("entra")+"/common/oauth2/deviceauth" || m["expires_in"] != float64(900) || m["interval"] != float64(1) {
			t.Fatalf("%s", a.body)
		}
		return m["device_code"].(string), m["user_code"].(string)
	}
	poll := func(device string) answer {
		return r.entraAsk(t, "common", "grant_type", deviceGrant, "client_id", entraPublicClient, "device_code", device)
	}
	decide := func(user, consent string) int {
		return r.do(t, "POST", r.URL("entra")+devicePath, form("user_code", user, "consent", consent), "Content-Type", formType).StatusCode
	}
	device, user := begin()
	refused(t, "pending", poll(device), 400, 70016, "authorization_pending")
	if decide("NOSUCHCOD", "accept") != 400 || decide(user, "perhaps") != 400 || decide(user, "accept") != 200 || decide(user, "decline") != 400 {
		t.Error("the page does not know its codes")
	}
	a := poll(device)
	if m := a.json(t); a.StatusCode != 200 || m["refresh_token"] == nil || m["id_token"] == nil || m["scope"] != "openid offline_access" {
		t.Fatalf("%s", a.body)
	}
	refused(t, "again", poll(device), 400, 70018, "bad_verification_code")
	device, user = begin()
	decide(user, "decline")
	refused(t, "declined", poll(device), 400, 65004, "authorization_declined")
	device, _ = begin()
	r.ahead.Add(int64(deviceLife))
	refused(t, "late", poll(device), 400, 70020, "expired_token")
}

func TestABrowserLoginAsksWhereItIsToldTo(t *testing.T) {
	r := start(t)
	verifier := strings.Repeat("v", 43)
	sum := sha256.Sum256([]byte(verifier))
	q := url.Values{
		"response_type": {"code"}, "client_id": {entraPublicClient}, "redirect_uri": {"http://localhost:9/callback"}, "state": {"s<1>"},
		"code_challenge_method": {"S256"}, "code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])},
		"scope": {"offline_access"}, "prompt": {"consent"},
	}
	address := r.URL("entra") + "/" + entraTenant + "/oauth2/v2.0/authorize"
	a := r.do(t, "GET", address+"?"+q.Encode(), "")
	links := regexp.MustCompile(`href="([^"]+)"`).FindAllStringSubmatch(a.body, -1)
	if a.StatusCode != 200 || len(links) != 2 || strings.Contains(a.body, "<1>") {
		t.Fatalf("%s %s", a.Status, a.body)
	}
	follow := func(i int) url.Values {
		back, err := r.do(t, "GET", address+strings.ReplaceAll(links[i][1], "&amp;", "&"), "").Location()
		if err != nil || back.Host != "localhost:9" || back.Query().Get("state") != "s<1>" {
			t.Fatalf("%v %v", back, err)
		}
		return back.Query()
	}
	if no := follow(1); no.Get("error") != "access_denied" || no.Has("code") {
		t.Errorf("%v", no)
	}
	redeem := func(code string) answer {
		return r.entraAsk(t, entraTenant, "grant_type", "authorization_code", "client_id", entraPublicClient, "code", code,
			"redirect_uri", "http://localhost:9/callback", "code_verifier", verifier)
	}
	code := follow(0).Get("code")
	first := redeem(code)
	if first.StatusCode != 200 {
		t.Fatalf("%s", first.body)
	}
	refused(t, "a code again", redeem(code), 400, 70008, "invalid_grant")
	refresh := fmt.Sprint(first.json(t)["refresh_token"])
	for range 2 { // Entra does not take a refresh token back when it gives a newer one
		if a := r.entraAsk(t, entraTenant, "grant_type", "refresh_token", "client_id", entraPublicClient, "refresh_token", refresh); a.StatusCode != 200 || a.json(t)["refresh_token"] == refresh {
			t.Errorf("%s", a.body)
		}
	}
	refused(t, "another's refresh token", r.entraAsk(t, entraTenant, "grant_type", "refresh_token", "client_id", entraPublicClient, "refresh_token", "x"), 400, 700082, "invalid_grant")
	refused(t, "an app as a person", r.entraAsk(t, entraTenant, "grant_type", "refresh_token", "client_id", entraClient, "refresh_token", refresh), 401, 7000218, "invalid_client")
}

func TestVersionOneTakesAResourceAndWritesStrings(t *testing.T) {
	r := start(t)
	ask := func(pairs ...string) answer {
		pairs = append(pairs, "grant_type", "client_credentials", "client_id", entraClient, "client_secret", r.env["ENTRA_SECRET"])
		return r.do(t, "POST", r.URL("entra")+"/"+entraTenant+"/oauth2/token", form(pairs...), "Content-Type", formType)
	}
	a := ask("resource", "https://api.example.com")
	m := a.json(t)
	if a.StatusCode != 200 || m["expires_in"] != "3599" || m["resource"] != "https://api.example.com" || m["expires_on"] == nil {
		t.Errorf("%s", a.body)
	}
	refused(t, "a scope", ask("scope", entraScope), 400, 900144, "invalid_request")
}

func TestThePublishedKeyVerifiesTokens(t *testing.T) {
	r := start(t)
	keys := r.do(t, "GET", r.URL("entra")+"/common/discovery/v2.0/keys", "").json(t)["keys"].([]any)
	if key := keys[0].(map[string]any); len(keys) != 1 || key["kid"] != entraKeyID || len(key["x"].(string)) != 43 || key["d"] != nil {
		t.Errorf("%v", keys)
	}
	for tenant, issuer := range map[string]string{"common": "{tenantid}", entraTenant: entraTenantID} {
		m := r.do(t, "GET", r.URL("entra")+"/"+tenant+"/v2.0/.well-known/openid-configuration", "").json(t)
		if m["issuer"] != r.URL("entra")+"/"+issuer+"/v2.0" || m["token_endpoint"] != r.URL("entra")+"/"+tenant+"/oauth2/v2.0/token" {
			t.Errorf("%v", m)
		}
	}
}
