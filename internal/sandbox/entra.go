package sandbox

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// entra speaks as the endpoints of Microsoft Entra ID do.
type entra struct {
	*world

	devices    devices
	assertions once // the ids of assertions that were used
}

const entraLife = time.Hour

func (e *entra) routes() []route {
	return []route{
		{"token", http.MethodPost, "/*/oauth2/v2.0/token", true, e.token},
		{"token_v1", http.MethodPost, "/*/oauth2/token", true, e.token},
		{"device_code", http.MethodPost, "/*/oauth2/v2.0/devicecode", true, e.deviceCode},
		{"device_page", http.MethodGet, devicePath, true, devicePage},
		{"device_answer", http.MethodPost, devicePath, true, e.deviceAnswer},
		{"authorize", http.MethodGet, "/*/oauth2/v2.0/authorize", true, e.authorizePage},
		{"keys", http.MethodGet, "/*/discovery/v2.0/keys", true, func(*exchange) reply { return e.entraKeys.set() }},
		{"discovery", http.MethodGet, "/*/v2.0/.well-known/openid-configuration", true, e.discovery},
	}
}

// version1 reports whether a request is for the older endpoint: a resource in place of a scope, numbers as strings.
func version1(x *exchange) bool { return strings.HasSuffix(x.path, "/oauth2/token") }

func (e *entra) token(x *exchange) reply {
	form, wrong := x.form()
	if wrong != "" {
		return e.fail(x, problem{status: 400, code: "invalid_request", aadsts: 9002313, text: "Invalid request. " + wrong})
	}
	for _, check := range []check{e.checkTenant, e.checkForm, e.checkScope, e.checkClient} {
		if p := check(x, form); p != nil {
			return e.fail(x, *p)
		}
	}
	fresh, ok := answersChallenge(form.Get("claims"))
	if !ok {
		text := "Invalid request. The claims are malformed."
		return e.fail(x, problem{status: 400, code: "invalid_request", aadsts: 9002313, text: text})
	}
	who, p := e.grantee(form)
	if p != nil {
		return e.fail(x, *p)
	}
	tok := e.issue(e.accessToken(who), entraLife, token{identity: who, fresh: fresh})
	rep := object(200, e.personal(who, e.tokenMembers(x, form, tok.text))...)
	rep.token = true
	return entraHeaders(x, rep)
}

func (e *entra) tokenMembers(x *exchange, form url.Values, text string) members {
	life := int(entraLife.Seconds()) - 1
	if !version1(x) {
		return members{{"token_type", "Bearer"}, {"expires_in", life}, {"ext_expires_in", life}, {"access_token", text}}
	}
	now := e.clock()
	return members{
		{"token_type", "Bearer"},
		{"expires_in", strconv.Itoa(life)},
		{"ext_expires_in", strconv.Itoa(life)},
		{"expires_on", strconv.FormatInt(now.Add(entraLife).Unix()-1, 10)},
		{"not_before", strconv.FormatInt(now.Unix(), 10)},
		{"resource", form.Get("resource")},
		{"access_token", text},
	}
}

// discovery is the document of OpenID Connect Discovery. Its issuer is a template for the tenants that are none.
func (e *entra) discovery(x *exchange) reply {
	if p := e.checkTenant(x, url.Values{"grant_type": {"authorization_code"}}); p != nil {
		return e.fail(x, *p)
	}
	tenant, issuer := tenantOf(x), entraTenantID
	if everybody(tenant) {
		issuer = "{tenantid}"
	}
	base := e.entraURL + "/" + tenant
	return object(200,
		member{"issuer", e.entraURL + "/" + issuer + "/v2.0"},
		member{"token_endpoint", base + "/oauth2/v2.0/token"},
		member{"authorization_endpoint", base + "/oauth2/v2.0/authorize"},
		member{"device_authorization_endpoint", base + "/oauth2/v2.0/devicecode"},
		member{"jwks_uri", base + "/discovery/v2.0/keys"},
		member{"response_types_supported", []string{"code"}},
		member{"subject_types_supported", []string{"pairwise"}},
		member{"id_token_signing_alg_values_supported", []string{"ES256"}},
		member{"token_endpoint_auth_methods_supported", []string{"client_secret_post", "private_key_jwt", "client_secret_basic"}})
}

