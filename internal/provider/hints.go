package provider

import (
	"context"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
)

// WithHints adds what a provider knows about its servers' errors. It changes nothing else of them, and the grant can do
// what it could before.
func WithHints(g grant.Grant, hint func(*fault.Error)) grant.Grant {
	token := hinting{g, hint}
	refresher, refreshes := g.(grant.Refresher)
	login, logsIn := g.(grant.Login)
	switch {
	case refreshes && logsIn:
		return struct {
			hinting
			hintingRefresh
			hintingLogin
		}{token, hintingRefresh{refresher, hint}, hintingLogin{login, hint}}
	case refreshes:
		return struct {
			hinting
			hintingRefresh
		}{token, hintingRefresh{refresher, hint}}
	case logsIn:
		return struct {
			hinting
			hintingLogin
		}{token, hintingLogin{login, hint}}
	}
	return token
}

type hinting struct {
	grant     grant.Grant
	tokenHint func(*fault.Error)
}

// Token implements [grant.Grant].
func (h hinting) Token(ctx context.Context, ask grant.Ask) (*grant.Token, error) {
	token, err := h.grant.Token(ctx, ask)
	return token, hinted(err, h.tokenHint)
}

type hintingRefresh struct {
	refresher   grant.Refresher
	refreshHint func(*fault.Error)
}

// Refresh implements [grant.Refresher].
func (h hintingRefresh) Refresh(ctx context.Context, prev *grant.Token, ask grant.Ask) (*grant.Token, error) {
	token, err := h.refresher.Refresh(ctx, prev, ask)
	return token, hinted(err, h.refreshHint)
}

type hintingLogin struct {
	login     grant.Login
	loginHint func(*fault.Error)
}

// Login implements [grant.Login].
func (h hintingLogin) Login(ctx context.Context, person grant.Person) (*grant.Token, error) {
	token, err := h.login.Login(ctx, person)
	return token, hinted(err, h.loginHint)
}

func hinted(err error, hint func(*fault.Error)) error {
	if err != nil {
		Hint(err, hint)
	}
	return err
}

// Hint gives the hints of an error that the profile's server caused; what this program refused by itself has its own,
// and so has the error of another profile, whose token was to be handed in.
func Hint(err error, hint func(*fault.Error)) {
	e := fault.From(err)
	if (e.Status != 0 || e.OAuthError != "") && e.Profile == "" { // a browser brings back a code without a status
		hint(e)
	}
}
