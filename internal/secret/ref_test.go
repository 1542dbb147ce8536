package secret_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/authctl/authctl/internal/secret"
)

const planted = "PLANTED-hunter2"

func TestAReferenceIsReadByItsScheme(t *testing.T) {
	for text, want := range map[string]struct {
		scheme secret.Scheme
		arg    string
		shown  string
	}{
		"env:TNCO_SECRET":       {secret.Env, "TNCO_SECRET", "env:TNCO_SECRET"},
		"file:~/secrets/entra":  {secret.File, "~/secrets/entra", "file:~/secrets/entra"},
		`file:C:\x y`:           {secret.File, `C:\x y`, `file:C:\x y`},
		"keyring:apic-password": {secret.Keyring, "apic-password", "keyring:apic-password"},
		"command:pass show 'x'": {secret.Command, "pass show 'x'", "command:pass show 'x'"},
		"prompt:":               {secret.Prompt, "", "prompt:"},
		"prompt":                {secret.Literal, "prompt", secret.Redacted},
		planted:                 {secret.Literal, planted, secret.Redacted},
		"vault:" + planted:      {secret.Literal, "vault:" + planted, secret.Redacted},
		"a:b:c":                 {secret.Literal, "a:b:c", secret.Redacted},
		":" + planted:           {secret.Literal, ":" + planted, secret.Redacted},
		"s p a c e":             {secret.Literal, "s p a c e", secret.Redacted},
	} {
		ref, err := secret.ParseRef(text)
		if err != nil || ref.Scheme != want.scheme || ref.Arg.Reveal() != want.arg {
			t.Errorf("%q: %d %q, %v", text, ref.Scheme, ref.Arg.Reveal(), err)
		}
		asJSON, _ := json.Marshal(ref)
		for _, shown := range []string{ref.String(), fmt.Sprint(ref), fmt.Sprintf("%q", ref), fmt.Sprintf("%#v", ref), fmt.Sprintf("%d", ref)} {
			if shown != want.shown || strings.Contains(string(asJSON), planted) {
				t.Errorf("%q shows as %s, %s", text, shown, asJSON)
			}
		}
	}
	if s := (secret.Ref{}).String(); s != "" || !(secret.Ref{}).IsZero() {
		t.Errorf("no reference shows as %q", s)
	}
}

func TestABrokenReferenceIsRefusedWithoutBeingShown(t *testing.T) {
	for _, text := range []string{
		"", "env:", "env: ", "file:", "keyring:", "command:", "command: ", "command:''", "prompt:" + planted, "ENV:" + planted, "Keyring:" + planted,
		"env: " + planted, "env:" + planted + " ", "env:A=" + planted, "env:$" + planted, "env:A B", "file:" + planted + "\n", "keyring:a\x00" + planted,
		" " + planted, planted + "\n", planted + "\t", "a\x07" + planted, "a\u0085" + planted, "\ufeff" + planted, planted + "\u200b", strings.Repeat(planted, 10000),
		"command:echo 'open " + planted, `command:echo "` + planted, "command:a | " + planted, "command:a; " + planted, "command:a > " + planted,
		"command:a && " + planted, "command:$(" + planted, "command:`" + planted, "command:a (" + planted + ")", "env:\xff" + planted,
	} {
		_, err := secret.ParseRef(text)
		switch {
		case err == nil:
			t.Errorf("%.40q was taken", text)
		case strings.Contains(err.Error(), planted):
			t.Errorf("%.40q is shown: %v", text, err)
		}
	}
}

func FuzzParseRef(f *testing.F) {
	for _, seed := range []string{"env:A", "file:~/x", "keyring:a/b", "command:a 'b c'", "prompt:", "literal", "ENV:x", "command:a | b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		ref, err := secret.ParseRef(text)
		if err != nil {
			return
		}
		if ref.Scheme == secret.Literal && (ref.String() != secret.Redacted || ref.Arg.Reveal() != text) {
			t.Fatalf("a literal shows as %q", ref)
		}
		if ref.Scheme != secret.Literal && ref.String() != text {
			t.Fatalf("%q shows as %q", text, ref)
		}
	})
}

func TestASecretNeverPrints(t *testing.T) {
	s := secret.New(planted)
	asJSON, _ := json.Marshal(map[string]any{"s": s, planted[:1]: &s})
	for _, shown := range []string{fmt.Sprint(s), fmt.Sprintf("%s %v %+v %#v %q %x %d", s, s, s, s, s, s, s), fmt.Sprint(struct{ S secret.String }{s}), string(asJSON)} {
		if strings.Contains(shown, planted) || strings.Contains(shown, fmt.Sprintf("%x", planted)) {
			t.Errorf("shown: %s", shown)
		}
	}
}
