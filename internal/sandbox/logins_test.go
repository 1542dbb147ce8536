package sandbox

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

func TestTheOlderLoginLiesAtTheOlderAddressWhereTheFaultSaysSo(t *testing.T) {
	r := start(t)
	body := fmt.Sprintf(`{"username":"chrisp--old_login","password":%q}`, r.env["PASSWORD"])
	gone := r.do(t, "POST", r.URL("tnco")+"/ui/api/login", body, "Content-Type", jsonType)
	if gone.StatusCode != 404 || gone.json(t)["error"] != "Not Found" || gone.json(t)["path"] != "/ui/api/login" {
		t.Errorf("%s %s", gone.Status, gone.body)
	}
	there := r.do(t, "POST", r.URL("tnco")+"/api/login", body, "Content-Type", jsonType)
	if there.StatusCode != 200 || there.json(t)["accessToken"] == "" || r.Requests("tnco.login") != 2 {
		t.Errorf("%s %s", there.Status, there.body)
	}
	called := r.do(t, "GET", r.URL("tnco")+"/things", "", "Authorization", "Bearer "+there.json(t)["accessToken"].(string))
	if called.StatusCode != 200 || !strings.Contains(called.body, `"username":"chrisp"`) {
		t.Errorf("%s %s", called.Status, called.body)
	}
}

func TestAUsersNameMayCarryAFaultWhereThereIsNoClient(t *testing.T) {
	r := start(t)
	login := func(name, password string) answer {
		return r.do(t, "POST", r.URL("tnco")+"/ui/api/login", fmt.Sprintf(`{"username":%q,"password":%q}`, name, password), "Content-Type", jsonType)
	}
	if a := login("chrisp--expires_zero", r.env["PASSWORD"]); !strings.Contains(a.body, `"expiresIn":0`) {
		t.Errorf("%s", a.body)
	}
	if a := login("chrisp--dup_key", r.env["PASSWORD"]); strings.Count(a.body, `"accessToken"`) != 2 {
		t.Errorf("%s", a.body)
	}
	for _, name := range []string{"chrisp--dup_key", "chrisp--nonsense", "nobody--dup_key"} {
		if a := login(name, "wrong"); a.StatusCode != 401 || !strings.Contains(a.body, `"error":"Unauthorized"`) {
			t.Errorf("%s: %s %s", name, a.Status, a.body)
		}
	}
}

func TestTNCORefreshesAUsersTokenAndKeepsTheRefreshToken(t *testing.T) {
	r := start(t)
	ask := func(body string) map[string]any {
		return r.do(t, "POST", r.URL("tnco")+"/oauth/token", body,
			"Content-Type", formType, "Authorization", basic(tncoClient, r.env["TNCO_SECRET"])).json(t)
	}
	first := ask(form("grant_type", "password", "username", userName, "password", r.env["PASSWORD"]))
	again := ask(form("grant_type", "refresh_token", "refresh_token", first["refresh_token"].(string)))
	if again["refresh_token"] != first["refresh_token"] || again["access_token"] == first["access_token"] {
		t.Errorf("%v, then %v", first, again)
	}
	r.ahead.Add(int64(tncoRefreshLife))
	if late := ask(form("grant_type", "refresh_token", "refresh_token", first["refresh_token"].(string))); late["error"] != "invalid_grant" {
		t.Errorf("%v", late)
	}
}

func TestAConsumerHasARealmAndEndpointsOfItsOwn(t *testing.T) {
	r := start(t)
	consumer := []string{"Content-Type", jsonType, "X-IBM-Consumer-Context", "sandbox-org.sandbox"}
	list := r.do(t, "GET", r.URL("apiconnect")+"/consumer-api/consumer/identity-providers", "", consumer...)
	if list.StatusCode != 200 || !strings.Contains(list.body, `"realm":"consumer:sandbox-org:sandbox/sandbox-idp"`) {
		t.Fatalf("%s %s", list.Status, list.body)
	}
	login := func(path, realm string, headers ...string) answer {
		body := fmt.Sprintf(`{"client_id":%q,"client_secret":%q,"grant_type":"password","username":"devon","password":%q,"realm":%q}`,
			consumerClient, consumerSecret, r.env["PASSWORD"], realm)
		return r.do(t, "POST", r.URL("apiconnect")+path, body, headers...)
	}
	good := login("/consumer-api/token", consumerRealm, consumer...)
	me := r.do(t, "GET", r.URL("apiconnect")+"/consumer-api/me", "",
		append(consumer, "Authorization", "Bearer "+good.json(t)["access_token"].(string))...)
	if me.json(t)["username"] != "devon" || me.json(t)["realm"] != consumerRealm {
		t.Errorf("%s", me.body)
	}
	for name, a := range map[string]answer{
		"at the provider's endpoint": login("/api/token", consumerRealm, consumer...),
		"another realm":              login("/consumer-api/token", providerRealm, consumer...),
		"another catalog":            login("/consumer-api/token", consumerRealm, "Content-Type", jsonType, "X-IBM-Consumer-Context", "sandbox-org.other"),
	} {
		if a.StatusCode < 400 {
			t.Errorf("%s: %s", name, a.body)
		}
	}
}

