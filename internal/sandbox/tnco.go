package sandbox

import (
	"net/http"
	"strings"
	"sync"
	"time"
)

// tnco speaks as legacy Spring Security OAuth does, which IBM TNCO's issuer shows every sign of being.
type tnco struct {
	*world

	mu   sync.Mutex
	kept map[string]string // token by client, user and scope
}

// The defaults of accessTokenValidity and refreshTokenValidity.
const (
	tncoLife        = 1200 * time.Second
	tncoRefreshLife = 30600 * time.Second
)

func newTNCO(w *world) *tnco { return &tnco{world: w, kept: make(map[string]string)} }

func (t *tnco) routes() []route {
	return []route{
		{"token", http.MethodPost, "/oauth/token", true, t.token},
		{"login", http.MethodPost, "/ui/api/login", true, t.login},
		{"login", http.MethodPost, "/api/login", true, t.login},
		{"zen", http.MethodPost, zenPath, true, t.zen},
		{"okta", http.MethodPost, "/oauth2/*/v1/token", true, t.okta},
	}
}

func (t *tnco) token(x *exchange) reply {
	id, given, ok := x.BasicAuth() // decodes base64 and nothing else
	if !ok {
		return t.fail(x, problem{
			status: 401, code: "unauthorized", text: "Full authentication is required to access this resource",
			challenge: `Basic realm="oauth2/client"`,
		})
	}
	if !t.authenticate(x, id, given, tncoClient, oddClient) {
		return t.fail(x, problem{
			status: 401, code: "invalid_client", text: "Bad client credentials", challenge: `Basic realm="oauth2/client"`,
		})
	}
	form, wrong := x.form()
	if wrong != "" {
		return t.fail(x, problem{status: 400, code: "invalid_request", text: wrong})
	}
	for scope := range strings.FieldsSeq(form.Get("scope")) {
		if scope != "all" {
			return t.fail(x, problem{
				status: 400, code: "invalid_scope", text: "Invalid scope: " + scope, extra: []member{{"scope", "all"}},
			})
		}
	}
	who := identity{Provider: "tnco", Grant: form.Get("grant_type"), ClientID: id, Scope: "all"}
	switch who.Grant {
	case "client_credentials":
	case "password":
		who.Username = form.Get("username")
		if !t.user(who.Username, form.Get("password")) {
			return t.fail(x, problem{status: 400, code: "invalid_grant", text: "Bad credentials"})
		}
	case "":
		return t.fail(x, problem{status: 400, code: "invalid_request", text: "Missing grant type"})
	case "refresh_token":
		return t.refresh(id, form.Get("refresh_token"))
	case "authorization_code":
		return t.fail(x, problem{status: 401, code: "invalid_client", text: "Unauthorized grant type: " + who.Grant})
	default:
		text := "Unsupported grant type: " + who.Grant
		return t.fail(x, problem{status: 400, code: "unsupported_grant_type", text: text})
	}
	refresh := ""
	if who.Grant == "password" { // the one grant of this server that comes with a refresh token
		refresh = t.refreshes.give(who, t.clock().Add(tncoRefreshLife))
	}
	return t.granted(who, refresh)
}

// refresh gives a new access token; the refresh token stays as it is. What is wrong is repeated in the error, as the
// real server does.
func (t *tnco) refresh(clientID, text string) reply {
	who, ok := t.refreshes.find(text, "tnco", clientID, t.clock())
	if !ok {
		return t.fail(nil, problem{status: 400, code: "invalid_grant", text: "Invalid refresh token: " + text})
	}
	t.mu.Lock()
	delete(t.kept, keptKey(who))
	t.mu.Unlock()
	return t.granted(who, text)
}

func keptKey(who identity) string {
	return strings.Join([]string{who.ClientID, who.Username, who.Scope}, "\x00")
}

// granted writes a token as the server does: the stored one again for as long as it lives, and its remaining life
// rounded down, so that 1200 s are 1199 in the first reply and 0 in the last second.
func (t *tnco) granted(who identity, refresh string) reply {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := keptKey(who)
	tok, why := t.find(t.kept[key])
	if why != admitted {
		tok = t.issue(uuid(), tncoLife, token{identity: who})
		t.kept[key] = tok.text
	}
	left := (tok.expires.Sub(t.clock()) - 1) / time.Second
	list := members{{"access_token", tok.text}, {"token_type", "bearer"}}
	if refresh != "" {
		list = append(list, member{"refresh_token", refresh})
	}
	rep := object(200, append(list, member{"expires_in", int(left)}, member{"scope", tok.Scope})...)
	rep.token = true
	return springHeaders(rep)
}

func springHeaders(rep reply) reply {
	return rep.with("Cache-Control", "no-store", "Pragma", "no-cache", "Content-Type", "application/json;charset=UTF-8",
		"X-Content-Type-Options", "nosniff", "X-Xss-Protection", "1; mode=block", "X-Frame-Options", "DENY")
}

func (t *tnco) fail(_ *exchange, p problem) reply {
	rep := springHeaders(object(p.status, append([]member{{"error", p.code}, {"error_description", p.text}}, p.extra...)...))
	if p.challenge != "" {
		rep = rep.with("Www-Authenticate", p.challenge)
	}
	return rep
}

func (t *tnco) challenge(x *exchange, why denial) reply {
	code, text := "invalid_token", "Invalid access token"
	switch why {
	case missing:
		code, text = "unauthorized", "Full authentication is required to access this resource"
	case expired:
		text = "Access token expired"
	}
	return t.fail(x, problem{
		status: 401, code: code, text: text,
		challenge: `Bearer realm="oauth", error="` + code + `", error_description="` + text + `"`,
	})
}
