package tnco

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/provider"
)

// checkKeys refuses what the mode cannot use, and asks for what it cannot do without.
func checkKeys(p *profile.Profile) error {
	mode := modeOf(p)
	for _, key := range []struct{ name, by string }{
		{"login_url", legacy + " " + zen + " " + okta}, {"auth_server_id", okta}, {"api_key", zen},
	} {
		if p.Own.Has(key.name) && !strings.Contains(key.by, mode) {
			hint := "mode: " + strings.ReplaceAll(key.by, " ", " or ")
			return &profile.KeyError{Key: key.name, Reason: "mode " + mode + " has no use for it", Hint: hint + ", or remove the line"}
		}
	}
	switch mode {
	case zen:
		return checkZen(p)
	case okta:
		return checkOkta(p)
	}
	return nil
}

func checkZen(p *profile.Profile) error {
	switch {
	case !p.Own.Has("login_url"):
		return &profile.KeyError{Key: "login_url", Reason: "is required by mode zen", Hint: "login_url: https://cpd.example.com"}
	case p.Own.Has("api_key") && !p.Password.IsZero():
		return &profile.KeyError{Key: "api_key", Reason: "stands in place of password", Hint: "remove one of the two lines"}
	}
	for i, param := range p.Params {
		if param.Name == "api_key" {
			return &profile.KeyError{Key: fmt.Sprintf("params[%d].name", i), Reason: "api_key has a key of its own", Hint: "use api_key:"}
		}
	}
	return nil
}

func checkOkta(p *profile.Profile) error {
	id := p.Own.Text("auth_server_id")
	switch {
	case !p.Own.Has("login_url"):
		return &profile.KeyError{Key: "login_url", Reason: "is required by mode okta", Hint: "login_url: https://example.okta.com"}
	case id == "":
		return &profile.KeyError{Key: "auth_server_id", Reason: "is required by mode okta", Hint: "auth_server_id: default"}
	case id == "." || id == ".." || url.PathEscape(id) != id:
		return &profile.KeyError{Key: "auth_server_id", Reason: "is one word of an address, without a slash or a blank"}
	case p.Grant == provider.Password && len(p.Scopes) == 0:
		return &profile.KeyError{Key: "scopes", Reason: "is required by grant password in mode okta", Hint: "scopes: [openid]"}
	}
	return nil
}

// addressOf is where the mode's requests go.
func addressOf(p *profile.Profile) (string, error) {
	base, login := strings.TrimRight(p.BaseURL, "/"), strings.TrimRight(p.Own.Text("login_url"), "/")
	switch modeOf(p) {
	case legacy:
		return legacyAddress(base, login)
	case zen:
		return zenAddress(p.Own.Text("login_url"))
	case okta:
		return login + "/oauth2/" + p.Own.Text("auth_server_id") + "/v1/token", nil
	}
	switch {
	case p.TokenURL != "":
		return p.TokenURL, nil
	case base == "":
		return "", &profile.KeyError{Key: "base_url", Reason: "is required, or token_url is", Hint: "base_url: https://app.lm:32443"}
	}
	return base + tokenPath, nil
}

// where names the keys that make the address.
func where(p *profile.Profile) string {
	switch modeOf(p) {
	case legacy:
		return "login_url or base_url"
	case zen:
		return "login_url"
	case okta:
		return "login_url and auth_server_id"
	}
	return "token_url or base_url"
}

func legacyAddress(base, login string) (string, error) {
	if login == "" {
		login = base
	}
	if login == "" {
		return "", &profile.KeyError{Key: "login_url", Reason: "is required, or base_url is", Hint: "login_url: https://ui.lm:32443"}
	}
	for _, path := range []string{loginPath, olderLoginPath} { // the longer one ends in the other
		if strings.HasSuffix(login, path) {
			return "", &profile.KeyError{Key: "login_url", Reason: "is the address of the user interface, not of its login", Hint: "leave out " + path}
		}
	}
	return login + loginPath, nil
}

// zenAddress lets a profile have lmctl's full address or that of the host alone: a path appended to a path is the
// classic mistake.
func zenAddress(login string) (string, error) {
	u, err := url.Parse(login)
	if err != nil {
		return "", &profile.KeyError{Key: "login_url", Reason: "is not a URL"}
	}
	if u.Path == "" || u.Path == "/" {
		return strings.TrimSuffix(login, "/") + zenPath, nil
	}
	return login, nil
}

// setAddress fills token_url, which only mode oauth lets the user say. A profile may come here twice.
func setAddress(p *profile.Profile, address string) error {
	if p.TokenURL != "" && p.TokenURL != address || p.Said["token_url"] && modeOf(p) != oauth {
		return &profile.KeyError{
			Key: "token_url", Reason: "mode " + modeOf(p) + " has an address of its own",
			Hint: "login_url in place of it, or mode: oauth",
		}
	}
	p.TokenURL = address
	return nil
}
