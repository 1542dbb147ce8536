package cli

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/auth"
	"github.com/authctl/authctl/internal/authtest"
	"github.com/authctl/authctl/internal/config"
	"github.com/authctl/authctl/internal/iostreams"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/secret"
	"github.com/authctl/authctl/internal/tokenstore"
	"github.com/authctl/authctl/internal/tokenstore/lock"
)

// ring is a keyring in memory, and a store of four tokens, of which two are the profile a's.
type ring struct {
	values map[string]string
	tokens []*tokenstore.Record
}

func (r *ring) Set(_ context.Context, account string, value secret.String) error {
	r.values[account] = value.Reveal()
	return nil
}

func (r *ring) Delete(_ context.Context, account string) error {
	delete(r.values, account)
	return nil
}

// shelf is the ring's tokens as a store.
type shelf struct{ *ring }

func (s shelf) List(context.Context) ([]*tokenstore.Record, error) {
	return slices.Clone(s.tokens), nil
}
func (s shelf) Place() string                { return "a shelf" }
func (s shelf) DeleteUnlisted() (int, error) { return 0, nil }

func (s shelf) Delete(_ context.Context, key string) error {
	s.tokens = slices.DeleteFunc(s.tokens, func(r *tokenstore.Record) bool { return r.Key == key })
	return nil
}

func (s shelf) Outdate(_ context.Context, key string) error {
	for _, r := range s.tokens {
		if r.Key == key {
			r.AccessToken = secret.String{}
		}
	}
	return nil
}

func (r *ring) List(context.Context) ([]string, error) {
	return []string{"a/client_secret", "ab/client_secret", "shared"}, nil
}

// runSecret runs one command line with input on standard input.
func runSecret(t *testing.T, r *ring, input string, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "profiles.yaml")
	text := `profiles:
  - {name: a, provider: oauth2, grant: password}
  - {name: ab, provider: oauth2, client_secret: 'keyring:shared', headers: [{name: X-Key, value: 'keyring:seen'}]}
  - {name: rt, provider: oauth2, grant: refresh_token, refresh_token: 'keyring:first'}
`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	none := func(string) (string, bool) { return "", false }
	var out, err bytes.Buffer
	app := &App{
		IO: &iostreams.Streams{In: strings.NewReader(input), Out: &out, Err: &err}, Getenv: none, Mask: secret.NewMask(),
		Loader: &config.Loader{Getenv: none, UID: os.Getuid(), Providers: map[string]config.Provider{
			"oauth2": {Complete: func(*profile.Profile) error { return nil }},
		}},
		Secrets:    func(Options) SecretKeeper { return r },
		SecretKeys: func(string) []string { return []string{"client_secret", "password"} },
		Store:      func(Options) (TokenLister, error) { return shelf{r}, nil },
		Session: func(p *profile.Profile, _ Options) (*auth.Session, error) {
			locks := lock.New(lock.Dirs{Shared: t.TempDir()})
			return &auth.Session{
				Profile: p.Name, Identity: profile.Identity{ClientID: "c"}, Store: authtest.FakeStore(), Notes: locks, Clock: time.Now,
			}, nil
		},
	}
	status = app.Run(t.Context(), append(args, "--config", path))
	return status, out.String(), err.String()
}

func newRing() *ring {
	token := func(key, owner string) *tokenstore.Record {
		return &tokenstore.Record{Key: key, Profile: owner, ClientID: "c", AccessToken: secret.New("at")}
	}
	return &ring{values: map[string]string{}, tokens: []*tokenstore.Record{token("1", "a"), token("2", "a"), token("3", "ab"), token("4", "rt")}}
}

func TestASecretThatWasTypedAsAnArgumentIsNotRepeated(t *testing.T) {
	for _, word := range []string{"client_secret=CANARY-typed", "CANARY-typed"} {
		for _, verb := range []string{"set", "remove"} {
			r := newRing()
			status, stdout, stderr := runSecret(t, r, "x", "secret", verb, "-p", "a", word)
			if status != 2 || len(r.values) > 0 || strings.Contains(stdout+stderr, "CANARY") || !strings.Contains(stderr, "client_secret") {
				t.Errorf("%s %s: %d, %s", verb, word, status, stderr)
			}
		}
	}
	if _, _, stderr := runSecret(t, newRing(), "x", "secret", "set", "-p", "a", "client_sekret"); !strings.Contains(stderr, "did you mean client_secret?") {
		t.Error(stderr)
	}
}

func TestANewSecretEndsTheTokensThatWereGotWithTheOldOne(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		left string // the keys of the tokens; in brackets those whose access token alone has gone
	}{
		"the profile's own":            {[]string{"-p", "a", "password"}, "34"},
		"the profile's own, in full":   {[]string{"--account", "a/password"}, "34"},
		"the client's":                 {[]string{"-p", "a", "client_secret"}, "(1)(2)34"},
		"an account that one reads":    {[]string{"--account", "shared"}, "12(3)4"},
		"an account for headers alone": {[]string{"--account", "seen"}, "1234"},
		"an account that nobody reads": {[]string{"--account", "other"}, "1234"},
		"where the secret lies not":    {[]string{"-p", "ab", "client_secret"}, "1234"},
		"beside a refresh token":       {[]string{"-p", "rt", "client_secret"}, "123(4)"},
		"beside it, and never sent":    {[]string{"-p", "rt", "password"}, "123(4)"},
		"the refresh token":            {[]string{"--account", "first"}, "123"},
	} {
		for _, verb := range []string{"set", "remove"} {
			r := newRing()
			status, _, stderr := runSecret(t, r, "x", append([]string{"secret", verb}, c.args...)...)
			left := ""
			for _, token := range r.tokens {
				if token.AccessToken.IsZero() {
					left += "(" + token.Key + ")"
				} else {
					left += token.Key
				}
			}
			if status != 0 || left != c.left {
				t.Errorf("%s, %s: %d, left %s, %s", name, verb, status, left, stderr)
			}
		}
	}
}

func TestTheListOfSecretsCanBeNarrowedToAProfile(t *testing.T) {
	if _, stdout, _ := runSecret(t, newRing(), "", "secret", "list"); stdout != "a/client_secret\nab/client_secret\nshared\n" {
		t.Errorf("%q", stdout)
	}
	if _, stdout, _ := runSecret(t, newRing(), "", "secret", "list", "-p", "a"); stdout != "a/client_secret\n" {
		t.Errorf("%q", stdout)
	}
}

func TestABugIsAnErrorOfItsOwn(t *testing.T) {
	status, stdout, stderr := runSecret(t, &ring{}, "x", "secret", "set", "-p", "a", "client_secret") // writes to a nil map
	if status != 1 || stdout != "" || !strings.HasPrefix(stderr, "authctl: error: a: this is a bug of authctl: ") || strings.Contains(stderr, "goroutine") {
		t.Errorf("%d, %s", status, stderr)
	}
	if _, _, stderr = runSecret(t, &ring{}, "x", "secret", "set", "-v", "-p", "a", "client_secret"); !strings.Contains(stderr, "goroutine") {
		t.Errorf("it does not say where: %s", stderr)
	}
}

func TestAValueThatIsNoneHasAHint(t *testing.T) {
	for _, input := range []string{"", "\n", " x"} {
		r := newRing()
		status, _, stderr := runSecret(t, r, input, "secret", "set", "--account", "x")
		if status != 2 || !strings.Contains(stderr, "hint: pipe the secret alone") || len(r.values) > 0 {
			t.Errorf("%q: %d, %s", input, status, stderr)
		}
	}
}
