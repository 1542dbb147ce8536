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

// fill adds what was not given and the server's word decides: who has no secret, and no key of another grant, logs in by
// a way that the server has; the client proves itself by one that it takes; a login asks for a refresh token where the
// server knows the scope.
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
		case i.Login && i.offers("authorization_code"):
			grant = "authorization_code"
		case i.Device && i.offers("urn:ietf:params:oauth:grant-type:device_code"):
			grant = "device_code"
		}
		if grant != "" {
			entry = append(entry, config.Setting{Key: "grant", Value: grant})
		}
	}
	if has("client_secret") && !has("client_auth") && !slices.Contains(i.ClientAuth, "client_secret_basic") {
		for _, way := range []string{"client_secret_post", "client_secret_jwt"} {
			if slices.Contains(i.ClientAuth, way) {
				entry = append(entry, config.Setting{Key: "client_auth", Value: way})
				break
			}
		}
	}
	if !has("scopes") && (grant == "authorization_code" || grant == "device_code") && slices.Contains(i.Scopes, "offline_access") {
		entry = append(entry, config.Setting{Key: "scopes", Value: []string{"openid", "offline_access"}})
	}
	return entry
}

// offers reports whether the server takes a grant, by its name on the wire; one that publishes none may take any.
func (i *Issuer) offers(grant string) bool {
	return i.Grants == nil || slices.Contains(i.Grants, grant)
}
