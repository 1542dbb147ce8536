package sandbox

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
)

func TestAPIConnectListsRealmsToAnybody(t *testing.T) {
	r := start(t)
	a := r.do(t, "GET", r.URL("apiconnect")+"/api/cloud/provider/identity-providers", "")
	results := a.json(t)["results"].([]any)
	first, second := results[0].(map[string]any), results[1].(map[string]any)
	if first["registry_type"] != "oidc" || first["default"] != true || second["realm"] != "provider/default-idp-2" ||
		second["registry_type"] != "lur" || second["default"] != false || a.json(t)["total_results"] != 2.0 {
		t.Errorf("provider: %s", a.body)
	}
	admin := r.do(t, "GET", r.URL("apiconnect")+"/api/cloud/admin/identity-providers", "")
	if !strings.Contains(admin.body, `"realm":"admin/default-idp-1"`) || r.Requests("apiconnect.realms") != 2 {
		t.Errorf("admin: %s", admin.body)
	}
}

// apicToken sends a token request with further members.
func (r *rig) apicToken(t *testing.T, members string) answer {
	t.Helper()
	return r.do(t, "POST", r.URL("apiconnect")+"/api/token",
		fmt.Sprintf(`{"client_id":%q,"client_secret":%q,%s}`, managerClient, managerSecret, members), "Content-Type", jsonType)
}

func TestAPIConnectWantsTheUsersOwnRealm(t *testing.T) {
	r := start(t)
	for realm, status := range map[string]int{
		providerRealm: 200, "provider/common-services": 401, adminRealm: 401, providerRealm + " ": 401, "": 400,
	} {
		a := r.apicToken(t, fmt.Sprintf(`"grant_type":"password","username":"chrisp","password":%q,"realm":%q`, r.env["PASSWORD"], realm))
		if a.StatusCode != status || a.Header.Get("X-Request-Id") == "" {
			t.Errorf("realm %q: %s %s", realm, a.Status, a.body)
		}
	}
	claims := r.apicToken(t, fmt.Sprintf(`"grant_type":"password","username":"admin","password":%q,"realm":"admin/default-idp-1"`, r.env["PASSWORD"]))
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(claims.json(t)["access_token"].(string), ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"iss":"IBM API Connect"`, `"realm":"admin/default-idp-1"`, `"username":"admin"`, `"grant_type":"password"`, `"scopes":[`} {
		if !strings.Contains(string(payload), want) {
			t.Errorf("claims %s lack %s", payload, want)
		}
	}
}

func TestAnAPIKeyIsGoodForOneTokenAndFiveMinutes(t *testing.T) {
	r := start(t)
	password := fmt.Sprintf(`"grant_type":"password","username":"chrisp","password":%q,"realm":"provider/default-idp-2"`, r.env["PASSWORD"])
	user := "Bearer " + r.apicToken(t, password).json(t)["access_token"].(string)
	newKey := func(auth string) answer {
		return r.do(t, "POST", r.URL("apiconnect")+"/api/cloud/api-keys", `{"client_type":"toolkit","description":"test"}`,
			"Content-Type", jsonType, "Authorization", auth)
	}
	spend := func(key any) int {
		return r.apicToken(t, fmt.Sprintf(`"grant_type":"api_key","api_key":%q`, key)).StatusCode
	}
	made := newKey(user)
	key := made.json(t)["api_key"]
	if made.StatusCode != 201 || spend(key) != 200 || spend(key) != 401 {
		t.Errorf("a key was not good for exactly one token: %s", made.body)
	}
	key = newKey(user).json(t)["api_key"]
	r.ahead.Add(int64(apiKeyLife))
	if spend(key) != 401 {
		t.Error("a key outlived its five minutes")
	}
	client := r.apicToken(t, `"grant_type":"client_credentials"`).json(t)["access_token"].(string)
	if a := newKey("Bearer " + client); a.StatusCode != 403 {
		t.Errorf("a client without a user got a key: %s", a.body)
	}
	me := r.do(t, "GET", r.URL("apiconnect")+"/api/me", "", "Authorization", user)
	if me.json(t)["username"] != "chrisp" || me.json(t)["realm"] != providerRealm {
		t.Errorf("me: %s", me.body)
	}
}

func TestAnypointTellsTheAppWhoItIs(t *testing.T) {
	r := start(t)
	token := r.do(t, "POST", r.URL("anypoint")+"/accounts/api/v2/oauth2/token",
		fmt.Sprintf(`{"client_id":%q,"client_secret":%q,"grant_type":"client_credentials"}`, anypointClient, r.env["ANYPOINT_SECRET"]),
		"Content-Type", jsonType).json(t)["access_token"].(string)
	me := r.do(t, "GET", r.URL("anypoint")+"/accounts/api/me", "", "Authorization", "Bearer "+token)
	if !strings.Contains(me.body, `"org_id":"`+anypointOrg+`"`) || !strings.Contains(me.body, anypointClient) {
		t.Errorf("me: %s", me.body)
	}
}
