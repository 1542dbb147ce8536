package sandbox

import (
	"net/http"
	"net/url"
	"time"
)

// generic follows RFC 6749 and 6750 to the letter: form-encoded Basic or the pair in the body, never both.
type generic struct{ *world }

const genericLife = time.Hour

func (g *generic) routes() []route {
	return []route{{"token", http.MethodPost, "/token", true, g.token}}
}

func (g *generic) token(x *exchange) reply {
	form, wrong := x.form()
	if wrong != "" {
		return g.fail(x, problem{status: 400, code: "invalid_request", text: wrong})
	}
	id, given, wrong := clientPair(x, form, url.QueryUnescape)
	if wrong != "" {
		return g.fail(x, problem{status: 400, code: "invalid_request", text: wrong})
	}
	if !g.authenticate(x, id, given, genericClient, oddClient) {
		p := problem{status: 401, code: "invalid_client", text: "unknown client or wrong secret"}
		if x.Header.Get("Authorization") != "" {
			p.challenge = `Basic realm="sandbox"` // RFC 6749 section 5.2 wants it then
		}
		return g.fail(x, p)
	}
	who := identity{Provider: "oauth2", Grant: form.Get("grant_type"), ClientID: id, Scope: form.Get("scope")}
	if p := g.grant(&who, form); p != nil {
		return g.fail(x, *p)
	}
	tok := g.issue(opaque(43), genericLife, token{identity: who})
	rep := object(200,
		member{"access_token", tok.text}, member{"token_type", "Bearer"}, member{"expires_in", int(genericLife.Seconds())})
	if who.Scope != "" {
		rep.members = append(rep.members, member{"scope", who.Scope})
	}
	rep.token = true
	return rep.with("Cache-Control", "no-store", "Pragma", "no-cache")
}

// grant checks what the grant itself needs; it is PingFederate's check as well.
func (w *world) grant(who *identity, form url.Values) *problem {
	switch who.Grant {
	case "client_credentials":
	case "password":
		who.Username = form.Get("username")
		if !w.user(who.Username, form.Get("password")) {
			return &problem{status: 400, code: "invalid_grant", text: "unknown user or wrong password"}
		}
	case "":
		return &problem{status: 400, code: "invalid_request", text: "grant_type is required"}
	default:
		return &problem{status: 400, code: "unsupported_grant_type", text: "unsupported grant_type"}
	}
	return nil
}

// clientPair takes the client's id and secret from the one place where they are (RFC 6749 section 2.3: never two).
func clientPair(x *exchange, form url.Values, decode func(string) (string, error)) (id, given, wrong string) {
	basicID, basicSecret, basic := x.BasicAuth()
	switch {
	case basic && form.Has("client_secret"):
		return "", "", "more than one client authentication"
	case !basic:
		return form.Get("client_id"), form.Get("client_secret"), ""
	}
	id, err := decode(basicID)
	if err != nil {
		return "", "", "malformed client id"
	}
	if given, err = decode(basicSecret); err != nil {
		return "", "", "malformed client secret"
	}
	return id, given, ""
}

func (g *generic) fail(_ *exchange, p problem) reply { return rfcError(p) }

func (g *generic) challenge(_ *exchange, why denial) reply { return rfcChallenge(why) }

// echo is the voice of the echo API, which issues nothing.
type echo struct{}

func (echo) routes() []route { return nil }

func (echo) fail(_ *exchange, p problem) reply { return rfcError(p) }

func (echo) challenge(_ *exchange, why denial) reply { return rfcChallenge(why) }

// rfcError is RFC 6749 section 5.2.
func rfcError(p problem) reply {
	rep := object(p.status, append([]member{{"error", p.code}, {"error_description", p.text}}, p.extra...)...)
	rep = rep.with("Cache-Control", "no-store", "Pragma", "no-cache")
	if p.challenge != "" {
		rep = rep.with("Www-Authenticate", p.challenge)
	}
	return rep
}

// rfcChallenge is RFC 6750 section 3: no error code where the request had no token.
func rfcChallenge(why denial) reply {
	if why == missing {
		text := "a bearer token is required"
		return rfcError(problem{status: 401, code: "unauthorized", text: text, challenge: `Bearer realm="sandbox"`})
	}
	text := "the access token is " + string(why)
	return rfcError(problem{
		status: 401, code: "invalid_token", text: text,
		challenge: `Bearer realm="sandbox", error="invalid_token", error_description="` + text + `"`,
	})
}
