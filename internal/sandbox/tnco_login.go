package sandbox

import (
	"net/http"
	"strings"
	"time"
)

const (
	zenPath  = "/icp4d-api/v1/authorize"
	zenLife  = 12 * time.Hour
	oktaLife = time.Hour
)

// login is the older login of the product's user interface: no client, JSON, members in camel case.
func (t *tnco) login(x *exchange) reply {
	body, ok := x.object()
	if !ok {
		return bootError(x, http.StatusUnsupportedMediaType, "Content type '"+x.mediaType()+"' not supported")
	}
	name, ok := t.person(x, body.text("username"), body.text("password"), t.password)
	if !ok {
		return bootError(x, http.StatusUnauthorized, "Bad credentials")
	}
	if x.fault == oldLogin && x.path != "/api/login" {
		return bootError(x, http.StatusNotFound, "No message available")
	}
	tok := t.issue(uuid(), tncoLife, token{identity: identity{Provider: "tnco", Grant: "login", Username: name}})
	rep := object(200, member{"accessToken", tok.text}, member{"expiresIn", int(tncoLife.Seconds()) - 1})
	rep.token = true
	return springHeaders(rep)
}

// oldLogin is the fault of installations whose login lies at the older address.
const oldLogin = "old_login"

// bootError is the error page of Spring Boot, whose error is the status in words.
func bootError(x *exchange, status int, text string) reply {
	return springHeaders(object(status,
		member{"timestamp", x.origin.world.clock().UnixMilli()}, member{"status", status},
		member{"error", http.StatusText(status)}, member{"message", text}, member{"path", x.path}))
}

// zen is the login of the Cloud Pak around the product: an API key or a password for a JWT that alone says how long it
// lives.
func (t *tnco) zen(x *exchange) reply {
	body, ok := x.object()
	if !ok {
		return zenError(http.StatusBadRequest, "A JSON body is required")
	}
	want, proof := t.password, body.text("password")
	if _, ok := body["api_key"]; ok {
		want, proof = t.apiKey, body.text("api_key")
	}
	name, ok := t.person(x, body.text("username"), proof, want)
	if !ok {
		return zenError(http.StatusUnauthorized, "Invalid credentials")
	}
	now := t.clock()
	text := t.jwt(members{
		{"uid", "1000330999"},
		{"username", name},
		{"role", "Admin"},
		{"permissions", []string{"administrator"}},
		{"sub", name},
		{"iss", "KNOXSSO"},
		{"aud", "DSX"},
		{"iat", now.Unix()},
		{"exp", now.Add(zenLife).Unix()},
		{"jti", uuid()},
	})
	t.issue(text, zenLife, token{identity: identity{Provider: "tnco", Grant: "zen", Username: name}})
	rep := object(200, member{"_messageCode_", "200"}, member{"message", "Success"}, member{"token", text})
	rep.token = true
	return rep
}

func zenError(status int, text string) reply {
	return object(status, member{"_messageCode_", "401"}, member{"message", text})
}

// okta is an Okta authorization server in front of the product.
func (t *tnco) okta(x *exchange) reply {
	if server := strings.Split(x.path, "/")[2]; server != oktaServer {
		return object(http.StatusNotFound, member{"errorCode", "E0000007"},
			member{"errorSummary", "Not found: Resource not found: " + server + " (AuthorizationServer)"})
	}
	id, given, ok := x.BasicAuth()
	if !ok || !t.authenticate(x, id, given, tncoClient, oddClient) {
		return rfcError(problem{
			status: 401, code: "invalid_client", text: "The client secret supplied for a confidential client is invalid.",
		})
	}
	form, wrong := x.form()
	if wrong != "" {
		return rfcError(problem{status: 400, code: "invalid_request", text: wrong})
	}
	who := identity{Provider: "tnco", Grant: form.Get("grant_type"), ClientID: id, Scope: form.Get("scope")}
	if p := t.grant(&who, form); p != nil {
		return rfcError(*p)
	}
	if who.Grant == "password" && who.Scope == "" {
		return rfcError(problem{status: 400, code: "invalid_scope", text: "The requested scopes are empty."})
	}
	tok := t.issue(opaque(64), oktaLife, token{identity: who})
	list := members{{"token_type", "Bearer"}, {"expires_in", int(oktaLife.Seconds())}, {"access_token", tok.text}}
	if who.Scope != "" {
		list = append(list, member{"scope", who.Scope})
	}
	rep := object(200, list...)
	rep.token = true
	return rep.with("Cache-Control", "no-store", "Pragma", "no-cache")
}
