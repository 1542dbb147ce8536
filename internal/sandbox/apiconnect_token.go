package sandbox

import (
	"slices"
	"strings"
)

// grants are those of the token endpoint that need no browser.
func (a *apiconnect) grants() map[string]func(fields, *identity) bool {
	return map[string]func(fields, *identity) bool{
		"password": func(body fields, who *identity) bool {
			who.Username, who.Realm = body.text("username"), body.text("realm")
			home := map[string]string{userName: providerRealm, adminName: adminRealm, consumerName: consumerRealm}[who.Username]
			return home != "" && body.text("password") == a.password.Reveal() && who.Realm == home
		},
		"api_key": func(body fields, who *identity) bool {
			key, ok := a.spend(body.text("api_key"))
			who.Username, who.Realm = key.username, key.realm
			return ok
		},
		"client_credentials": func(fields, *identity) bool { return true },
		"refresh_token": func(body fields, who *identity) bool {
			before, ok := a.refreshes.spend(body.text("refresh_token"), "apiconnect", who.ClientID, a.clock())
			if realm := body.text("realm"); realm != "" && realm != before.Realm {
				return false
			}
			who.Username, who.Realm = before.Username, before.Realm
			return ok
		},
	}
}

// token takes JSON only. What belongs to whom is never told: one sentence for a wrong user, password, realm or key.
func (a *apiconnect) token(x *exchange) reply {
	body, ok := x.object()
	if !ok {
		return a.refuse(x, 400, "The request body must be a JSON object: Content-Type application/json")
	}
	who := identity{Provider: "apiconnect", Grant: body.text("grant_type"), ClientID: body.text("client_id")}
	grant := a.grants()[who.Grant]
	clients := []string{managerClient, toolkitClient, consumerClient}
	switch {
	case grant == nil:
		return a.refuse(x, 400, "grant_type must be password, api_key, client_credentials or refresh_token")
	case who.Grant == "password" && body.text("realm") == "":
		return a.refuse(x, 400, "realm is required")
	case !a.authenticate(x, who.ClientID, body.text("client_secret"), clients...):
		return a.refuse(x, 401, "Invalid client id or client secret")
	case !grant(body, &who), !atHome(x, who):
		return a.refuse(x, 401, "Unable to authenticate with the given credentials")
	}
	tok := a.issue(a.jwt(a.claims(who)), apiconnectLife, token{identity: who})
	list := members{{"access_token", tok.text}, {"token_type", "Bearer"}, {"expires_in", int(apiconnectLife.Seconds())}}
	if who.Username != "" && strings.HasPrefix(who.ClientID, toolkitClient) { // refresh_token_enabled is off by default
		refresh := a.refreshes.give(who, a.clock().Add(apiconnectRefreshLife))
		list = append(list, member{"refresh_token", refresh}, member{"refresh_expires_in", int(apiconnectRefreshLife.Seconds())})
	}
	rep := object(200, list...)
	rep.token = true
	return requestID(rep)
}

// atHome keeps the users of consumer organizations and those of the others to their own endpoints.
func atHome(x *exchange, who identity) bool {
	return who.Username == "" || (who.Realm == consumerRealm) == onConsumerSide(x)
}

// claims are in the order of the product's own tokens; a client's token has no user in it.
func (a *apiconnect) claims(who identity) members {
	const registry = "/api/user-registries/sandbox/local"
	now := a.clock()
	list := members{
		{"jti", uuid()},
		{"namespace", "cloud"},
		{"aud", "/api/cloud/registrations/" + who.ClientID},
		{"sub", "/api/cloud/registrations/" + who.ClientID},
		{"iss", "IBM API Connect"},
		{"exp", now.Add(apiconnectLife).Unix()},
		{"iat", now.Unix()},
		{"grant_type", who.Grant},
	}
	if who.Username != "" {
		list = list.change("sub", func(any) any { return registry + "/users/" + who.Username })
		list = slices.Concat(list, members{
			{"user_registry_url", registry}, {"realm", who.Realm}, {"username", who.Username}, {"id_token", uuid()},
		})
	}
	return append(list, member{"scopes", []string{"cloud:view", "provider-org:view", "org:view", "draft:view", "draft:edit"}})
}
