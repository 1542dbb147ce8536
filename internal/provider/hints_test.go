package provider_test

import (
	"context"
	"errors"
	"testing"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/provider"
)

type refusing struct{ err error }

func (g refusing) Token(context.Context, grant.Ask) (*grant.Token, error) { return nil, g.err }

func TestHintsAreForServersAnswersOnly(t *testing.T) {
	hint := func(e *fault.Error) { e.Hint("h") }
	for _, c := range []struct {
		err  error
		want string
	}{
		{&fault.Error{Kind: fault.Auth, Status: 401, Err: errors.New("x")}, "h"},
		{fault.New(fault.Config, "", "x"), ""},
		{&fault.Error{Kind: fault.Auth, Status: 401, Err: errors.New("x"), Profile: "another"}, ""},
		{errors.New("x"), ""},
	} {
		_, err := provider.WithHints(refusing{c.err}, hint).Token(t.Context(), grant.Ask{})
		if got := fault.From(err).HintText(); got != c.want || !errors.Is(err, c.err) {
			t.Errorf("%v: hint %q", err, got)
		}
	}
}

type person struct{ refusing }

func (p person) Login(context.Context, grant.Person) (*grant.Token, error) { return nil, p.err }

type renewing struct{ refusing }

func (r renewing) Refresh(context.Context, *grant.Token, grant.Ask) (*grant.Token, error) {
	return nil, r.err
}

type both struct {
	person
	again renewing
}

func (b both) Refresh(ctx context.Context, prev *grant.Token, ask grant.Ask) (*grant.Token, error) {
	return b.again.Refresh(ctx, prev, ask)
}

func TestHintsTakeNoAbilityAwayAndAddNone(t *testing.T) {
	refuse := func() refusing { return refusing{&fault.Error{Kind: fault.Auth, Status: 400, Err: errors.New("x")}} }
	for name, c := range map[string]struct {
		grant            grant.Grant
		refreshes, login bool
	}{
		"plain": {refuse(), false, false}, "refresher": {renewing{refuse()}, true, false}, "login": {person{refuse()}, false, true}, "both": {both{person{refuse()}, renewing{refuse()}}, true, true},
	} {
		g := provider.WithHints(c.grant, func(e *fault.Error) { e.Hints = []string{"h"} })
		_, err := g.Token(t.Context(), grant.Ask{})
		errs := []error{err}
		refresher, refreshes := g.(grant.Refresher)
		login, logsIn := g.(grant.Login)
		if refreshes != c.refreshes || logsIn != c.login {
			t.Errorf("%s: refreshes %v, logs in %v", name, refreshes, logsIn)
			continue
		}
		if refreshes {
			_, err := refresher.Refresh(t.Context(), &grant.Token{}, grant.Ask{})
			errs = append(errs, err)
		}
		if logsIn {
			_, err := login.Login(t.Context(), grant.Person{})
			errs = append(errs, err)
		}
		for _, err := range errs {
			if fault.From(err).HintText() != "h" {
				t.Errorf("%s: %+v", name, err)
			}
		}
	}
}
