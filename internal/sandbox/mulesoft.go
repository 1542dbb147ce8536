package sandbox

import (
	"net/http"
	"time"
)

// ping speaks as PingFederate does, the usual authorization server in front of Mule APIs.
type ping struct{ *world }

const pingLife = 24 * time.Hour

func (p *ping) routes() []route {
	return []route{{"token", http.MethodPost, "/as/token.oauth2", true, p.token}}
}

func (p *ping) token(x *exchange) reply {
	form, wrong := x.form()
	if wrong != "" {
		return p.fail(x, problem{status: 400, code: "invalid_request", text: wrong})
	}
	asWritten := func(s string) (string, error) { return s, nil }
	id, given, wrong := clientPair(x, form, asWritten)
	if wrong != "" {
		return p.fail(x, problem{status: 400, code: "invalid_request", text: wrong})
	}
	if !p.authenticate(x, id, given, pingClient) {
		refusal := problem{status: 401, code: "invalid_client", text: "Invalid client or client credentials"}
		if x.Header.Get("Authorization") != "" {
			refusal.challenge = `Basic realm="PingFederate"`
		}
		return p.fail(x, refusal)
	}
	who := identity{Provider: "mulesoft", Grant: form.Get("grant_type"), ClientID: id, Scope: form.Get("scope")}
	if refusal := p.grant(&who, form); refusal != nil {
		return p.fail(x, *refusal)
	}
	tok := p.issue(opaque(28), pingLife, token{identity: who})
	rep := object(200,
		member{"access_token", tok.text}, member{"token_type", "Bearer"},
		member{"expires_in", int(pingLife.Seconds()) - 1})
	rep.token = true
	return pingHeaders(rep)
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

// anypoint speaks as the Anypoint Platform does. Its error bodies are not documented: these are plain.
type anypoint struct{ *world }

const (
	anypointLife = time.Hour
	anypointOrg  = "7d2f4b90-1c3e-4a5d-8f60-9b8a7c6d5e4f"
)

func (a *anypoint) routes() []route {
	return []route{
		{"token", http.MethodPost, "/accounts/api/v2/oauth2/token", true, a.token},
		{"me", http.MethodGet, "/accounts/api/me", false, a.me},
	}
}

// token takes JSON, as the product's own clients send it, or a form.
func (a *anypoint) token(x *exchange) reply {
	body, ok := x.object()
	if !ok {
		form, wrong := x.form()
		if wrong != "" || len(form) == 0 {
			return a.fail(x, problem{status: 400, code: "invalid_request", text: "a JSON object is expected"})
		}
		body = fields{}
		for name := range form {
			body[name] = form.Get(name)
		}
	}
	id := body.text("client_id")
	if !a.authenticate(x, id, body.text("client_secret"), anypointClient) {
		return a.fail(x, problem{status: 401, code: "invalid_client", text: "Invalid client id or secret"})
	}
	who := identity{Provider: "anypoint", Grant: body.text("grant_type"), ClientID: id}
	if who.Grant != "client_credentials" {
		return a.fail(x, problem{status: 400, code: "unsupported_grant_type", text: "grant_type: client_credentials is expected"})
	}
	tok := a.issue(uuid(), anypointLife, token{identity: who})
	rep := object(200,
		member{"access_token", tok.text}, member{"expires_in", int(anypointLife.Seconds())}, member{"token_type", "bearer"})
	rep.token = true
	return rep.with("Content-Type", "application/json; charset=utf-8", "Cache-Control", "no-store")
}

// me is the connected app's own record.
func (a *anypoint) me(x *exchange) reply {
	return object(200, member{"client", members{
		{"client_id", x.token.ClientID}, {"name", "sandbox app"}, {"org_id", anypointOrg},
	}})
}

func (a *anypoint) fail(_ *exchange, p problem) reply { return rfcError(p) }

func (a *anypoint) challenge(*exchange, denial) reply {
	return text(401, "text/plain; charset=utf-8", "Unauthorized").with("Www-Authenticate", `Bearer realm="anypoint"`)
}