func TestASignInPageShowsAKeyToWhoSignsIn(t *testing.T) {
	r := start(t)
	page := r.URL("apiconnect") + "/auth/manager/sign-in/?from=TOOLKIT"
	if a := r.do(t, "GET", page, ""); a.StatusCode != 200 || !strings.Contains(a.body, "<form") {
		t.Errorf("%s %s", a.Status, a.body)
	}
	if a := r.do(t, "POST", page, form("username", userName, "password", "wrong"), "Content-Type", formType); a.StatusCode != 401 {
		t.Errorf("%s %s", a.Status, a.body)
	}
	shown := r.do(t, "POST", page, form("username", userName, "password", r.env["PASSWORD"]), "Content-Type", formType)
	key := regexp.MustCompile(`<code>([-0-9a-f]+)</code>`).FindStringSubmatch(shown.body)
	if len(key) != 2 {
		t.Fatalf("%s", shown.body)
	}
	for _, status := range []int{200, 401} {
		if a := r.apicToken(t, fmt.Sprintf(`"grant_type":"api_key","api_key":%q`, key[1])); a.StatusCode != status {
			t.Errorf("%s %s, want %d", a.Status, a.body, status)
		}
	}
}

func TestAPIConnectRotatesRefreshTokens(t *testing.T) {
	r := start(t)
	ask := func(members string) answer {
		return r.do(t, "POST", r.URL("apiconnect")+"/api/token",
			fmt.Sprintf(`{"client_id":%q,"client_secret":%q,%s}`, toolkitClient, toolkitSecret, members), "Content-Type", jsonType)
	}
	first := ask(fmt.Sprintf(`"grant_type":"password","username":"chrisp","password":%q,"realm":%q`, r.env["PASSWORD"], providerRealm)).json(t)
	refresh := fmt.Sprintf(`"grant_type":"refresh_token","refresh_token":%q,"realm":%q`, first["refresh_token"], providerRealm)
	second := ask(refresh)
	if second.StatusCode != 200 || second.json(t)["refresh_token"] == first["refresh_token"] {
		t.Errorf("%s %s", second.Status, second.body)
	}
	if again := ask(refresh); again.StatusCode != 401 {
		t.Errorf("the old one served twice: %s", again.body)
	}
}

// signedIn is the code of an authorization request, as a browser brings it back.
func (r *rig) signedIn(t *testing.T, endpoint, clientID, verifier string) string {
	t.Helper()
	sum := sha256.Sum256([]byte(verifier))
	q := url.Values{
		"response_type": {"code"}, "client_id": {clientID}, "redirect_uri": {"http://127.0.0.1:9/callback"}, "state": {"s1"},
		"code_challenge_method": {"S256"}, "code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])},
	}
	a := r.do(t, "GET", endpoint+"?"+q.Encode(), "")
	back, err := a.Location()
	if err != nil || back.Host != "127.0.0.1:9" || back.Query().Get("state") != "s1" {
		t.Fatalf("%s %v %v", a.Status, back, err)
	}
	return back.Query().Get("code")
}

