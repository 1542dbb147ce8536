package callback_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/authctl/authctl/internal/callback"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/secret"
)

// FuzzAnswer holds what is believed to one state and one code of RFC 6749's grammar, and agrees with net/url on it.
func FuzzAnswer(f *testing.F) {
	for _, query := range []string{
		"code=a&state=" + state, "state=" + state + "&code=a&code=b", "error=access_denied&error_description=x&state=" + state,
		"code=a&state=x", "", "&&&", "code=%00&state=" + state, "code=a;state=" + state, "code=a&state=" + state + "&iss=", "%=%", "=&=",
		"code=a%26state%3D" + state, "st%61te=" + state + "&code=a+b", "code&state=" + state,
	} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		answer, err := callback.Parse(query, secret.New(state))
		values, spoilt := url.ParseQuery(query)
		switch {
		case err != nil:
			if answer != nil && !answer.Code.IsZero() {
				t.Errorf("a code beside %v", err)
			}
			if !errors.Is(err, callback.ErrState) && !fault.Is(err, fault.Protocol) {
				t.Errorf("the error %v has no kind", err)
			}
		case spoilt != nil && !strings.Contains(query, ";"): // net/url takes no semicolon
			t.Errorf("believed %q: %v", query, spoilt)
		case strings.Contains(query, ";"):
		case len(values["state"]) != 1 || values.Get("state") != state:
			t.Errorf("believed %q", query)
		case answer.Error == "" && (values.Get("code") != answer.Code.Reveal() || len(values["code"]) != 1):
			t.Errorf("code %q of %q", answer.Code.Reveal(), query)
		case answer.Error != "" && !answer.Code.IsZero():
			t.Errorf("a code and an error of %q", query)
		}
	})
}
