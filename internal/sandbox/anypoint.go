package sandbox

import (
	"net/http"
	"strings"
	"time"
)

// anypoint speaks as the Anypoint Platform does. Its error bodies are not documented: these are plain.
type anypoint struct{ *world }

const (
	anypointLife        = time.Hour
	anypointRefreshLife = 90 * 24 * time.Hour
	anypointOrg         = "7d2f4b90-1c3e-4a5d-8f60-9b8a7c6d5e4f"
	anypointOAuth       = "/accounts/api/v2/oauth2"
	jwtBearer           = "urn:ietf:params:oauth:grant-type:jwt-bearer"
)

func (a *anypoint) routes() []route {
	return []route{
		{"token", http.MethodPost, anypointOAuth + "/token", true, a.token},
		{"authorize", http.MethodGet, anypointOAuth + "/authorize", true, a.authorize("anypoint", anypointClient)},
		{"revoke", http.MethodPost, anypointOAuth + "/revoke", true, a.revoke},
		{"login", http.MethodPost, "/accounts/login", true, a.login},
		{"me", http.MethodGet, "/accounts/api/me", false, a.me},
	}
}

// request reads JSON, as the product's own clients send it, or a form.
func (a *anypoint) request(x *exchange) (fields, bool) {
	if body, ok := x.object(); ok {
		return body, true
	}
	form, wrong := x.form()
	body := fields{}
	for name := range form {
		body[name] = form.Get(name)
	}
	return body, wrong == "" && len(form) > 0
}

// client reads a request and checks whose it is.
func (a *anypoint) client(x *exchange) (fields, *problem) {
	body, ok := a.request(x)
	switch {
	case !ok:
		return nil, &problem{status: 400, code: "invalid_request", text: "a JSON object is expected"}
	case !a.authenticate(x, body.text("client_id"), body.text("client_secret"), anypointClient):
		return nil, &problem{status: 401, code: "invalid_client", text: "Invalid client id or secret"}
	}
	return body, nil
}

func (a *anypoint) token(x *exchange) reply {
	body, wrong := a.client(x)
	if wrong != nil {
		return a.fail(x, *wrong)
	}
	who, wrong := a.grantee(x, body)
	if wrong != nil {
		return a.fail(x, *wrong)
	}
	tok := a.issue(uuid(), anypointLife, token{identity: who})
	list := members{{"access_token", tok.text}, {"expires_in", int(anypointLife.Seconds())}, {"token_type", "bearer"}}
	if who.Grant == "authorization_code" {
		list = append(list, member{"refresh_token", a.refreshes.give(who, a.clock().Add(anypointRefreshLife))})
	}
	rep := object(200, list...)
	rep.token = true
	return rep.with("Content-Type", "application/json; charset=utf-8", "Cache-Control", "no-store")
}

// grantee is whom a token request stands for.
func (a *anypoint) grantee(x *exchange, body fields) (who identity, wrong *problem) {
	var ok bool
	id := body.text("client_id")
	switch grant := body.text("grant_type"); grant {
	case "client_credentials":
		return identity{Provider: "anypoint", Grant: grant, ClientID: id}, nil
	case "authorization_code":
		who, ok = a.redeem("anypoint", id, body)
	case "refresh_token":
		who, ok = a.refreshes.spend(body.text("refresh_token"), "anypoint", id, a.clock())
	case jwtBearer:
		who, ok = a.asserted(x, id, body.text("assertion"))
	default:
		return identity{}, &problem{status: 400, code: "unsupported_grant_type", text: "grant_type is not supported"}
	}
	if !ok {
		return identity{}, &problem{status: 400, code: "invalid_grant", text: "the code, refresh token or assertion is invalid"}
	}
	return who, nil
}

// asserted reads whom an assertion names that the app's key has signed: iss the client, sub "version|idp|username", aud
// the token URL.
func (a *anypoint) asserted(x *exchange, clientID, assertion string) (identity, bool) {
	var claims struct {
		Iss, Sub, Aud string
		Exp           float64
	}
	if !a.anypointKey.claims(assertion, &claims) {
		return identity{}, false
	}
	sub := strings.Split(claims.Sub, "|")
	base, _, _ := a.registered(clientID, anypointClient)
	ok := (claims.Iss == base || claims.Iss == clientID) && len(sub) >= 3 && claims.Aud == x.origin.url+anypointOAuth+"/token" &&
		a.clock().Before(time.Unix(int64(claims.Exp), 0))
	if !ok {
		return identity{}, false
	}
	return identity{Provider: "anypoint", Grant: jwtBearer, ClientID: clientID, Username: sub[2]}, true
}

// login is that of the platform's own page: no client, and no word of how long the token lives.
func (a *anypoint) login(x *exchange) reply {
	body, ok := a.request(x)
	if !ok {
		return a.fail(x, problem{status: 400, code: "invalid_request", text: "a JSON object is expected"})
	}
	name, ok := a.person(x, body.text("username"), body.text("password"), a.password)
	if !ok {
		return text(http.StatusUnauthorized, "text/plain; charset=utf-8", "Unauthorized")
	}
	tok := a.issue(uuid(), anypointLife, token{identity: identity{Provider: "anypoint", Grant: "login", Username: name}})
	rep := object(200, member{"access_token", tok.text}, member{"token_type", "bearer"}, member{"redirectUrl", "/home/"})
	rep.token = true
	return rep.with("Cache-Control", "no-store")
}

// revoke ends a token (RFC 7009); one that nobody knows is none to end.
func (a *anypoint) revoke(x *exchange) reply {
	body, wrong := a.client(x)
	if wrong != nil {
		return a.fail(x, *wrong)
	}
	return a.ended(body.text("token"))
}

// me is the connected app's own record, or the user's.
func (a *anypoint) me(x *exchange) reply {
	if x.token.Username != "" {
		return object(200, member{"user", members{
			{"username", x.token.Username}, {"organization", members{{"id", anypointOrg}}},
		}})
	}
	return object(200, member{"client", members{
		{"client_id", x.token.ClientID}, {"name", "sandbox app"}, {"org_id", anypointOrg},
	}})
}

func (a *anypoint) fail(_ *exchange, p problem) reply { return rfcError(p) }

func (a *anypoint) challenge(*exchange, denial) reply {
	return text(401, "text/plain; charset=utf-8", "Unauthorized").with("Www-Authenticate", `Bearer realm="anypoint"`)
}
