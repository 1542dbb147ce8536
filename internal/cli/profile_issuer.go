package cli

import (
	"context"
	"slices"
	"time"

	"github.com/authctl/authctl/internal/config"
	"github.com/authctl/authctl/internal/profile"
)

// Issuer is what an authorization server publishes about itself (RFC 8414); a nil list is one that it does not publish.
type Issuer struct {
	Grants, ClientAuth, Scopes []string
	Login, Device              bool // it has an authorization endpoint, a device authorization endpoint
}

// issuerTimeout is that of profiles that say none.
const issuerTimeout = 30 * time.Second

// askIssuer reads the metadata of an issuer, reached as the settings say.
func (g *globals) askIssuer(ctx context.Context, issuer string, entry config.Entry) (*Issuer, error) {
	p := &profile.Profile{Timeout: issuerTimeout}
	p.TLS.CAFile, _ = settingOf(entry, "tls.ca_file")
	p.TLS.CertFile, _ = settingOf(entry, "tls.cert_file")
	p.TLS.KeyFile, _ = settingOf(entry, "tls.key_file")
	p.Proxy, _ = settingOf(entry, "proxy")
	return g.app.Discover(ctx, issuer, p, g.bareOptions())
}

// settingOf is the setting of a key: its text, empty where it is none, and whether it was given.
func settingOf(entry config.Entry, key string) (text string, given bool) {
	i := slices.IndexFunc(entry, func(s config.Setting) bool { return s.Key == key })
	if i < 0 {
		return "", false
	}
	text, _ = entry[i].Value.(string)
	return text, true
}

// fill adds what was not given and the server's word decides: who has no secret logs in; the client proves itself by
// the one way of its kind that the server takes; a login asks for a refresh token where the server knows the scope.
func (i *Issuer) fill(entry config.Entry) config.Entry {
	has := func(keys ...string) bool {
		return slices.ContainsFunc(entry, func(s config.Setting) bool { return slices.Contains(keys, s.Key) })
	}
	grant, given := settingOf(entry, "grant")
	if !given && !has("client_secret", "client_assertion", "username", "assertion") {
		switch {
		case i.Login:
			grant = "authorization_code"
		case i.Device:
			grant = "device_code"
		}
		if grant != "" {
			entry = append(entry, config.Setting{Key: "grant", Value: grant})
		}
	}
	if has("client_secret") && !has("client_auth") && i.ClientAuth != nil &&
		!slices.Contains(i.ClientAuth, "client_secret_basic") && slices.Contains(i.ClientAuth, "client_secret_post") {
		entry = append(entry, config.Setting{Key: "client_auth", Value: "client_secret_post"})
	}
	if !has("scopes") && (grant == "authorization_code" || grant == "device_code") && slices.Contains(i.Scopes, "offline_access") {
		entry = append(entry, config.Setting{Key: "scopes", Value: []string{"openid", "offline_access"}})
	}
	return entry
}