func TestACodeServesOnceWithItsVerifier(t *testing.T) {
	r := start(t)
	verifier := strings.Repeat("v", 43)
	platform := r.URL("anypoint") + "/accounts/api/v2/oauth2"
	redeem := func(code, verifier string) answer {
		return r.do(t, "POST", platform+"/token", fmt.Sprintf(
			`{"grant_type":"authorization_code","client_id":%q,"client_secret":%q,"code":%q,"redirect_uri":"http://127.0.0.1:9/callback","code_verifier":%q}`,
			anypointClient, r.env["ANYPOINT_SECRET"], code, verifier), "Content-Type", jsonType)
	}
	code := r.signedIn(t, platform+"/authorize", anypointClient, verifier)
	good := redeem(code, verifier)
	if good.StatusCode != 200 || good.json(t)["refresh_token"] == nil {
		t.Fatalf("%s %s", good.Status, good.body)
	}
	stolen := r.signedIn(t, platform+"/authorize", anypointClient, verifier)
	late := r.signedIn(t, platform+"/authorize", anypointClient, verifier)
	for name, a := range map[string]answer{"again": redeem(code, verifier), "another verifier": redeem(stolen, strings.Repeat("w", 43))} {
		if a.StatusCode != 400 || a.json(t)["error"] != "invalid_grant" {
			t.Errorf("%s: %s %s", name, a.Status, a.body)
		}
	}
	r.ahead.Add(int64(codeLife))
	if a := redeem(late, verifier); a.StatusCode != 400 {
		t.Errorf("late: %s", a.body)
	}
	r.ahead.Add(-int64(codeLife))
	refreshed := r.do(t, "POST", platform+"/token", fmt.Sprintf(`{"grant_type":"refresh_token","client_id":%q,"client_secret":%q,"refresh_token":%q}`,
		anypointClient, r.env["ANYPOINT_SECRET"], good.json(t)["refresh_token"]), "Content-Type", jsonType)
	me := r.do(t, "GET", r.URL("anypoint")+"/accounts/api/me", "", "Authorization", "Bearer "+refreshed.json(t)["access_token"].(string))
	if !strings.Contains(me.body, `"username":"chrisp"`) {
		t.Errorf("%s", me.body)
	}
}

func TestNoCodeGoesAnywhereButToThisMachine(t *testing.T) {
	r := start(t)
	for _, back := range []string{"https://evil.example.com/", "http://evil.example.com/cb", "http://127.0.0.1.evil.example.com/", "", "http://127.0.0.1:9/cb?x=y"} {
		a := r.do(t, "GET", r.URL("mulesoft")+"/as/authorization.oauth2?response_type=code&client_id="+pingClient+"&redirect_uri="+url.QueryEscape(back), "")
		if a.StatusCode != 400 || a.Header.Get("Location") != "" {
			t.Errorf("%s: %s %v", back, a.Status, a.Header)
		}
	}
	a := r.do(t, "GET", r.URL("mulesoft")+"/as/authorization.oauth2?response_type=code&client_id="+pingClient+"&redirect_uri=http%3A%2F%2F127.0.0.1%3A9%2Fcb", "")
	if !strings.Contains(a.Header.Get("Location"), "error=invalid_request") {
		t.Errorf("without PKCE: %s", a.Header.Get("Location"))
	}
}

func TestValidateSaysWhoseATokenIs(t *testing.T) {
	r := start(t)
	pair := []string{"client_id", pingClient, "client_secret", r.env["MULESOFT_SECRET"]}
	validate := func(grant ...string) map[string]any {
		a := r.do(t, "POST", r.URL("mulesoft")+"/access_token", form(append(grant, pair...)...), "Content-Type", formType)
		token := fmt.Sprint(a.json(t)["access_token"])
		return r.do(t, "GET", r.URL("mulesoft")+"/validate", "", "Authorization", "Bearer "+token).json(t)
	}
	user := validate("grant_type", "password", "username", userName, "password", r.env["PASSWORD"])
	if user["username"] != userName || user["client_id"] != pingClient || user["expires_in"] == nil {
		t.Errorf("%v", user)
	}
	if client := validate("grant_type", "client_credentials"); client["username"] != nil || client["client_id"] != pingClient {
		t.Errorf("%v", client)
	}
}

func TestARevokedTokenIsUnknown(t *testing.T) {
	r := start(t)
	token := r.muleToken(t)
	pair := []string{"client_id", pingClient, "client_secret", r.env["MULESOFT_SECRET"]}
	valid := func() int {
		return r.do(t, "GET", r.URL("mulesoft")+"/validate", "", "Authorization", "Bearer "+token).StatusCode
	}
	if valid() != 200 {
		t.Fatal("the token is not valid to begin with")
	}
	for range 2 { // RFC 7009: the second time as well
		if a := r.do(t, "POST", r.URL("mulesoft")+"/revoke", form(append(pair, "token", token)...), "Content-Type", formType); a.StatusCode != 200 {
			t.Errorf("%s %s", a.Status, a.body)
		}
	}
	if valid() != 401 {
		t.Error("still valid")
	}
}
