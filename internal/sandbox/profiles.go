package sandbox

import (
	"fmt"
	"strings"
)

// profiles is the text of profiles.yaml.
func (s *Sandbox) profiles(w *world) string {
	f := profileFile{s: s, w: w}
	f.b.WriteString(`# Profiles of a running "authctl sandbox". They end with it; the secrets in here open nothing else.
# "--NAME" after a client_id injects a fault, for example client_id: LmClient--throttle_429; after a username where the
# profile has no client.
default_profile: tnco
storage: file
profiles:
`)
	f.tnco()
	f.apiconnect()
	f.entra()
	f.mulesoft()
	f.generic()
	return f.b.String()
}

// profileFile is profiles.yaml while it is written.
type profileFile struct {
	b strings.Builder
	s *Sandbox
	w *world
}

// add writes one profile of names and values in turn. Values are JSON, which YAML reads as it is.
func (f *profileFile) add(comment, name, provider string, keys ...any) {
	quote := func(v any) string { return string(encode(v)) }
	fmt.Fprintf(&f.b, "\n  # %s\n  - name: %s\n    provider: %s\n", comment, name, provider)
	for i := 0; i+1 < len(keys); i += 2 {
		fmt.Fprintf(&f.b, "    %s: %s\n", keys[i], quote(keys[i+1]))
	}
	fmt.Fprintf(&f.b, "    tls: {ca_file: %s}\n", quote(f.s.CAPath()))
}

func (f *profileFile) secret(id string) string { return f.w.secrets[id].Reveal() }

func (f *profileFile) tnco() {
	server := f.s.URL("tnco")
	f.add("IBM TNCO: the API is on the same server.", "tnco", "tnco",
		"base_url", server, "client_id", tncoClient, "client_secret", f.secret(tncoClient))
	f.add("IBM TNCO: the older login of the user interface.", "tnco-legacy", "tnco",
		"mode", "legacy", "base_url", server, "username", userName, "password", f.w.password.Reveal())
	f.add("IBM TNCO: the login of Cloud Pak.", "tnco-zen", "tnco",
		"mode", "zen", "login_url", server, "base_url", server, "username", userName, "api_key", f.w.apiKey.Reveal())
	f.add("IBM TNCO: Okta in front of it.", "tnco-okta", "tnco",
		"mode", "okta", "login_url", server, "auth_server_id", oktaServer, "base_url", server,
		"client_id", tncoClient, "client_secret", f.secret(tncoClient))
}

func (f *profileFile) apiconnect() {
	server := f.s.URL("apiconnect")
	f.add("IBM API Connect: the realm is discovered, the client is the product's public one.", "apic", "apiconnect",
		"base_url", server, "realm", "provider", "username", userName, "password", f.w.password.Reveal())
	f.add("IBM API Connect: a key from the sign-in page, authctl login --sso -p apic-sso.", "apic-sso", "apiconnect",
		"base_url", server, "grant", "api_key")
	f.add("IBM API Connect: a user of a consumer organization.", "apic-consumer", "apiconnect",
		"base_url", server, "realm", "consumer:sandbox-org:sandbox", "username", consumerName,
		"password", f.w.password.Reveal(), "client_id", consumerClient, "client_secret", consumerSecret)
}

func (f *profileFile) mulesoft() {
	server, platform, echo := f.s.URL("mulesoft"), f.s.URL("anypoint"), f.s.URL("echo")
	f.add("MuleSoft: PingFederate in front of the echo API.", "mulesoft", "mulesoft",
		"token_url", server+"/as/token.oauth2", "client_id", pingClient, "client_secret", f.secret(pingClient), "base_url", echo)
	f.add("MuleSoft: a user of PingFederate, authctl login -p mulesoft-login.", "mulesoft-login", "mulesoft",
		"token_url", server+"/as/token.oauth2", "authorization_url", server+"/as/authorization.oauth2",
		"revocation_url", server+"/as/revoke_token.oauth2", "grant", "authorization_code", "client_id", pingClient,
		"client_secret", f.secret(pingClient), "base_url", echo)
	f.add("MuleSoft: Mule's own OAuth 2.0 provider module.", "mule-module", "mulesoft",
		"token_url", server+"/access_token", "client_auth", "client_secret_basic", "client_id", pingClient,
		"client_secret", f.secret(pingClient), "grant", "password", "username", userName,
		"password", f.w.password.Reveal(), "base_url", echo)
	f.add("MuleSoft: a connected app of the Anypoint Platform.", "anypoint", "mulesoft",
		"platform_url", platform, "grant", "client_credentials", "client_id", anypointClient,
		"client_secret", f.secret(anypointClient))
	f.add("MuleSoft: a user of a connected app, authctl login -p anypoint-login.", "anypoint-login", "mulesoft",
		"platform_url", platform, "grant", "authorization_code", "client_id", anypointClient,
		"client_secret", f.secret(anypointClient))
	f.add("MuleSoft: a user whom a connected app speaks for, with a JWT of its key.", "anypoint-jwt", "mulesoft",
		"platform_url", platform, "grant", "jwt_bearer", "client_id", anypointClient, "client_secret", f.secret(anypointClient),
		"assertion", members{{"key", "file:" + f.anypointKeyPath()}, {"subject", "v1|sandbox|" + userName}})
	f.add("MuleSoft: a user of the Anypoint Platform, without a client.", "anypoint-user", "mulesoft",
		"platform_url", platform, "grant", "password", "username", userName, "password", f.w.password.Reveal())
}

func (f *profileFile) generic() {
	f.add("Any other server of RFC 6749, in front of the echo API.", "oauth2", "oauth2",
		"token_url", f.s.URL("oauth2")+"/token", "client_id", genericClient, "client_secret", f.secret(genericClient),
		"scopes", "read write", "base_url", f.s.URL("echo"))
}
