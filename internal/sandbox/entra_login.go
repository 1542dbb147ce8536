package sandbox

import (
	"html"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	deviceGrant      = "urn:ietf:params:oauth:grant-type:device_code"
	entraRefreshLife = 90 * 24 * time.Hour
)

// authorizePage signs the user in by itself, so that a script can be the browser. With prompt=consent it asks first:
// the page's two links are the same request with consent=accept and consent=decline.
func (e *entra) authorizePage(x *exchange) reply {
	q := x.URL.Query()
	if p := e.checkTenant(x, url.Values{"grant_type": {"authorization_code"}}); p != nil {
		return page(p.status, "Sign in", html.EscapeString(p.text))
	}
	switch consent := q.Get("consent"); {
	case consent == "decline":
		return e.declined(q)
	case consent == "" && strings.Contains(q.Get("prompt"), "consent"):
		link := func(value, text string) string {
			return `<a href="?` + html.EscapeString(x.URL.RawQuery+"&consent="+value) + `">` + text + "</a> "
		}
		return page(http.StatusOK, "Permissions requested",
			html.EscapeString(q.Get("scope"))+" "+link("accept", "Accept")+link("decline", "Decline"))
	}
	return e.authorize("entra", entraPublicClient)(x)
}

// declined sends a person's no back, to this machine only.
func (e *entra) declined(q url.Values) reply {
	back, err := url.Parse(q.Get("redirect_uri"))
	if err != nil || !isLoopbackRedirect(back) {
		return page(http.StatusBadRequest, "Sign in", "The redirect URI is not registered.")
	}
	answer := url.Values{"error": {"access_denied"}, "error_description": {"AADSTS65004: User declined to consent to access the app."}}
	if state := q.Get("state"); state != "" {
		answer.Set("state", state)
	}
	back.RawQuery = answer.Encode()
	return redirect(http.StatusFound, back.String()).with("Cache-Control", "no-store")
}

// grantee is whom a token request stands for.
func (e *entra) grantee(form url.Values) (who identity, wrong *problem) {
	id := form.Get("client_id")
	refuse := func(number int, reason string) (identity, *problem) {
		return identity{}, &problem{status: 400, code: "invalid_grant", aadsts: number, text: reason}
	}
	var ok bool
	switch form.Get("grant_type") {
	case "authorization_code":
		body := fields{}
		for name := range form {
			body[name] = form.Get(name)
		}
		if who, ok = e.redeem("entra", id, body); !ok {
			return refuse(70008, "The provided authorization code or refresh token has expired due to inactivity, or was used before.")
		}
		return who, nil
	case "refresh_token":
		// The real server, too, lets a refresh token serve again after it gave a newer one.
		if who, ok = e.refreshes.find(form.Get("refresh_token"), "entra", id, e.clock()); !ok {
			return refuse(700082, "The refresh token has expired due to inactivity.")
		}
		return who, nil
	case deviceGrant, "device_code":
		return e.devices.poll(form.Get("device_code"), id, e.clock())
	}
	return identity{Provider: "entra", Grant: "client_credentials", ClientID: id, Scope: form.Get("scope") + form.Get("resource")}, nil
}

// personal adds what a person's reply has besides the access token.
func (e *entra) personal(who identity, list members) members {
	if who.Username == "" {
		return list
	}
	scopes := strings.Fields(who.Scope)
	list = append(list, member{"scope", who.Scope})
	if slices.Contains(scopes, "offline_access") {
		list = append(list, member{"refresh_token", e.refreshes.give(who, e.clock().Add(entraRefreshLife))})
	}
	if slices.Contains(scopes, "openid") {
		list = append(list, member{"id_token", e.idToken(who)})
	}
	return list
}

func (e *entra) idToken(who identity) string {
	now := e.clock()
	claims := members{
		{"aud", who.ClientID},
		{"iss", e.entraURL + "/" + entraTenantID + "/v2.0"},
		{"iat", now.Unix()},
		{"exp", now.Add(entraLife).Unix()},
		{"sub", who.Username},
		{"preferred_username", who.Username + "@" + entraTenant},
		{"tid", entraTenantID},
		{"ver", "2.0"},
	}
	if who.nonce != "" { // OpenID Connect Core section 3.1.3.6
		claims = append(claims, member{"nonce", who.nonce})
	}
	return e.entraKeys.jwt(claims)
}
