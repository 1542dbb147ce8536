package config_test

import (
	"slices"
	"strings"
	"testing"
)

func TestAProvidersOwnMappingsAreRead(t *testing.T) {
	own := mustLoad(t, `
profiles:
  - name: a
    provider: entra
    cloud: china
    cae: true
    certificate: {file: certs/a.pfx, key: env:K, send_chain: false}
    managed_identity: system
  - name: b
    provider: entra
    managed_identity: {object_id: 0123}
`).Profiles
	a, b := own[0].Own, own[1].Own
	if a.Text("cloud") != "china" || !a.Bool("cae") || a.Text("managed_identity") != "system" || a.Map("managed_identity") != nil {
		t.Errorf("%v", a)
	}
	c := a.Map("certificate")
	if !strings.HasSuffix(c.Text("file"), "/certs/a.pfx") || c.Secret("key").String() != "env:K" || c.Bool("send_chain") || !c.Has("send_chain") {
		t.Errorf("%v", c)
	}
	if b.Text("managed_identity") != "" || b.Map("managed_identity").Text("object_id") != "0123" || b.Bool("cae") {
		t.Errorf("%v", b)
	}
}

func TestAProvidersOwnMappingIsAsStrict(t *testing.T) {
	const head = "profiles:\n  - name: e\n    provider: entra\n"
	for name, c := range map[string]struct{ text, want string }{
		"a word":            {"    cloud: " + planted + "\n", `:4: profile "e": cloud: must be one of public, china`},
		"a bool":            {"    cae: yes\n", `:4: profile "e": cae: must be true or false`},
		"a word or mapping": {"    managed_identity: user\n", `:4: profile "e": managed_identity: must be system or a mapping | members: client_id, object_id`},
		"a list":            {"    managed_identity: [system]\n", `:4: profile "e": managed_identity: must be a mapping`},
		"a text":            {"    certificate: c.pem\n", `:4: profile "e": certificate: must be a mapping | members: file, key, send_chain`},
		"a member":          {"    certificate:\n      fil: c.pem\n", `:5: profile "e": certificate.fil: unknown key | did you mean file?`},
		"a member's type":   {"    certificate:\n      file: c.pem\n      send_chain: 1\n", `:6: profile "e": certificate.send_chain: must be true or false`},
		"a member's value":  {"    certificate: {file: }\n", `:4: profile "e": certificate.file: has no value`},
		"a member's secret": {"    certificate: {key: 'env:'}\n", `:4: profile "e": certificate.key: env: is followed by nothing`},
		"another's mapping": {"    issuer: {a: b}\n", `:4: profile "e": issuer: the provider of this profile has no such key`},
		"a mapping's home":  {"    certificate: {file: ~root/x}\n", `:4: profile "e": certificate.file: ~ stands for your own home folder`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := load(t, head+c.text)
			if got := refused(t, err); !strings.Contains(got, c.want) {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestSecretKeysAreListedByTheirPath(t *testing.T) {
	keys := loader().SecretKeys("entra")
	for _, key := range []string{"client_secret", "refresh_token", "assertion.passphrase", "certificate.key"} {
		if !slices.Contains(keys, key) {
			t.Errorf("%s is missing: %v", key, keys)
		}
	}
	if slices.Contains(keys, "api_key") || slices.Contains(keys, "certificate.file") {
		t.Errorf("%v", keys)
	}
}
