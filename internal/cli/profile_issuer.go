package cli

import (
	"context"
	"slices"
	"strings"

	"github.com/authctl/authctl/internal/config"
)

// Issuer is what an authorization server publishes about itself (RFC 8414); a nil list is one that it does not publish.
type Issuer struct {
	Grants, ClientAuth, Scopes []string
	Login, Device              bool // it has an authorization endpoint, a device authorization endpoint
}

// askIssuer reads the metadata of an issuer, reached as the settings say once they stand in the file at path. What else
// they say may only be right with what the issuer answers.
func (g *globals) askIssuer(ctx context.Context, issuer, path string, entry config.Entry) (*Issuer, error) {
	way := slices.DeleteFunc(slices.Clone(entry), func(s config.Setting) bool {
		return !strings.HasPrefix(s.Key, "tls.") && !slices.Contains([]string{"name", "provider", "issuer", "client_id", "proxy", "timeout"}, s.Key)
	})
	p, err := g.app.Loader.Read(path, way)
	if err != nil {
		return nil, err
	}
	g.warnUnchecked(p)
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

// fill adds what was not given and the server's word decides: who has no secret, and no
// key of another grant, logs in; the client proves itself by
// the one way of its kind that the server takes; a login asks for a refresh token where the server knows the scope.
func (i *Issuer) fill(entry config.Entry) config.Entry {
	has := func(keys ...string) bool {
		return slices.ContainsFunc(entry, func(s config.Setting) bool {
			key, _, _ := strings.Cut(s.Key, ".") // a member stands for its key
			return slices.Contains(keys, key)
		})
	}
	grant, given := settingOf(entry, "grant")
	if !given && !has("client_secret", "client_assertion", "username", "assertion", "refresh_token", "subject_token",
		"login_hint", "login_hint_token", "id_token_hint") {
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
