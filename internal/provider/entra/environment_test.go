package entra_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/provider"
	"github.com/authctl/authctl/internal/provider/entra"
	"github.com/authctl/authctl/internal/provider/providertest"
	"github.com/authctl/authctl/internal/secret"
)

func variables(pairs ...string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1], true
			}
		}
		return "", false
	}
}

func TestTheEnvironmentFillsWhatTheProfileLeavesOut(t *testing.T) {
	env := variables("AZURE_TENANT_ID", "72f988bf-86f1-41af-91ab-2d7cd011db47", "AZURE_CLIENT_ID", "env-client",
		"AZURE_AUTHORITY_HOST", "https://login.microsoftonline.us/", "AZURE_FEDERATED_TOKEN_FILE", "/var/run/token")
	p := providertest.Complete(t, entra.Provider(env), profile.Profile{Scopes: []string{scope}})
	if p.TokenURL != "https://login.microsoftonline.us/72f988bf-86f1-41af-91ab-2d7cd011db47/oauth2/v2.0/token" ||
		p.ClientID != "env-client" || p.ClientAuth != "private_key_jwt" || p.Own.Text("federated_token_file") != "/var/run/token" {
		t.Errorf("%+v", p)
	}
	said := minimal()
	said.Own["cloud"] = "china"
	p = providertest.Complete(t, entra.Provider(env), said)
	if p.TokenURL != "https://login.partner.microsoftonline.cn/contoso.onmicrosoft.com/oauth2/v2.0/token" ||
		p.ClientID != minimal().ClientID || p.ClientAuth != "client_secret_post" || p.Own.Has("federated_token_file") {
		t.Errorf("what the profile says does not count: %+v", p)
	}
	if said.Own.Has("tenant_id") || minimal().Own.Has("authority") || said.Own.Has("authority") {
		t.Error("the profile's own values were changed")
	}
}

func TestTheTokenFileOfTheEnvironmentIsForClientsWithoutACredential(t *testing.T) {
	env := variables("AZURE_FEDERATED_TOKEN_FILE", "/var/run/token")
	for name, change := range map[string]func(*profile.Profile){
		"a secret":         func(*profile.Profile) {},
		"a secret's style": func(p *profile.Profile) { p.ClientSecret, p.ClientAuth = secret.Ref{}, "client_secret_post" },
		"a certificate": func(p *profile.Profile) {
			p.ClientSecret = secret.Ref{}
			p.Own["certificate"] = profile.Values{"file": "c"}
		},
		"a file of its own": func(p *profile.Profile) { p.ClientSecret = secret.Ref{}; p.Own["federated_token_file"] = "own" },
		"a public client":   func(p *profile.Profile) { p.ClientSecret, p.Grant = secret.Ref{}, "device_code" },
		"the machine's identity": func(p *profile.Profile) {
			p.ClientSecret, p.ClientID = secret.Ref{}, ""
			p.Own["managed_identity"] = "system"
		},
	} {
		p := minimal()
		change(&p)
		if got := providertest.Complete(t, entra.Provider(env), p); got.Own.Text("federated_token_file") == "/var/run/token" {
			t.Errorf("%s: the token of the environment is taken", name)
		}
	}
}

func TestAnEmptyVariableIsNone(t *testing.T) {
	env := variables("AZURE_TENANT_ID", "", "AZURE_FEDERATED_TOKEN_FILE", " ", "AZURE_AUTHORITY_HOST", "")
	p := providertest.Complete(t, entra.Provider(env), minimal())
	if p.Own.Has("authority") || p.Own.Has("federated_token_file") {
		t.Errorf("%v", p.Own)
	}
	without := minimal()
	delete(without.Own, "tenant")
	providertest.Refuses(t, entra.Provider(env), without, "tenant")
}

func TestWhatTheEnvironmentSaysIsCheckedLikeTheFile(t *testing.T) {
	for _, c := range [][3]string{
		{"AZURE_TENANT_ID", "contoso.com/../other", "tenant"},
		{"AZURE_TENANT_ID", "common", "tenant"},
		{"AZURE_AUTHORITY_HOST", "http://login.example.com", "authority"},
		{"AZURE_AUTHORITY_HOST", "login.microsoftonline.us", "authority"},
		{"AZURE_AUTHORITY_HOST", "https://user:pw@login.example.com", "authority"},
		{"AZURE_AUTHORITY_HOST", "https://login.example.com?x", "authority"},
	} {
		p := minimal()
		if c[2] == "tenant" {
			delete(p.Own, "tenant")
		}
		e := providertest.Refuses(t, entra.Provider(variables(c[0], c[1])), p, c[2])
		if strings.Contains(e.Error()+e.Hint, "user:pw") {
			t.Errorf("%v", e)
		}
	}
}

func TestWhatWasTakenFromTheEnvironmentIsTold(t *testing.T) {
	env := variables("AZURE_TENANT_ID", "contoso.com", "AZURE_CLIENT_ID", "env-client", "AZURE_AUTHORITY_HOST", "https://login.microsoftonline.us")
	p := minimal()
	delete(p.Own, "tenant")
	p.Said = map[string]bool{"client_id": true, "scopes": true, "client_secret": true}
	var told []string
	ports := provider.Ports{Note: func(format string, args ...any) { told = append(told, fmt.Sprintf(format, args...)) }}
	providertest.Source(t, entra.Provider(env), p, ports)
	want := []string{"tenant is contoso.com, from AZURE_TENANT_ID", "authority is https://login.microsoftonline.us, from AZURE_AUTHORITY_HOST"}
	if !slices.Equal(told, want) {
		t.Errorf("%q", told)
	}
}