func (e *entra) accessToken(who identity) string {
	now := e.clock()
	return e.entraKeys.jwt(members{
		{"aud", audience(who)},
		{"iss", e.entraURL + "/" + entraTenantID + "/v2.0"},
		{"iat", now.Unix()},
		{"nbf", now.Unix()},
		{"exp", now.Add(entraLife).Unix()},
		{"azp", who.ClientID},
		{"azpacr", "1"},
		{"oid", entraTenantID},
		{"sub", entraTenantID},
		{"tid", entraTenantID},
		{"uti", opaque(22)},
		{"ver", "2.0"},
	})
}

// graphID is Microsoft Graph.
const graphID = "00000003-0000-0000-c000-000000000000"

// audience is the API that a token is for. A person's scope names permissions of it, each behind its last slash; where
// it has none, Microsoft Graph is meant.
func audience(who identity) string {
	if who.Username == "" {
		return strings.TrimSuffix(who.Scope, "/.default")
	}
	for permission := range strings.FieldsSeq(who.Scope) {
		if end := strings.LastIndexByte(permission, '/'); end > 0 {
			return permission[:end]
		}
	}
	return graphID
}

// answersChallenge reports whether a claims parameter asks for what caeChallenge demands. None is well-formed too.
func answersChallenge(claims string) (fresh, ok bool) {
	if claims == "" {
		return false, true
	}
	var asked map[string]map[string]any
	if err := json.Unmarshal([]byte(claims), &asked); err != nil {
		return false, false
	}
	_, fresh = asked["access_token"]["nbf"]
	return fresh, true
}

// caeChallenge is what an API sends once a session was revoked: claims that the next token request has to carry.
func (w *world) caeChallenge() reply {
	claims := fmt.Sprintf(`{"access_token":{"nbf":{"essential":true,"value":"%d"}}}`, w.clock().Unix())
	return object(401, member{"error", members{
		{"code", "InvalidAuthenticationToken"},
		{"message", "Continuous access evaluation resulted in challenge with result: InteractionRequired " +
			"and code: TokenIssuedBeforeRevocationTimestamp"},
	}}).with("Www-Authenticate", `Bearer realm="", authorization_uri="`+w.authorizeURL()+
		`", error="insufficient_claims", claims="`+base64.StdEncoding.EncodeToString([]byte(claims))+`"`)
}

func (w *world) authorizeURL() string { return w.entraURL + "/common/oauth2/authorize" }

// challenge is shaped as Microsoft Graph's: its error is an object.
func (e *entra) challenge(_ *exchange, why denial) reply {
	message := "Access token is empty."
	switch why {
	case unknown:
		message = "Access token validation failure. Invalid audience."
	case expired:
		message = "Access token has expired or is not yet valid."
	}
	return object(401, member{"error", members{{"code", "InvalidAuthenticationToken"}, {"message", message}}}).
		with("Www-Authenticate", `Bearer realm="", authorization_uri="`+e.authorizeURL()+
			`", client_id="`+graphID+`"`, "Request-Id", uuid())
}

// entraHeaders are those of recorded replies.
func entraHeaders(x *exchange, rep reply) reply {
	rep = rep.with(
		"Cache-Control", "no-store, no-cache", "Pragma", "no-cache", "Expires", "-1",
		"Content-Type", "application/json; charset=utf-8", "X-Content-Type-Options", "nosniff", "X-Xss-Protection", "0",
		"Strict-Transport-Security", "max-age=31536000; includeSubDomains",
		"P3p", `CP="DSP CUR OTPi IND OTRi ONL FIN"`,
		"X-Ms-Request-Id", uuid(), "X-Ms-Ests-Server", "2.1.19005.10 - WEULR1 ProdSlices",
		"Set-Cookie", "fpc="+opaque(24)+"; path=/; secure; HttpOnly; SameSite=None",
		"Set-Cookie", "x-ms-gateway-slice=estsfd; path=/; secure; samesite=none; httponly",
		"Set-Cookie", "stsservicecookie=estsfd; path=/; secure; samesite=none; httponly")
	if id := x.Header.Get("Client-Request-Id"); id != "" && x.Header.Get("Return-Client-Request-Id") == "true" {
		rep = rep.with("Client-Request-Id", id)
	}
	return rep
}
