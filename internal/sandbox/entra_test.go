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

func TestEntraNamesEachMistakeByItsNumber(t *testing.T) {
	r := start(t)
	for _, test := range []struct {
		code, status           int
		oauth, tenant          string
		changed, value, header string
	}{
		{7000215, 401, "invalid_client", entraTenant, "client_secret", "wrong", ""},
		{7000215, 401, "invalid_client", entraTenantID, "client_secret", r.env["ENTRA_SECRET"] + "\n", ""},
		{7000216, 401, "invalid_client", entraTenant, "client_secret", "-", ""},
		{700016, 400, "unauthorized_client", entraTenant, "client_id", tncoClient, ""},
		{90002, 400, "invalid_request", "other.example.com", "", "", ""},
		{900023, 400, "invalid_request", "other", "", "", ""},
		{50059, 400, "invalid_request", "common", "", "", ""},
		{900144, 400, "invalid_request", entraTenant, "grant_type", "-", ""},
		{900144, 400, "invalid_request", entraTenant, "scope", "-", ""},
		{70003, 400, "unsupported_grant_type", entraTenant, "grant_type", "password", ""},
		{901002, 400, "invalid_request", entraTenant, "resource", "https://api.example.com", ""},
		{1002012, 400, "invalid_scope", entraTenant, "scope", "api://sandbox.example.com/read", ""},
		{1002012, 400, "invalid_scope", entraTenant, "scope", "api%3A%2F%2Fsandbox/.default", ""},
		{70011, 400, "invalid_scope", entraTenant, "scope", "api://a/.default api://b/.default", ""},
		{9002313, 400, "invalid_request", entraTenant, "claims", "{", ""},
	} {
		t.Run(fmt.Sprintf("AADSTS%d %s", test.code, test.changed), func(t *testing.T) {
			values := url.Values{
				"grant_type": {"client_credentials"}, "client_id": {entraClient}, "client_secret": {r.env["ENTRA_SECRET"]},
				"scope": {entraScope},
			}
			switch test.value {
			case "-":
				values.Del(test.changed)
			case "":
			default:
				values.Set(test.changed, test.value)
			}
			a := r.do(t, "POST", r.URL("entra")+"/"+test.tenant+"/oauth2/v2.0/token", values.Encode(),
				"Content-Type", formType, "client-request-id", "abc", "return-client-request-id", "true")
			m := a.json(t)
			if a.StatusCode != test.status || m["error"] != test.oauth || m["error_codes"].([]any)[0] != float64(test.code) {
				t.Errorf("%s %s", a.Status, a.body)
			}
			if !strings.HasPrefix(m["error_description"].(string), fmt.Sprintf("AADSTS%d: ", test.code)) || m["correlation_id"] != "abc" ||
				a.Header.Get("Client-Request-Id") != "abc" || a.Header.Get("X-Ms-Request-Id") == "" {
				t.Errorf("%s", a.body)
			}
			order := regexp.MustCompile(`^{"error":.*"error_description":.*"error_codes":.*"timestamp":.*"trace_id":.*"correlation_id":.*"error_uri":`)
			if !order.MatchString(a.body) {
				t.Errorf("order of members: %s", a.body)
			}
		})
	}
}

func TestATokenIsForTheAPIWhosePermissionsAreAsked(t *testing.T) {
	for scope, want := range map[string]string{
		"openid offline_access api://sandbox.example.com/things.read": "api://sandbox.example.com",
		"https://graph.microsoft.com/User.Read openid":                "https://graph.microsoft.com",
		"openid profile": graphID,
	} {
		if aud := audience(identity{Username: userName, Scope: scope}); aud != want {
			t.Errorf("%s: %s", scope, aud)
		}
	}
	for scope, want := range map[string]string{entraScope: "api://sandbox.example.com", "https://api.example.com": "https://api.example.com"} {
		if aud := audience(identity{Scope: scope}); aud != want {
			t.Errorf("%s: %s", scope, aud)
		}
	}
}

func TestAnIDTokenRepeatsItsRequestsNonceAndARefreshedOneHasNone(t *testing.T) {
	r := start(t)
	verifier, back := strings.Repeat("v", 43), "http://127.0.0.1:9/callback"
	sum := sha256.Sum256([]byte(verifier))
	q := url.Values{
		"response_type": {"code"}, "client_id": {entraPublicClient}, "redirect_uri": {back}, "scope": {"openid offline_access"}, "nonce": {"n-0S6"},
		"code_challenge_method": {"S256"}, "code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])},
	}
	to, err := r.do(t, "GET", r.URL("entra")+"/"+entraTenant+"/oauth2/v2.0/authorize?"+q.Encode(), "").Location()
	if err != nil {
		t.Fatal(err)
	}
	claims := func(a answer) string {
		parts := strings.Split(fmt.Sprint(a.json(t)["id_token"]), ".")
		if len(parts) != 3 {
			t.Fatalf("%s", a.body)
		}
		text, _ := base64.RawURLEncoding.DecodeString(parts[1])
		return string(text)
	}
	first := r.entraAsk(t, entraTenant, "grant_type", "authorization_code", "client_id", entraPublicClient, "code", to.Query().Get("code"),
		"redirect_uri", back, "code_verifier", verifier)
	if got := claims(first); !strings.Contains(got, `"nonce":"n-0S6"`) {
		t.Error(got)
	}
	again := r.entraAsk(t, entraTenant, "grant_type", "refresh_token", "client_id", entraPublicClient,
		"refresh_token", fmt.Sprint(first.json(t)["refresh_token"]))
	if got := claims(again); strings.Contains(got, "nonce") {
		t.Error(got)
	}
}
