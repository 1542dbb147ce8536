package entra_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/authctl/authctl/internal/authtest"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/provider/entra"
	"github.com/authctl/authctl/internal/provider/providertest"
	"github.com/authctl/authctl/internal/secret"
)

func withFile(s *authtest.Server, path string) profile.Profile {
	p := at(s)
	p.ClientSecret = secret.Ref{}
	p.Own["federated_token_file"] = path
	return p
}

func TestAFederatedTokenIsReadForEachRequest(t *testing.T) {
	s := authtest.FakeIDP(t, okay())
	content := map[string]string{"token": "h.first.s\n"}
	source := providertest.Source(t, entra.Provider(nil), withFile(s, "token"), files(providertest.Ports(s.Client()), content))
	for _, c := range [][2]string{{"h.first.s\n", "h.first.s"}, {"h.second.s", "h.second.s"}, {"h.third.s\r\n", "h.third.s"}} {
		content["token"] = c[0]
		if _, err := source.Grant.Token(t.Context(), grant.Ask{}); err != nil {
			t.Fatal(err)
		}
		form, _ := url.ParseQuery(s.Requests()[s.Count()-1].Body)
		if form.Get("client_assertion") != c[1] || form.Get("client_id") == "" || form.Has("client_secret") ||
			form.Get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
			t.Errorf("%v", form)
		}
	}
	if s.Count() != 3 {
		t.Errorf("%d requests", s.Count())
	}
}

func TestAFileWithoutATokenIsNeverSent(t *testing.T) {
	for name, text := range map[string]string{
		"empty": "", "a newline": "\n", "two newlines": "h.c.s\n\n", "blanks": " h.c.s", "two tokens": "h.c.s h.c.s", "binary": "h.\x00.s", "umlaut": "h.ü.s",
	} {
		s := authtest.FakeIDP(t, okay())
		source := providertest.Source(t, entra.Provider(nil), withFile(s, "token"), files(providertest.Ports(s.Client()), map[string]string{"token": text}))
		_, err := source.Grant.Token(t.Context(), grant.Ask{})
		if !fault.Is(err, fault.Config) || s.Count() != 0 || strings.Contains(err.Error(), "h.c.s") {
			t.Errorf("%s: %v, %d requests", name, err, s.Count())
		}
	}
	s := authtest.FakeIDP(t, okay())
	source := providertest.Source(t, entra.Provider(nil), withFile(s, "gone"), files(providertest.Ports(s.Client()), nil))
	if _, err := source.Grant.Token(t.Context(), grant.Ask{}); !fault.Is(err, fault.Config) || s.Count() != 0 {
		t.Errorf("%v, %d requests", err, s.Count())
	}
}

func TestARefusedFederatedTokenIsNotShown(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.JSON(401, `{"error":"invalid_client","error_description":"AADSTS700213: No match for eyJsecret.eyJsecret.sig"}`))
	source := providertest.Source(t, entra.Provider(nil), withFile(s, "token"),
		files(providertest.Ports(s.Client()), map[string]string{"token": "eyJsecret.eyJsecret.sig"}))
	_, err := source.Grant.Token(t.Context(), grant.Ask{})
	e := fault.From(err)
	if e.Kind != fault.Auth || strings.Contains(e.Error(), "eyJsecret") || !strings.Contains(e.HintText(), "letter by letter") {
		t.Errorf("%+v", e)
	}
}
