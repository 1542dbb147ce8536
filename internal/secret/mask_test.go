package secret_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/authctl/authctl/internal/secret"
)

const canary = `Zk9 "q+/w&é\%41<x>_-~7Tn`

func maskOf(secrets ...string) *secret.Mask {
	m := secret.NewMask()
	for _, s := range secrets {
		m.Add(secret.New(s))
	}
	return m
}

// percentAll escapes every byte.
func percentAll(s, format string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, format, s[i])
	}
	return b.String()
}

func jsonEscape(s string) string {
	b, _ := json.Marshal(s)
	return strings.Trim(string(b), `"`)
}

func jsonAll(s, format string) string {
	var b strings.Builder
	for _, unit := range utf16.Encode([]rune(s)) {
		fmt.Fprintf(&b, format, unit)
	}
	return b.String()
}

func numbersOf(s, format string) string {
	var b strings.Builder
	for _, r := range s {
		fmt.Fprintf(&b, format, r)
	}
	return b.String()
}

// spellings are what software makes of a text on its way into an error message.
func spellings(s string) map[string]string {
	b64, b64url := base64.StdEncoding, base64.RawURLEncoding
	return map[string]string{
		"raw":                       s,
		"form":                      url.QueryEscape(s),
		"path":                      url.PathEscape(s),
		"every byte percent":        percentAll(s, "%%%02X"),
		"every byte percent, lower": percentAll(s, "%%%02x"),
		"percent twice":             url.QueryEscape(url.QueryEscape(s)),
		"JSON":                      jsonEscape(s),
		"JSON with slashes":         strings.ReplaceAll(jsonEscape(s), "/", `\/`),
		"JSON all unicode":          jsonAll(s, `\u%04x`),
		"JSON all unicode, upper":   jsonAll(s, `\u%04X`),
		"JSON in JSON":              jsonEscape(`{"v":"` + jsonEscape(s) + `"}`),
		"form in JSON":              jsonEscape(url.QueryEscape(s)),
		"JSON in form":              url.QueryEscape(jsonEscape(s)),
		"HTML":                      html.EscapeString(s),
		"HTML numbers":              numbersOf(s, "&#%d;"),
		"HTML hex numbers":          numbersOf(s, "&#x%X;"),
		"JSON in HTML":              html.EscapeString(jsonEscape(s)),
		"backslash x":               percentAll(s, `\x%02x`),
		"hex":                       hex.EncodeToString([]byte(s)),
		"hex, upper":                strings.ToUpper(hex.EncodeToString([]byte(s))),
		"base64":                    b64.EncodeToString([]byte(s)),
		"base64url":                 b64url.EncodeToString([]byte(s)),
		"base64 behind one":         b64.EncodeToString([]byte("x" + s + "y")),
		"base64 behind two":         b64.EncodeToString([]byte("xy" + s + "z!")),
		"base64url behind two":      b64url.EncodeToString([]byte("é" + s)),
		"Basic pair":                "Basic " + b64.EncodeToString([]byte("my-client:"+s)),
		"Basic pair of forms":       "Basic " + b64.EncodeToString([]byte("my-client:"+url.QueryEscape(s))),
		"Basic pair in a form":      url.QueryEscape(b64.EncodeToString([]byte("my:" + s))),
		"Basic pair in JSON":        strings.ReplaceAll(b64.EncodeToString([]byte("my:"+s)), "/", `\/`),
	}
}

func TestASecretIsMaskedInEverySpelling(t *testing.T) {
	for _, s := range []string{canary, "hunter2-and-more", "0123456789abcdef", "100%", "100%25zz", `C:\new\table\u0041`, "a&amp;b<c", "päß wörd 🔑 x", "+/+/+/+/=="} {
		m := maskOf(s)
		for name, spelt := range spellings(s) {
			got := m.Text(`{"error":"got ` + spelt + `, no"}`)
			if !strings.Contains(got, secret.Redacted) || !strings.HasPrefix(got, `{"error":"got `) || !strings.HasSuffix(got, `, no"}`) {
				t.Errorf("%q as %s: %q became %q", s, name, spelt, got)
			}
			if rest := strings.TrimSuffix(strings.TrimPrefix(got, `{"error":"got `), `, no"}`); len(rest) > len(`{\"v\":\"`)*2+len("Basic bXktY2xp")+len(secret.Redacted) {
				t.Errorf("%q as %s: %q is left", s, name, rest)
			}
		}
	}
}

func TestAMixtureOfEscapesIsMasked(t *testing.T) {
	m := maskOf(`k3y/"with+blank and=more`)
	for _, text := range []string{
		`k%33y\/\"with+blank+and\u003dmore`,
		`%6b3y&#x2f;&quot;with%2Bblank%20and=more`,
		`k3y\u002F\\"with%2bblank and%3Dmore`,
		`k3y%252F%2522with%252Bblank%2520and%253Dmore`,
	} {
		if got := m.Text("<" + text + ">"); got != "<[redacted]>" {
			t.Errorf("%s became %s", text, got)
		}
	}
}

func TestAPairIsMaskedWhole(t *testing.T) {
	m := secret.NewMask()
	m.AddPair("client", secret.New("s3cr3t+x"))
	for _, pair := range []string{"client:s3cr3t+x", "client:s3cr3t%2Bx"} {
		text := "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(pair))
		if got := m.Text(text); got != "Authorization: Basic [redacted]" {
			t.Errorf("%s became %s", pair, got)
		}
	}
}

