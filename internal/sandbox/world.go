package sandbox

import (
	"crypto/rand"
	"strings"
	"sync"
	"time"

	"github.com/authctl/authctl/internal/secret"
)

// Fixed ids of the stand-ins. The three API Connect pairs are public defaults of the product; every other secret is made
// at the start, so that no token cached in an earlier run can be taken for one of this run.
const (
	tncoClient    = "LmClient"
	oddClient     = "odd+client%2F1&é"
	managerClient = "caa87d9a-8cd7-4686-8b6e-ee2cdc5ee267"
	managerSecret = "3ecff363-7eb3-44be-9e07-6d4386c48b0b"
	toolkitClient = "599b7aef-8841-4ee2-88a0-84d49c4d6ff2"
	toolkitSecret = "0ea28423-e73b-47d4-b40e-ddb45c48bb0c"
	entraClient   = "5a4d6c0e-7b1f-4c53-9d2a-3f0b8e6a1c27"
	entraTenant   = "sandbox.example.com"
	entraTenantID = "d1c7f9b2-0e64-4b8a-a3f5-6b2e9c8d7f10"
	entraScope    = "api://sandbox.example.com/.default"
	// People log in with the public client. The identity is one that a machine has besides its own.
	entraPublicClient = "b2f0c6d4-93a1-4e5b-8c7d-1a2b3c4d5e6f"
	machineIdentity   = "e4d3c2b1-a098-4f76-9e5d-4c3b2a190807"
	pingClient        = "mule-app"
	anypointClient    = "9c3e5f7a1b2d4e6f8091a2b3c4d5e6f7"
	genericClient     = "sandbox-client"

	oktaServer      = "default"
	consumerClient  = "819a8de7-7204-4adb-918f-391ba39d29d0"
	consumerSecret  = "8dad5699-acbf-40ab-85c1-48361981bc75"
	consumerContext = "sandbox-org.sandbox"
	consumerRealm   = "consumer:sandbox-org:sandbox/sandbox-idp"
	consumerName    = "devon"

	userName      = "chrisp"
	adminName     = "admin"
	providerRealm = "provider/default-idp-2"
	adminRealm    = "admin/default-idp-1"
)

// world is what all servers share.
type world struct {
	*issuer

	counts *counts
	log    func(format string, args ...any)
	faults map[string]injection
	api    []route

	entraURL  string
	entraKeys *entraKeys

	anypointKey *anypointKey
	// What a machine's token service wants to see: the header of App Service, the file of Azure Arc.
	identityHeader, arcKey secret.String
	secrets                map[string]secret.String // by client id
	password               secret.String            // of every user
	apiKey                 secret.String            // of every user, for Cloud Pak's login

	refreshes *refreshTokens
	codes     *codes
}

func newWorld(opts Options, counts *counts) *world {
	clock := opts.Clock
	if clock == nil {
		clock = time.Now
	}
	w := &world{issuer: newIssuer(clock), counts: counts, log: oneByOne(opts.Log), refreshes: newRefreshTokens(), codes: newCodes()}
	w.password, w.apiKey = secret.New(rand.Text()), secret.New(rand.Text())
	w.identityHeader, w.arcKey = secret.New(rand.Text()), secret.New(rand.Text())
	w.faults = faults(opts.Slow)
	w.api = newAPI().routes()
	w.secrets = map[string]secret.String{
		managerClient: secret.New(managerSecret), toolkitClient: secret.New(toolkitSecret),
		consumerClient: secret.New(consumerSecret),
		// Raw and form-encoded Basic differ for this pair (RFC 6749 section 2.3.1).
		oddClient: secret.New("odd:secret+%41 &é-" + rand.Text()),
	}
	for _, id := range []string{tncoClient, entraClient, pingClient, anypointClient, genericClient} {
		w.secrets[id] = secret.New(rand.Text())
	}
	return w
}

// oneByOne keeps calls of log apart.
func oneByOne(log func(string, ...any)) func(string, ...any) {
	if log == nil {
		return func(string, ...any) {}
	}
	var mu sync.Mutex
	return func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		log(format, args...)
	}
}

// registered splits the fault off a client id ("LmClient--bom") and reports whether the server, which knows the
// clients of allowed, has such a client. Ids are compared byte for byte: a blank more is another client.
func (w *world) registered(id string, allowed ...string) (base, injected string, ok bool) {
	for _, known := range allowed {
		if id == known {
			return known, "", true
		}
		name, found := strings.CutPrefix(id, known+"--")
		if _, valid := w.faults[name]; found && valid {
			return known, name, true
		}
	}
	return "", "", false
}

// authenticate checks a client's pair byte for byte. A fault that the id names takes effect only now, so that a wrong
// secret is always the provider's own refusal.
func (w *world) authenticate(x *exchange, id, given string, allowed ...string) bool {
	base, injected, ok := w.registered(id, allowed...)
	if !ok || given != w.secrets[base].Reveal() {
		return false
	}
	if x.fault == "" {
		x.fault = injected
	}
	return true
}

// user checks a resource owner's pair.
func (w *world) user(name, password string) bool {
	return (name == userName || name == adminName) && password == w.password.Reveal()
}

// person checks the pair of a login without a client: there the user's name is what a fault may hang on. want is the
// proof that the login asks for.
func (w *world) person(x *exchange, name, proof string, want secret.String) (string, bool) {
	base, injected, ok := w.registered(name, userName, adminName)
	if !ok || proof != want.Reveal() {
		return "", false
	}
	if x.fault == "" {
		x.fault = injected
	}
	return base, true
}
