package config_test

import (
	"os"
	"strings"
	"testing"

	"github.com/authctl/authctl/internal/config"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/provider/all"
)

// realLoader knows the providers that authctl has.
func realLoader() *config.Loader {
	l := loader()
	unset := func(string) (string, bool) { return "", false }
	l.Providers = map[string]config.Provider{}
	for _, p := range all.All(unset) {
		l.Providers[p.Name] = config.Provider{Keys: p.Keys, Complete: p.Complete}
	}
	return l
}

func TestTheExampleLoadsAndSaysEveryKey(t *testing.T) {
	data, err := os.ReadFile("../../profiles.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	l := realLoader()
	file, err := l.Load(t.Context(), save(t, string(data), 0o644))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range file.Profiles {
		if _, err := file.Show(p.Name); err != nil {
			t.Error(err)
		}
	}
	saysAll(t, "the example", string(data), ":", l)
}

func TestTheReferenceNamesEveryKey(t *testing.T) {
	data, err := os.ReadFile("../../docs/profiles.md")
	if err != nil {
		t.Fatal(err)
	}
	saysAll(t, "docs/profiles.md", string(data), "`", realLoader())
}

// saysAll holds a text to naming every key, each with what follows it there.
func saysAll(t *testing.T, what, text, after string, l *config.Loader) {
	t.Helper()
	keys := strings.Fields(`default_profile storage storage_key name provider base_url allowed_origins grant client_id client_secret
		client_auth basic_encoding username password scopes audience resources params headers tls ca_file cert_file key_file server_name min_version
		insecure_skip_verify insecure_token_endpoint proxy default_ttl expiry_skew timeout reauth_statuses token_url
		refresh_token redirect_host redirect_port redirect_path authorization_params par assertion client_assertion subject_token actor_token
		requested_token_type login_hint login_hint_token id_token_hint binding_message token_headers dpop authorization_details
		jwt key passphrase alg key_id issuer subject claims ttl token profile type`)
	for _, k := range (&profile.Endpoints{}).Keys() {
		keys = append(keys, k.Name)
	}
	for _, p := range l.Providers {
		keys = append(keys, declared(p.Keys)...)
	}
	for _, key := range keys {
		if !strings.Contains(text, key+after) {
			t.Errorf("%s does not say %s", what, key)
		}
	}
}

func declared(keys []profile.Key) []string {
	var out []string
	for _, key := range keys {
		out = append(append(out, key.Name), declared(key.Members)...)
	}
	return out
}
