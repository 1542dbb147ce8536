package profile_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/secret"
)

func literal(text string) secret.Ref {
	return secret.Ref{Scheme: secret.Literal, Arg: secret.New(text)}
}

func TestWhatWasNotSaidAddsNothingToTheIdentity(t *testing.T) {
	if got := valid().FurtherIdentity(); len(got) != 0 {
		t.Errorf("%v", got)
	}
}

func TestEveryKeyThatDecidesTheTokenMakesAnotherIdentity(t *testing.T) {
	seen := map[string]string{}
	for name, change := range map[string]func(*profile.Profile){
		"nothing":            func(*profile.Profile) {},
		"details":            func(p *profile.Profile) { p.AuthorizationDetails = `[{"type":"a"}]` },
		"dpop":               func(p *profile.Profile) { p.DPoP.On = true },
		"dpop, own key":      func(p *profile.Profile) { p.DPoP = profile.DPoP{On: true, Key: env("K")} },
		"dpop, own key, alg": func(p *profile.Profile) { p.DPoP = profile.DPoP{On: true, Key: env("K"), Alg: "RS256"} },
		"a type":             func(p *profile.Profile) { p.RequestedTokenType = "urn:a:b" },
		"a subject":          func(p *profile.Profile) { p.SubjectToken = profile.TokenInput{Token: env("A"), Type: "urn:a:b"} },
		"another subject":    func(p *profile.Profile) { p.SubjectToken = profile.TokenInput{Token: env("B"), Type: "urn:a:b"} },
		"a subject's type":   func(p *profile.Profile) { p.SubjectToken = profile.TokenInput{Token: env("A"), Type: "urn:a:c"} },
		"a subject's owner":  func(p *profile.Profile) { p.SubjectToken = profile.TokenInput{Profile: "A", Type: "urn:a:b"} },
		"an actor":           func(p *profile.Profile) { p.ActorToken = profile.TokenInput{Token: env("A"), Type: "urn:a:b"} },
		"a hint":             func(p *profile.Profile) { p.LoginHint = "ann" },
		"a hint's token":     func(p *profile.Profile) { p.LoginHintToken = env("ann") },
		"an id token":        func(p *profile.Profile) { p.IDTokenHint = env("ann") },
		"an issuer":          func(p *profile.Profile) { p.Assertion = profile.Assertion{Issuer: "a"} },
		"a subject claim":    func(p *profile.Profile) { p.Assertion = profile.Assertion{Subject: "a"} },
		"an audience":        func(p *profile.Profile) { p.Assertion = profile.Assertion{Audience: "a"} },
		"claims":             func(p *profile.Profile) { p.Assertion = profile.Assertion{Claims: `{"a":1}`} },
		"a key":              func(p *profile.Profile) { p.Assertion = profile.Assertion{Key: env("K")} },
		"a jwt":              func(p *profile.Profile) { p.Assertion = profile.Assertion{JWT: env("K")} },
		"a parameter":        func(p *profile.Profile) { p.AuthorizationParams = []profile.Param{{Name: "a", Value: "b"}} },
		"another parameter":  func(p *profile.Profile) { p.AuthorizationParams = []profile.Param{{Name: "a", Value: "c"}} },
		"a header":           func(p *profile.Profile) { p.TokenHeaders = []profile.Param{{Name: "a", Value: "b"}} },
		"a refresh token":    func(p *profile.Profile) { p.RefreshToken = env("A") },
		"a literal one":      func(p *profile.Profile) { p.RefreshToken = literal(planted) },
		"another literal":    func(p *profile.Profile) { p.RefreshToken = literal(planted + "2") },
	} {
		p := valid()
		change(p)
		further := p.FurtherIdentity()
		if !slices.IsSortedFunc(further, func(a, b profile.Param) int { return strings.Compare(a.Name, b.Name) }) {
			t.Errorf("%s: %v is not in order", name, further)
		}
		text := fmt.Sprint(further)
		if strings.Contains(text, planted) {
			t.Errorf("%s: a secret is shown: %s", name, text)
		}
		key := profile.Identity{Further: further}.Key()
		if other, taken := seen[key]; taken {
			t.Errorf("%s and %s have one identity", name, other)
		}
		seen[key] = name
	}
}

func TestHowTheClientIsReachedIsNoPartOfTheIdentity(t *testing.T) {
	p := valid()
	p.PAR, p.Redirect, p.BindingMessage = "always", profile.Redirect{Host: "localhost", Port: 1, Path: "/x"}, "shown to a person"
	p.ClientAssertion = profile.Assertion{Key: env("K")}
	if got := p.FurtherIdentity(); len(got) != 0 {
		t.Errorf("%v", got)
	}
}

func TestEveryReferenceIsFoundUnderItsPath(t *testing.T) {
	p := valid()
	p.RefreshToken, p.LoginHintToken, p.IDTokenHint = env("A"), env("A"), env("A")
	p.Assertion = profile.Assertion{JWT: env("A"), Key: env("A"), Passphrase: env("A")}
	p.ClientAssertion = p.Assertion
	p.SubjectToken.Token, p.ActorToken.Token, p.DPoP.Key = env("A"), env("A"), env("A")
	p.ClientSecret, p.Password = env("A"), env("A")
	p.Own = profile.Values{"api_key": env("A"), "certificate": profile.Values{"key": env("A"), "file": "x", "deep": profile.Values{"er": env("A")}}}
	var got []string
	for _, said := range p.Refs() {
		got = append(got, said.Key)
	}
	top, nested := profile.SecretKeys()
	want := append(append(top, nested...), "api_key", "certificate.key", "certificate.deep.er")
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	if !slices.Contains(top, "refresh_token") || !slices.Contains(nested, "dpop.key") || slices.Contains(top, "dpop.key") {
		t.Errorf("%v, %v", top, nested)
	}
}
