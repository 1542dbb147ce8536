package apiconnect

import (
	"context"
	"errors"
	"strings"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/secret"
)

// keyGrant is grant api_key, which a person may serve as well: `login --sso` has them fetch a key from a web page. The
// key is good for one token and is never kept.
type keyGrant struct {
	*grant.APIKey

	profile *profile.Profile
}

var (
	_ grant.Login     = keyGrant{}
	_ grant.Refresher = keyGrant{}
)

// Token implements [grant.Grant]. A profile that says no key, and has none in the keyring, is one of people who log in.
// A keyring that is locked or slow may have one, and is an error as ever.
func (g keyGrant) Token(ctx context.Context, ask grant.Ask) (*grant.Token, error) {
	token, err := g.APIKey.Token(ctx, ask)
	if err == nil || g.profile.Own.Has("api_key") || !errors.Is(err, secret.ErrNoAccount) {
		return token, err
	}
	return nil, fault.New(fault.Auth, "auth.login_required", "%w", grant.ErrLoginRequired).
		Hint("authctl login --sso -p %s", g.profile.Name)
}

// Login implements [grant.Login].
func (g keyGrant) Login(ctx context.Context, person grant.Person) (*grant.Token, error) {
	address, err := signInURL(g.profile)
	if err != nil {
		return nil, err
	}
	person.Tell("sign in at this address and copy the API key that it shows:")
	person.Tell("%s", address)
	if person.Browse != nil {
		if err := person.Browse(ctx, address); err != nil {
			person.Tell("no browser was opened (%s): open the address yourself", g.Endpoint.Show(err.Error()))
		}
	}
	key, err := person.Secret(ctx, "API key")
	if err != nil {
		return nil, err
	}
	if err := secret.Check(key); err != nil { // which would spend a try on what no server takes
		return nil, fault.New(fault.Config, "config.secret", "API key: %w", err).Hint("copy the key alone, without a blank around it")
	}
	entered := *g.APIKey
	entered.Key = func(context.Context) (secret.String, error) { return key, nil }
	return entered.Token(ctx, grant.Ask{})
}

// signInURL is the page that shows an API key to whoever signs in there.
func signInURL(p *profile.Profile) (string, error) {
	if said := p.Own.Text("sign_in_url"); said != "" {
		return said, nil
	}
	r, err := parseRealm(realmOf(p))
	if err != nil {
		return "", err
	}
	context := "manager"
	switch {
	case r.consumer():
		return "", fault.New(fault.Config, "config.sign_in_url", "consumer organizations have no sign-in page of their own").
			Hint("grant: password, or sign_in_url: the page that gives an API key")
	case p.BaseURL == "":
		return "", fault.New(fault.Config, "config.sign_in_url", "nothing says where the sign-in page is").Hint("set sign_in_url or base_url in the profile")
	case r.family == "admin":
		context = "admin"
	}
	return p.BaseURL + "/auth/" + context + "/sign-in/?from=TOOLKIT", nil
}

// checkSignIn holds sign_in_url against the rules of every URL in a profile, but for the query that the product's own
// page has.
func checkSignIn(p *profile.Profile) error {
	if !p.Own.Has("sign_in_url") {
		return nil
	}
	page, query, _ := strings.Cut(p.Own.Text("sign_in_url"), "?")
	if err := profile.CheckURL("sign_in_url", page); err != nil {
		return err
	}
	if strings.ContainsFunc(query, func(r rune) bool { return r <= ' ' || r > '~' || r == '#' || r == '\\' }) {
		return &profile.KeyError{Key: "sign_in_url", Reason: "has a character in its query that must be escaped, or a fragment"}
	}
	return nil
}
