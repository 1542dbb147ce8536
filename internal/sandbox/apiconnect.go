package sandbox

import (
	"net/http"
	"slices"
	"sync"
	"time"
)

// apiconnect speaks as the platform API of IBM API Connect does.
type apiconnect struct {
	*world

	mu   sync.Mutex
	keys map[string]apiKey // each is good for one token
}

type apiKey struct {
	username, realm string
	expires         time.Time
}

// The product's own defaults: api_key_expires_in and access_token_expires_in.
const (
	apiKeyLife     = 300 * time.Second
	apiconnectLife = 28800 * time.Second
)

func newAPIConnect(w *world) *apiconnect {
	return &apiconnect{world: w, keys: make(map[string]apiKey)}
}

func (a *apiconnect) routes() []route {
	return []route{
		{"realms", http.MethodGet, "/api/cloud/provider/identity-providers", true, a.realms},
		{"realms", http.MethodGet, "/api/cloud/admin/identity-providers", true, a.realms},
		{"token", http.MethodPost, "/api/token", true, a.token},
		{"keys", http.MethodPost, "/api/cloud/api-keys", false, a.newKey},
		{"toolkit", http.MethodGet, "/api/cloud/settings/toolkit-credentials", false, a.toolkit},
		{"me", http.MethodGet, "/api/me", false, a.me},
	}
}

// realms is the public list of registries. The provider's default one is of no use to a password: taking the entry
// with default:true is the classic mistake.
func (a *apiconnect) realms(x *exchange) reply {
	list := []members{
		{
			{"name", "common-services"},
			{"title", "Common Services User Registry"},
			{"default", true},
			{"registry_type", "oidc"},
			{"user_managed", false},
			{"realm", "provider/common-services"},
			{"oidc_type", "standard"},
		},
		{
			{"name", "default-idp-2"},
			{"title", "API Manager Local User Registry"},
			{"default", false},
			{"registry_type", "lur"},
			{"user_managed", true},
			{"realm", providerRealm},
		},
	}
	if x.path == "/api/cloud/admin/identity-providers" {
		list = []members{{
			{"name", "default-idp-1"},
			{"title", "Cloud Manager Local User Registry"},
			{"default", true},
			{"registry_type", "lur"},
			{"user_managed", true},
			{"realm", adminRealm},
		}}
	}
	return requestID(object(200, member{"total_results", len(list)}, member{"results", list}))
}

// newKey makes an API key of the token's user, as the toolkit's api-keys:create does.
func (a *apiconnect) newKey(x *exchange) reply {
	body, ok := x.object()
	if !ok || body.text("description") == "" {
		return a.refuse(x, 400, "A JSON body with client_type and description is required")
	}
	if x.token.Username == "" {
		return a.refuse(x, 403, "An API key belongs to a user: the token has none")
	}
	key := uuid()
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.keys) >= maxTokens {
		clear(a.keys)
	}
	a.keys[key] = apiKey{username: x.token.Username, realm: x.token.Realm, expires: a.clock().Add(apiKeyLife)}
	return requestID(object(201,
		member{"type", "api_key"}, member{"client_type", body.text("client_type")},
		member{"description", body.text("description")}, member{"ttl", int(apiKeyLife.Seconds())},
		member{"multiple_uses", false}, member{"api_key", key}))
}

// spend takes a key out of use.
func (a *apiconnect) spend(key string) (apiKey, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	k, ok := a.keys[key]
	delete(a.keys, key)
	return k, ok && a.clock().Before(k.expires)
}

// toolkit is what credentials_file of a profile reads.
func (a *apiconnect) toolkit(*exchange) reply {
	return requestID(object(200, member{"id", toolkitClient}, member{"secret", toolkitSecret}))
}

func (a *apiconnect) me(x *exchange) reply {
	who := x.token
	return requestID(object(200,
		member{"type", "user"}, member{"api_version", "2.0.0"}, member{"name", who.Username},
		member{"username", who.Username}, member{"realm", who.Realm}, member{"identity_provider", who.Realm},
		member{"url", x.origin.url + "/api/me"}))
}

func (a *apiconnect) refuse(x *exchange, status int, text string) reply {
	return a.fail(x, problem{status: status, text: text})
}

// fail has a number and a list of sentences.
func (a *apiconnect) fail(_ *exchange, p problem) reply {
	return requestID(object(p.status, member{"status", p.status}, member{"message", []string{p.text}}))
}

func (a *apiconnect) challenge(x *exchange, why denial) reply {
	text := "A valid access token is required: this one is " + string(why)
	return a.refuse(x, 401, text).with("Www-Authenticate", `Bearer realm="apiconnect"`)
}

func requestID(rep reply) reply {
	return rep.with("X-Request-Id", uuid(), "Cache-Control", "no-store", "Content-Type", "application/json; charset=utf-8")
}

// grants are those of the token endpoint that need no browser.
func (a *apiconnect) grants() map[string]func(fields, *identity) bool {
	return map[string]func(fields, *identity) bool{
		"password": func(body fields, who *identity) bool {
			who.Username, who.Realm = body.text("username"), body.text("realm")
			home := map[string]string{userName: providerRealm, adminName: adminRealm}[who.Username]
			return a.user(who.Username, body.text("password")) && who.Realm == home
		},
		"api_key": func(body fields, who *identity) bool {
			key, ok := a.spend(body.text("api_key"))
			who.Username, who.Realm = key.username, key.realm
			return ok
		},
		"client_credentials": func(fields, *identity) bool { return true },
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
	clients := []string{managerClient, toolkitClient}
	switch {
	case grant == nil:
		return a.refuse(x, 400, "grant_type must be password, api_key or client_credentials")
	case who.Grant == "password" && body.text("realm") == "":
		return a.refuse(x, 400, "realm is required")
	case !a.authenticate(x, who.ClientID, body.text("client_secret"), clients...):
		return a.refuse(x, 401, "Invalid client id or client secret")
	case !grant(body, &who):
		return a.refuse(x, 401, "Unable to authenticate with the given credentials")
	}
	tok := a.issue(a.jwt(a.claims(who)), apiconnectLife, token{identity: who})
	rep := object(200,
		member{"access_token", tok.text}, member{"token_type", "Bearer"}, member{"expires_in", int(apiconnectLife.Seconds())})
	rep.token = true
	return requestID(rep)
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
