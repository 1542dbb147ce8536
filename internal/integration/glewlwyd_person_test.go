//go:build integration && linux

package integration

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// standing asks about a token as the administrator's client does, by an access token with the scope for that.
func (g *glewlwyd) standing(t *testing.T, token string) bool {
	t.Helper()
	ask := func(path, authorization string, form url.Values, into any) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, g.origin()+path, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Authorization", authorization)
		res, err := g.client(t).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		body, _ := io.ReadAll(io.LimitReader(res.Body, 1<<20))
		if err := json.Unmarshal(body, into); err != nil {
			t.Fatalf("%s: %s %s", path, res.Status, body)
		}
	}
	before := g.asked(t)
	var own struct {
		Token string `json:"access_token"`
	}
	ask(g.tokenPath, "Basic "+base64.StdEncoding.EncodeToString([]byte("cc:cc-secret")),
		url.Values{"grant_type": {"client_credentials"}, "scope": {"openid"}}, &own)
	var reply struct{ Active bool }
	ask(g.introspect, "Bearer "+own.Token, url.Values{"token": {token}}, &reply)
	g.asked(t)
	g.carry(before)
	return reply.Active
}

// agrees is alice at the page that a browser or a device sent her to: she is logged in and presses "continue".
func (g *glewlwyd) agrees(t *testing.T, _ *idp, address string) {
	t.Helper()
	path := strings.TrimPrefix(address, g.origin())
	g.send(t, g.alice, http.MethodGet, path+"&g_continue", "")
}

// agreesAside is alice when an application asked for her behind her back (CIBA): she looks at what waits for her.
func (g *glewlwyd) agreesAside(t *testing.T, _ *idp, _ string) {
	t.Helper()
	var waiting []struct {
		ID      string `json:"user_req_id"`
		Message string `json:"binding_message"`
	}
	until(t, "a request that waits for alice", func() bool {
		reply := g.send(t, g.alice, http.MethodGet, "/api/oidc/ciba_user_list/", "")
		return json.Unmarshal(reply, &waiting) == nil && len(waiting) == 1
	})
	if waiting[0].Message != "W4SCT" {
		t.Errorf("alice is told %q", waiting[0].Message)
	}
	g.send(t, g.alice, http.MethodGet, "/api/oidc/ciba_user_check?user_req_id="+waiting[0].ID+"&g_continue", "")
}
