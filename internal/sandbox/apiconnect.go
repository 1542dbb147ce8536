package sandbox

import (
	"net/http"
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

// The product's own defaults: api_key_expires_in, access_token_expires_in and refresh_expires_in.
const (
	apiKeyLife            = 300 * time.Second
	apiconnectLife        = 28800 * time.Second
	apiconnectRefreshLife = 57600 * time.Second
)

func newAPIConnect(w *world) *apiconnect {
	return &apiconnect{world: w, keys: make(map[string]apiKey)}
}

func (a *apiconnect) routes() []route {
	return []route{
		{"realms", http.MethodGet, "/api/cloud/provider/identity-providers", true, a.realms},
		{"realms", http.MethodGet, "/api/cloud/admin/identity-providers", true, a.realms},
		{"realms", http.MethodGet, consumerPath + "/consumer/identity-providers", true, a.consumer(a.realms)},
		{"token", http.MethodPost, "/api/token", true, a.token},
		{"token", http.MethodPost, consumerPath + "/token", true, a.consumer(a.token)},
		{"me", http.MethodGet, consumerPath + "/me", false, a.consumer(a.me)},
		{"signin", http.MethodGet, "/auth/manager/sign-in/", true, signInPage},
		{"signin", http.MethodPost, "/auth/manager/sign-in/", true, a.signIn},
		{"signin", http.MethodGet, "/auth/admin/sign-in/", true, signInPage},
		{"signin", http.MethodPost, "/auth/admin/sign-in/", true, a.signIn},
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
	switch x.path {
	case "/api/cloud/admin/identity-providers":
		list = []members{localRegistry("default-idp-1", "Cloud Manager Local User Registry", adminRealm)}
	case consumerPath + "/consumer/identity-providers":
		list = []members{localRegistry("sandbox-idp", "Sandbox Catalog User Registry", consumerRealm)}
	}
	return requestID(object(200, member{"total_results", len(list)}, member{"results", list}))
}

func localRegistry(name, title, realm string) members {
	return members{
		{"name", name}, {"title", title}, {"default", true}, {"registry_type", "lur"}, {"user_managed", true}, {"realm", realm},
	}
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
	key := a.keyFor(x.token.Username, x.token.Realm)
	return requestID(object(201,
		member{"type", "api_key"}, member{"client_type", body.text("client_type")},
		member{"description", body.text("description")}, member{"ttl", int(apiKeyLife.Seconds())},
		member{"multiple_uses", false}, member{"api_key", key}))
}

// keyFor makes a key that is good for one token of a user.
func (a *apiconnect) keyFor(username, realm string) string {
	key := uuid()
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.keys) >= maxTokens {
		clear(a.keys)
	}
	a.keys[key] = apiKey{username: username, realm: realm, expires: a.clock().Add(apiKeyLife)}
	return key
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
