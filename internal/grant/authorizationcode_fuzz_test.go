package grant

import (
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/secret"
)

// FuzzPastedAnswer holds what a person pastes to this login's state wherever it has parameters, and its code to RFC
// 6749's grammar.
func FuzzPastedAnswer(f *testing.F) {
	const state, redirect = "STATE-STATE", "http://127.0.0.1:1234/callback"
	for _, text := range []string{
		redirect + "?code=a&state=" + state, redirect + "?code=a&state=x", "code=a&state=" + state, "4/0Ab", "", "http://", "https://[::1",
		redirect + "?error=access_denied&state=" + state, "HTTP://127.0.0.1:1234/callback?code=a", redirect + "#code=a&state=" + state,
		"http://x@127.0.0.1:1234/callback?code=a&state=" + state, "a b", "&code=a", "?code=a", "a&code=b", "\x00", "state=",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a := &attempt{server: &Metadata{}, flow: &Config{Endpoint: &Endpoint{Mask: secret.NewMask()}}, redirect: redirect, state: secret.New(state)}
		answer, err := a.read(strings.TrimSpace(text))
		if err != nil {
			if shown := err.Error(); strings.ContainsAny(shown, "\x00\x1b\r\n") || !utf8.ValidString(shown) || len(shown) > 700 {
				t.Errorf("shown: %q", shown)
			}
			return
		}
		code := answer.Code.Reveal()
		if answer.Error == "" && (code == "" || len(code) > 8<<10 || strings.ContainsFunc(code, func(c rune) bool { return c < ' ' || c > '~' })) {
			t.Errorf("the code %q", code)
		}
		if code != strings.TrimSpace(text) && !strings.Contains(unescaped(text), state) {
			t.Errorf("believed %q without the state", text)
		}
	})
}

// unescaped is a text as a query reads it, as far as it can be read.
func unescaped(text string) string {
	var out strings.Builder
	for part := range strings.SplitAfterSeq(text, "&") {
		if plain, err := url.QueryUnescape(part); err == nil {
			part = plain
		}
		out.WriteString(part)
	}
	return out.String()
}

// FuzzDeviceReply holds what a person is shown to one line without controls and to web pages, and the polls to a pace.
func FuzzDeviceReply(f *testing.F) {
	for _, body := range []string{
		`{"device_code":"d","user_code":"WDJB-MJHT","verification_uri":"https://example.com/","expires_in":1800,"interval":5}`,
		`{"device_code":"d","user_code":"\u001b[2J","verification_url":"http://127.0.0.1/","verification_uri_complete":"https://e/\u202e","expires_in":"1e9"}`,
		`{"device_code":"d","user_code":"u","verification_uri":"javascript:1","interval":-1}`, `{}`, `[]`, ``, `{"device_code":1}`,
	} {
		f.Add([]byte(body))
	}
	now := time.Unix(1_700_000_000, 0)
	f.Fuzz(func(t *testing.T, body []byte) {
		found, err := parse(body)
		if err != nil {
			return
		}
		d, err := readDevice(found)
		p := &poll{flow: &Config{Endpoint: &Endpoint{}}}
		timesErr := p.times(found, now)
		for _, err := range []error{err, timesErr} {
			if err != nil && (fault.From(protocol(err)).Kind != fault.Protocol || strings.ContainsAny(err.Error(), "\x1b\n\x00")) {
				t.Errorf("%q", err)
			}
		}
		if timesErr == nil && (p.interval < time.Second || p.interval > 24*time.Hour || !p.ends.After(now) || p.ends.After(now.Add(maxWait))) {
			t.Errorf("every %v until %v", p.interval, p.ends)
		}
		if err != nil {
			return
		}
		d.show(Person{Tell: func(format string, args ...any) {
			for _, arg := range args {
				shown, ok := arg.(string)
				if !ok || strings.ContainsFunc(shown, func(c rune) bool { return c < ' ' || c == 0x7f || c == 0x202e }) || len(shown) > 4096 {
					t.Errorf(format, args...)
				}
			}
		}})
		for _, address := range []string{d.at, d.complete} {
			if u, err := url.Parse(address); err != nil || address != "" && u.Scheme != "https" && u.Scheme != "http" {
				t.Errorf("the address %q", address)
			}
		}
	})
}
