package sandbox

import (
	"net/http"
	"net/url"
	"time"
)

// ping speaks as PingFederate does, the usual authorization server in front of Mule APIs.
type ping struct{ *world }

const (
	pingLife        = 24 * time.Hour
	pingRefreshLife = 30 * 24 * time.Hour
)

func (p *ping) routes() []route {
	return []route{
		{"token", http.MethodPost, "/as/token.oauth2", true, p.token},
		{"authorize", http.MethodGet, "/as/authorization.oauth2", true, p.authorize("mulesoft", pingClient)},
		{"authorize", http.MethodGet, "/authorize", true, p.authorize("mulesoft", pingClient)},
		{"token", http.MethodPost, "/access_token", true, p.module},
		{"validate", http.MethodGet, "/validate", false, p.validate},
		{"revoke", http.MethodPost, "/as/revoke_token.oauth2", true, p.revoke},
		{"revoke", http.MethodPost, "/revoke", true, p.revoke},
	}
}

func (p *ping) token(x *exchange) reply {
	form, id, wrong := p.client(x)
	if wrong != nil {
		return p.fail(x, *wrong)
	}
	who, wrong := p.grantee(id, form)
	if wrong != nil {
		return p.fail(x, *wrong)
	}
	tok := p.issue(opaque(28), pingLife, token{identity: who})
	list := members{{"access_token", tok.text}}
	if who.Username != "" {
		list = append(list, member{"refresh_token", p.refreshes.give(who, p.clock().Add(pingRefreshLife))})
	}
	rep := object(200, append(list, member{"token_type", "Bearer"}, member{"expires_in", int(pingLife.Seconds()) - 1})...)
	rep.token = true
	return pingHeaders(rep)
}

// client reads a form and checks whose it is: the pair in the body or in Basic, as it is written.
func (p *ping) client(x *exchange) (form url.Values, id string, wrong *problem) {
	form, malformed := x.form()
	if malformed != "" {
		return nil, "", &problem{status: 400, code: "invalid_request", text: malformed}
	}
	asWritten := func(s string) (string, error) { return s, nil }
	id, given, malformed := clientPair(x, form, asWritten)
	if malformed != "" {
		return nil, "", &problem{status: 400, code: "invalid_request", text: malformed}
	}
	if p.authenticate(x, id, given, pingClient) {
		return form, id, nil
	}
	wrong = &problem{status: 401, code: "invalid_client", text: "Invalid client or client credentials"}
	if x.Header.Get("Authorization") != "" {
		wrong.challenge = `Basic realm="PingFederate"`
	}
	return nil, "", wrong
}

// grantee is whom a token request stands for. Refresh tokens rotate.
func (p *ping) grantee(id string, form url.Values) (identity, *problem) {
	var ok bool
	who := identity{Provider: "mulesoft", Grant: form.Get("grant_type"), ClientID: id, Scope: form.Get("scope")}
	switch who.Grant {
	case "authorization_code":
		who, ok = p.redeem("mulesoft", id, flat(form))
	case "refresh_token":
		who, ok = p.refreshes.spend(form.Get("refresh_token"), "mulesoft", id, p.clock())
	default:
		return who, p.grant(&who, form)
	}
	if !ok {
		return who, &problem{status: 400, code: "invalid_grant", text: "unknown, invalid, or expired grant"}
	}
	return who, nil
}

func flat(form url.Values) fields {
	f := fields{}
	for name := range form {
		f[name] = form.Get(name)
	}
	return f
}

// module is the token endpoint of Mule's own OAuth 2.0 provider module, where the scope is repeated and the rest is the
// same.
func (p *ping) module(x *exchange) reply {
	rep := p.token(x)
	if form, _ := x.form(); rep.token && form.Get("scope") != "" {
		rep.members = append(rep.members, member{"scope", form.Get("scope")})
	}
	rep.tail = ""
	return rep.with("Content-Type", "application/json; charset=UTF-8")
}

// validate is the module's answer to the policies of APIs: whose the token is, and how long it lives.
func (p *ping) validate(x *exchange) reply {
	left := int(x.token.expires.Sub(p.clock()) / time.Second)
	list := members{{"expires_in", left}, {"scope", x.token.Scope}, {"client_id", x.token.ClientID}}
	if x.token.Username != "" {
		list = append(list, member{"username", x.token.Username})
	}
	return object(200, list...)
}

// revoke ends a token (RFC 7009).
func (p *ping) revoke(x *exchange) reply {
	form, _, wrong := p.client(x)
	if wrong != nil {
		return p.fail(x, *wrong)
	}
	return p.ended(form.Get("token"))
}

func pingHeaders(rep reply) reply {
	rep.tail = "\r\n"
	return rep.with("Content-Type", "application/json;charset=utf-8", "Cache-Control", "no-cache, no-store",
		"Pragma", "no-cache", "Expires", "Thu, 01 Jan 1970 00:00:00 GMT", "Referrer-Policy", "origin")
}

// fail has the description first.
func (p *ping) fail(_ *exchange, pr problem) reply {
	list := append([]member{{"error_description", pr.text}, {"error", pr.code}}, pr.extra...)
	rep := pingHeaders(object(pr.status, list...))
	if pr.challenge != "" {
		rep = rep.with("Www-Authenticate", pr.challenge)
	}
	return rep
}

func (p *ping) challenge(_ *exchange, why denial) reply { return rfcChallenge(why) }
