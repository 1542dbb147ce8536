package secret_test

import (
	"strings"
	"testing"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/secret"
)

const pem = "-----BEGIN PRIVATE KEY-----\r\n" + planted + "\r\n-----END PRIVATE KEY-----"

func TestADocumentMayHaveLinesAndLoseWhatIsAroundIt(t *testing.T) {
	r := resolver(t)
	put(t, r.Dir, "key.pem", "\n"+pem+"\n\n")
	ref, err := secret.ParseDocumentRef("file:key.pem")
	if err != nil {
		t.Fatal(err)
	}
	value, err := r.Document(t.Context(), ref, "assertion.key")
	if err != nil || value.Reveal() != pem {
		t.Errorf("%q, %v", value.Reveal(), err)
	}
	if shown := r.Mask.Text("said " + pem); strings.Contains(shown, planted) {
		t.Errorf("not masked: %s", shown)
	}
	if _, err := resolve(t, r, "file:key.pem"); err == nil {
		t.Error("a key was taken as a secret of one line")
	}
}

func TestABinaryDocumentKeepsEachByte(t *testing.T) {
	for _, der := range []string{"\x30\x82\x00\x05\x00abc\n", "\x30\x83\x00\x00\x05\x01\x7f \r\n", "\x30\x80\x00\x00 "} {
		r := resolver(t)
		put(t, r.Dir, "key.p12", der)
		ref, err := secret.ParseDocumentRef("file:key.p12")
		if err != nil {
			t.Fatal(err)
		}
		value, err := r.Document(t.Context(), ref, "assertion.key")
		if err != nil || value.Reveal() != der {
			t.Errorf("%q became %q, %v", der, value.Reveal(), err)
		}
	}
}

func TestADocumentMayStandInTheFileItself(t *testing.T) {
	for _, text := range []string{pem + "\n", `{"kty":"OKP","d":"` + planted + `"}`, "{\n  \"client_email\": \"a@b\"\n}\n"} {
		ref, err := secret.ParseDocumentRef(text)
		if err != nil || ref.Scheme != secret.Literal || ref.Arg.Reveal() != strings.TrimSpace(text) {
			t.Errorf("%q: %v %v", text, ref, err)
		}
	}
	for text, scheme := range map[string]secret.Scheme{"env:KEY": secret.Env, "keyring:k": secret.Keyring, "prompt:": secret.Prompt, "abc": secret.Literal} {
		if ref, err := secret.ParseDocumentRef(text); err != nil || ref.Scheme != scheme {
			t.Errorf("%q: %v %v", text, ref, err)
		}
	}
	for _, text := range []string{"env:", "two\nlines", "-----BEGIN \x00", "{\x1b}", "{" + strings.Repeat("x", secret.MaxSize) + "}"} {
		if _, err := secret.ParseDocumentRef(text); err == nil {
			t.Errorf("%.20q was taken", text)
		}
	}
}

func TestADocumentThatCannotBeReadIsAConfigurationFault(t *testing.T) {
	r := resolver(t)
	put(t, r.Dir, "blank", " \n\t\n")
	put(t, r.Dir, "binary", planted+"\x00")
	put(t, r.Dir, "big", strings.Repeat(planted, secret.MaxSize))
	for _, name := range []string{"blank", "binary", "big", "absent"} {
		ref, _ := secret.ParseDocumentRef("file:" + name)
		_, err := r.Document(t.Context(), ref, "dpop.key")
		if text := unresolved(t, err, fault.Config); !strings.Contains(text, "dpop.key") {
			t.Errorf("%s: %s", name, text)
		}
	}
}