func TestASecretThatACutGoesThroughIsMasked(t *testing.T) {
	s := "Abcdefgh/ijklmnop+qrst"
	for name, spelt := range map[string]string{
		"raw": s, "form": url.QueryEscape(s), "JSON": jsonAll(s, `\u%04x`), "base64": base64.StdEncoding.EncodeToString([]byte(s)),
		"hex": hex.EncodeToString([]byte(s)), "HTML": numbersOf(s, "&#%d;"),
	} {
		m := maskOf(s)
		for cut := range len(spelt) {
			got := m.Text("say " + spelt[:cut])
			if kept := strings.TrimPrefix(got, "say "); got != "say [redacted]" && len(kept) > len(spelt)*9/len(s) {
				t.Errorf("%s cut at %d: %q is left", name, cut, kept)
			}
		}
	}
}

func TestOverlappingOccurrencesAreMaskedWhole(t *testing.T) {
	m := maskOf("abcabcabc", "cabcabcX")
	for in, want := range map[string]string{
		"<abcabcabcabc>":       "<[redacted]>",
		"<abcabcabcabcX>":      "<[redacted]>",
		"<abcabcabcabcabcabc>": "<[redacted]>",
		"<abcabcab>":           "<abcabcab>",
	} {
		if got := m.Text(in); got != want {
			t.Errorf("%s became %s, want %s", in, got, want)
		}
	}
}

func TestAShortSecretIsMaskedAsAWordOnly(t *testing.T) {
	m := maskOf("no", "é1")
	for in, want := range map[string]string{
		"nothing is known: no": "nothing is known: [redacted]",
		"no, no.no":            "[redacted], [redacted].[redacted]",
		"né1 é1":               "né1 [redacted]",
	} {
		if got := m.Text(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

func TestTextWithoutSecretsStaysAsItIs(t *testing.T) {
	m := maskOf(canary, "hunter2hunter2", "x")
	for _, text := range []string{"", "plain", "100 % \\ & &amp; %zz \\u12 \xff\xfe", "invalid_client: AADSTS7000215", "ends in half an escape %4", `\u00`, "&am"} {
		if got := m.Text(text); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
	if got := (*secret.Mask)(nil).Text("text"); got != "text" {
		t.Errorf("a nil mask gave %q", got)
	}
	(*secret.Mask)(nil).Add(secret.New("ignored"))
}

func TestAMegabyteOfHostileTextIsMaskedInTime(t *testing.T) {
	const size = 1 << 20
	m := maskOf(strings.Repeat("a", 64<<10), strings.Repeat("ab", 1000)+"c", "%41%41%41%41%41", `\\\\\\\\\\`, canary)
	for name, text := range map[string]string{
		"one letter":  strings.Repeat("a", size),
		"period two":  strings.Repeat("ab", size/2),
		"percent":     strings.Repeat("%61", size/3),
		"nested":      strings.Repeat("%2525", size/5),
		"backslashes": strings.Repeat(`\`, size),
		"ampersands":  strings.Repeat("&", size),
		"entities":    strings.Repeat("&#97;", size/5),
		"unicode":     strings.Repeat(`\u0061`, size/6),
	} {
		start := time.Now()
		m.Text(text)
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%s took %s", name, took)
		}
	}
}

func TestAMaskServesManyAtOnce(t *testing.T) {
	m := secret.NewMask()
	done := make(chan struct{})
	for i := range 8 {
		go func() {
			for k := range 50 {
				s := fmt.Sprintf("secret-%d-%d", i, k)
				m.Add(secret.New(s))
				if got := m.Text("<" + s + ">"); got != "<[redacted]>" {
					t.Errorf("%s became %s", s, got)
				}
			}
			done <- struct{}{}
		}()
	}
	for range 8 {
		<-done
	}
}

func FuzzMask(f *testing.F) {
	f.Add("before ", canary, " after")
	f.Add(`\`, "nabcdefghijk%2Fxyz", "%4")
	f.Add("%", "41abcdefghijklm", "&am")
	f.Add("\xf9", "00a0aaaaaaaaaz", "%")
	f.Add("aaaa", "aaaaaaaaaaaaaaaaaaaa", "aaaa")
	f.Fuzz(func(t *testing.T, before, s, after string) {
		if len(s) < 12 || len(s) > 200 || secret.Check(secret.New(s)) != nil || strings.Contains(before+" | "+after, s[:4]) {
			t.Skip("not a secret that the surroundings leave alone")
		}
		m := maskOf(s)
		for name, spelt := range map[string]string{
			"raw": s, "form": url.QueryEscape(s), "hex": hex.EncodeToString([]byte(s)), "base64": base64.StdEncoding.EncodeToString([]byte(s)),
			"every byte": percentAll(s, "%%%02X"),
		} {
			got := m.Text(before + " " + spelt + " " + after)
			for i := 0; i+12 <= len(spelt); i++ {
				if strings.Contains(got, spelt[i:i+12]) && !strings.Contains(before+" | "+after, spelt[i:i+12]) {
					t.Fatalf("%q as %s: %q is left in %q", s, name, spelt[i:i+12], got)
				}
			}
		}
	})
}
