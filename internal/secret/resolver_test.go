package secret_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/secret"
)

func resolver(t *testing.T) *secret.Resolver {
	return &secret.Resolver{
		Getenv: func(name string) (string, bool) {
			value, ok := map[string]string{"SET": planted, "EMPTY": "", "PADDED": planted + " ", "LONG": strings.Repeat("x", 65<<10)}[name]
			return value, ok
		},
		Home: t.TempDir(), Dir: t.TempDir(), Mask: secret.NewMask(),
		Keyring: func(_ context.Context, account string) (secret.String, error) {
			switch account {
			case "there":
				return secret.New(planted), nil
			case "locked":
				return secret.String{}, fault.New(fault.Store, "store.locked", "the keyring is locked").Doing("keyring") // as the store says it
			case "broken":
				return secret.String{}, errors.New("no bus")
			}
			return secret.String{}, secret.ErrNoAccount
		},
	}
}

func resolve(t *testing.T, r *secret.Resolver, text string) (string, error) {
	t.Helper()
	ref, err := secret.ParseRef(text)
	if err != nil {
		t.Fatal(err)
	}
	value, err := r.Resolve(t.Context(), ref, "client_secret of profile x")
	return value.Reveal(), err
}

func put(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// unresolved checks kind and silence, and gives message and hints.
func unresolved(t *testing.T, err error, kind fault.Kind) string {
	t.Helper()
	e, ok := errors.AsType[*fault.Error](err)
	if !ok || e.Kind != kind {
		t.Fatalf("got %v, want an error of kind %s", err, kind)
	}
	text := e.Error() + " | " + e.HintText()
	if strings.Contains(text, planted) {
		t.Errorf("the secret is shown: %s", text)
	}
	return text
}

func TestEachReferenceIsResolvedAndMasked(t *testing.T) {
	r := resolver(t)
	absolute := put(t, r.Dir, "absolute", planted)
	put(t, r.Dir, "relative", planted+"\n")
	put(t, r.Home, "home", planted+"\r\n")
	r.Prompt = func(context.Context, string) (secret.String, error) { return secret.New(planted), nil }
	for _, text := range []string{planted, "env:SET", "file:" + absolute, "file:relative", "file:~/home", "keyring:there", "prompt:"} {
		r.Mask = secret.NewMask()
		if got, err := resolve(t, r, text); got != planted || err != nil {
			t.Errorf("%s: %q, %v", text, got, err)
		}
		if got := r.Mask.Text(planted); got != secret.Redacted {
			t.Errorf("%s: the mask does not know it: %s", text, got)
		}
	}
}

func TestWhatCannotBeResolvedSaysWhatToType(t *testing.T) {
	r := resolver(t)
	put(t, r.Dir, "empty", "")
	put(t, r.Dir, "newline", "\n")
	put(t, r.Dir, "two", planted+"\n\n")
	put(t, r.Dir, "padded", " "+planted)
	put(t, r.Dir, "control", planted+"\x00")
	put(t, r.Dir, "long", strings.Repeat("a", 64<<10+1))
	put(t, r.Dir, "huge", strings.Repeat("a", 1<<20+1))
	for text, want := range map[string]string{
		"env:UNSET":     "client_secret of profile x from env:UNSET: the environment variable UNSET is not set | export UNSET=...",
		"env:EMPTY":     "from env:EMPTY: the environment variable EMPTY is empty | export EMPTY=...",
		"env:PADDED":    "from env:PADDED: the value has a blank or a newline around it",
		"env:LONG":      "the value is longer than 65536 bytes",
		"file:none":     "from file:none: no such file or directory | write the secret to " + r.Dir + "/none",
		"file:.":        "it is a folder",
		"file:empty":    "the value is empty",
		"file:newline":  "the value is empty",
		"file:two":      "the value has a blank or a newline around it",
		"file:padded":   "the value has a blank or a newline around it",
		"file:control":  "the value has a control character in it",
		"file:long":     "the value is longer than 65536 bytes",
		"file:huge":     "the file is larger than 1048576 bytes",
		"keyring:none":  "from keyring:none: the keyring has no such account | authctl secret set --account none",
		"keyring:a/b":   "the keyring has no such account | authctl secret set --account a/b",
		"keyring:a b;c": "the keyring has no such account | authctl secret set --account 'a b;c'",
		"prompt:":       "nobody can be asked for it here | run authctl in a terminal",
	} {
		_, err := resolve(t, r, text)
		if got := unresolved(t, err, fault.Config); !strings.Contains(got, want) {
			t.Errorf("%s: %s", text, got)
		}
	}
	_, err := r.Own(t.Context(), "a/b_c", "password")
	if got := unresolved(t, err, fault.Config); !strings.Contains(got, "from keyring:a/b_c: the keyring has no such account | authctl secret set -p a b_c") {
		t.Error(got)
	}
	_, err = r.Resolve(t.Context(), secret.Ref{}, "password of profile x")
	if got := unresolved(t, err, fault.Config); !strings.HasPrefix(got, "password of profile x: nothing says where it lies") {
		t.Error(got)
	}
	r.Home = ""
	_, err = resolve(t, r, "file:~/x")
	if got := unresolved(t, err, fault.Config); !strings.Contains(got, "the home folder is unknown") {
		t.Error(got)
	}
}

func TestTheKeyringsOwnTroubleIsOfTheStore(t *testing.T) {
	r := resolver(t)
	for _, text := range []string{"keyring:locked", "keyring:broken"} {
		_, err := resolve(t, r, text)
		if got := unresolved(t, err, fault.Store); !strings.HasPrefix(got, "client_secret of profile x from "+text+": ") {
			t.Error(got)
		}
	}
	r.Keyring = nil
	_, err := resolve(t, r, "keyring:there")
	unresolved(t, err, fault.Store)
}

func TestAPersonIsAskedOnceForEachThing(t *testing.T) {
	var asked []string
	typed := &secret.Typed{}
	ref := secret.Ref{Scheme: secret.Prompt}
	for _, of := range [][2]string{{"p", "a"}, {"p", "b"}, {"p", "a"}, {"q", "a"}} {
		r := resolver(t) // a new one for each use, as for a token that is renewed
		r.Typed, r.Whose = typed, of[0]
		answer := "typed for " + of[0] + " " + of[1]
		r.Prompt = func(_ context.Context, label string) (secret.String, error) {
			asked = append(asked, label)
			return secret.New(answer), nil
		}
		if got, err := r.Resolve(t.Context(), ref, of[1]); got.Reveal() != answer || err != nil {
			t.Errorf("%q, %v", got.Reveal(), err)
		}
	}
	if want := []string{"p: a", "p: b", "q: a"}; !slices.Equal(asked, want) {
		t.Errorf("asked for %q", asked)
	}
}

func TestAPersonIsAskedAgainForWhatWasNoAnswer(t *testing.T) {
	r := resolver(t)
	r.Typed = &secret.Typed{}
	ref := secret.Ref{Scheme: secret.Prompt}
	r.Prompt = func(context.Context, string) (secret.String, error) {
		return secret.String{}, fault.New(fault.Auth, "", "no terminal")
	}
	if _, err := r.Resolve(t.Context(), ref, "c"); !fault.Is(err, fault.Auth) {
		t.Errorf("the prompt's own error became %v", err)
	}
	for _, answer := range []string{"", "typed"} {
		r.Prompt = func(context.Context, string) (secret.String, error) { return secret.New(answer), nil }
		if got, err := r.Resolve(t.Context(), ref, "c"); got.Reveal() != answer || (err != nil) != (answer == "") {
			t.Errorf("%q, %v", got.Reveal(), err)
		}
	}
}

func TestACallerWhoGivesUpIsNotKept(t *testing.T) {
	r := resolver(t)
	ctx, cancel := context.WithCancel(t.Context())
	r.Keyring = func(ctx context.Context, _ string) (secret.String, error) {
		cancel()
		return secret.String{}, ctx.Err()
	}
	_, err := r.Resolve(ctx, secret.Ref{Scheme: secret.Keyring, Arg: secret.New("x")}, "x")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
