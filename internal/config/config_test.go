package config_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/authctl/authctl/internal/config"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/profile"
)

// planted stands where a secret or a wrong value would, and must not be seen in any error. It could not be
// the name of a profile or key, which errors show.
const planted = "PLANTED§hunter2§VALUE"

// providers is a schema like the real one's.
func providers() map[string]config.Provider {
	tokenURL := func(path string) func(*profile.Profile) error {
		return func(p *profile.Profile) error {
			if p.TokenURL == "" && p.BaseURL != "" {
				p.TokenURL = p.BaseURL + path
			}
			return nil
		}
	}
	keys := func(keys ...profile.Key) []profile.Key { return keys }
	return map[string]config.Provider{
		"tnco": {Keys: keys(profile.Key{Name: "mode", Later: true}), Complete: tokenURL("/oauth/token")},
		"apiconnect": {Keys: keys(profile.Key{Name: "realm"}, profile.Key{Name: "api_key", Type: profile.Secret},
			profile.Key{Name: "credentials_file", Type: profile.Path}), Complete: tokenURL("/api/token")},
		"entra": {Keys: keys(profile.Key{Name: "tenant"}, profile.Key{Name: "authority", Type: profile.URL},
			profile.Key{Name: "cloud", Words: []string{"public", "china"}}, profile.Key{Name: "cae", Type: profile.Bool},
			profile.Key{Name: "certificate", Type: profile.Map, Members: keys(profile.Key{Name: "file", Type: profile.Path},
				profile.Key{Name: "key", Type: profile.Secret}, profile.Key{Name: "send_chain", Type: profile.Bool})},
			profile.Key{
				Name: "managed_identity", Type: profile.WordOrMap, Words: []string{"system"},
				Members: keys(profile.Key{Name: "client_id"}, profile.Key{Name: "object_id"}),
			}), Complete: func(p *profile.Profile) error {
			if len(p.Scopes) > 0 && !strings.HasSuffix(p.Scopes[0], "/.default") {
				return &profile.KeyError{Key: "scopes", Reason: "must end in /.default", Hint: "scopes: [ID/.default]"}
			}
			return nil
		}},
		"mulesoft": {
			Keys:     keys(profile.Key{Name: "region"}, profile.Key{Name: "platform_url", Type: profile.URL}),
			Complete: func(*profile.Profile) error { return nil },
		},
		"oauth2": {Complete: tokenURL("/token")},
		"oidc":   {Keys: keys(profile.Key{Name: "issuer", Type: profile.URL}), Complete: tokenURL("/token")},
	}
}

func loader(env ...string) *config.Loader {
	return &config.Loader{Providers: providers(), Home: "/home/me", UID: os.Geteuid(), Getenv: func(name string) (string, bool) {
		for i := 0; i < len(env); i += 2 {
			if env[i] == name {
				return env[i+1], true
			}
		}
		return "", false
	}}
}

// save writes a file and gives its path.
func save(t testing.TB, text string, mode fs.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "profiles.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func load(t testing.TB, text string, env ...string) (*config.File, error) {
	t.Helper()
	return loader(env...).Load(t.Context(), save(t, text, 0o600))
}

func mustLoad(t testing.TB, text string, env ...string) *config.File {
	t.Helper()
	file, err := load(t, text, env...)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return file
}

// refused checks that err is of the configuration, and gives message and hints with the folder of the file cut off.
func refused(t testing.TB, err error) string {
	t.Helper()
	e, ok := errors.AsType[*fault.Error](err)
	if !ok || e.Kind != fault.Config {
		t.Fatalf("got %v, want an error of the configuration", err)
	}
	text := e.Error() + " | " + e.HintText()
	if strings.Contains(text, planted) {
		t.Errorf("a value is shown: %s", text)
	}
	if i := strings.Index(text, "profiles.yaml"); i > 0 && strings.HasPrefix(text, "/") {
		text = text[i:]
	}
	return text
}

const oneProfile = "profiles:\n  - name: a\n    provider: tnco\n    base_url: https://app.example.com\n"
