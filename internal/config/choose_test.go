package config_test

import (
	"strings"
	"testing"
)

func TestTheProfileIsChosenInOrder(t *testing.T) {
	const two = oneProfile + "  - {name: b, provider: tnco}\n"
	for name, c := range map[string]struct {
		text, flag string
		env        []string
		want       string
	}{
		"flag":     {"default_profile: a\n" + two, "b", []string{"AUTHCTL_PROFILE", "a"}, "b"},
		"variable": {"default_profile: a\n" + two, "", []string{"AUTHCTL_PROFILE", "b"}, "b"},
		"default":  {"default_profile: b\n" + two, "", nil, "b"},
		"only one": {oneProfile, "", nil, "a"},
	} {
		p, err := mustLoad(t, c.text, c.env...).Choose(c.flag)
		if err != nil || p.Name != c.want {
			t.Errorf("%s: %v, %v", name, p, err)
		}
	}
	_, err := mustLoad(t, two).Choose("")
	if got := refused(t, err); !strings.HasSuffix(got, "has 2 profiles and none is the default | choose one with -p: a, b") {
		t.Error(got)
	}
	_, err = mustLoad(t, strings.Replace(two, "name: b", "name: Entra-Prod", 1)).Choose("entra-prod")
	if got := refused(t, err); !strings.HasSuffix(got, `has no profile "entra-prod" | did you mean Entra-Prod?; profiles: a, Entra-Prod`) {
		t.Error(got)
	}
	_, err = mustLoad(t, two, "AUTHCTL_PROFILE", "c").Choose("")
	if got := refused(t, err); !strings.Contains(got, `no profile "c" (AUTHCTL_PROFILE)`) {
		t.Error(got)
	}
}

func TestShowGivesWhatTheUserWroteWithoutSecrets(t *testing.T) {
	file := mustLoad(t, `profiles:
  - name: x # old: `+planted+`
    provider: apiconnect
    client_id: 0123
    client_secret: `+planted+`
    password: env:PW
    api_key: 'command:pass show x'
    scopes: [a, b]
    # `+planted+`
    headers:
      - {name: X-Key, value: `+planted+`}
      - {name: X-Ref, value: keyring:k}
`)
	got, err := file.Show("x")
	const want = `name: x
provider: apiconnect
client_id: 0123
client_secret: '[redacted]'
password: env:PW
api_key: 'command:pass show x'
scopes: [a, b]
headers:
  - {name: X-Key, value: '[redacted]'}
  - {name: X-Ref, value: 'keyring:k'}
`
	if err != nil || got != want {
		t.Errorf("%v\n%s", err, got)
	}
	if _, err := file.Show("y"); !strings.Contains(refused(t, err), "profiles: x") {
		t.Error(err)
	}
}
