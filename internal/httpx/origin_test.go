package httpx

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/authctl/authctl/internal/fault"
)

func TestAnOriginThatCouldMeanTwoServersIsRefused(t *testing.T) {
	for _, raw := range []string{
		"", "https://", "https:///", "api.example.com", "//api.example.com", "https:api.example.com",
		"https://user@api.example.com", "https://user:pw@api.example.com", "https://@api.example.com",
		"https://api.example.com/v1", "https://api.example.com?x", "https://api.example.com#x", "https://api.example.com//",
		"https://api.example.com:0", "https://api.example.com:65536", "https://api.example.com:+443", "https://a:1:2",
		"https://api.example.com:443:443", "https://api.example.com:4 43", "https://api%2eexample.com",
		"https://api.example.com\\@evil.example", "https://api .example.com", "https://api\x00.example.com",
		"https://api..example.com", "https://.example.com", "https://example.com..", "https://*.example.com",
		"https://[::1", "https://[::1]x", "https://[fe80::1%25eth0]", "https://[127.0.0.1]", "https://::1",
		"https://0x7f.1", "https://2130706433", "https://127.1", "https://0177.0.0.1", "https://127.0.0.1.1",
		"https://xn--abc.example.com", "https://xn--a", "ftp://api.example.com", "httpsx://api.example.com",
		"https://api.example.com\u202e", "https://\xff.example.com", "https://" + strings.Repeat("a", 64) + ".com",
	} {
		if o, err := ParseOrigin(raw); err == nil {
			t.Errorf("ParseOrigin(%q) = %s, want an error", raw, o)
		} else if !fault.Is(err, fault.Config) {
			t.Errorf("ParseOrigin(%q): %v is no configuration fault", raw, err)
		}
	}
}

func TestSpellingsOfOneServerAreOneOrigin(t *testing.T) {
	for raw, want := range map[string]string{
		"https://api.example.com":         "https://api.example.com",
		"HTTPS://API.Example.COM/":        "https://api.example.com",
		"https://api.example.com:443":     "https://api.example.com",
		"https://api.example.com:":        "https://api.example.com",
		"https://api.example.com.":        "https://api.example.com",
		"https://api.example.com:0443":    "https://api.example.com",
		"https://api.example.com:8443":    "https://api.example.com:8443",
		"http://127.0.0.1:80":             "http://127.0.0.1",
		"http://127.0.0.1:443":            "http://127.0.0.1:443",
		"https://bücher.example":          "https://xn--bcher-kva.example",
		"https://BÜCHER.example":          "https://xn--bcher-kva.example",
		"https://api。example。com":         "https://api.example.com",
		"https://[0:0:0:0:0:0:0:1]:8443/": "https://[::1]:8443",
		"https://[2001:DB8::0001]":        "https://[2001:db8::1]",
		"https://my_service:8443":         "https://my_service:8443",
		"https://１２７.0.0.1":               "https://127.0.0.1",
	} {
		o, err := ParseOrigin(raw)
		if err != nil || o.String() != want {
			t.Errorf("ParseOrigin(%q) = %q, %v; want %q", raw, o, err, want)
		}
	}
}

func TestPortSchemeAndSubdomainMakeAnotherOrigin(t *testing.T) {
	home := mustOrigin(t, "https://api.example.com")
	list := Origins{home}
	for _, other := range []string{
		"https://api.example.com:8443", "http://api.example.com", "https://www.api.example.com", "https://example.com",
		"https://api.example.com.evil.example", "https://api.example.comx", "https://api-example.com",
	} {
		if list.Contains(mustOrigin(t, other)) {
			t.Errorf("%s counts as %s", other, home)
		}
	}
	if !list.Contains(home) || list.Contains(Origin{}) || (Origins{{}}).Contains(Origin{}) || Origins(nil).Contains(home) {
		t.Error("Contains is wrong about the origin itself, the zero origin or the empty list")
	}
}

func TestOnlyLiteralsAndLocalhostAreLoopback(t *testing.T) {
	for raw, want := range map[string]bool{
		"http://127.0.0.1:1": true, "http://127.9.9.9": true, "http://[::1]": true, "http://localhost": true,
		"http://LOCALHOST.": true, "http://localhost.example.com": false, "http://127.0.0.1.example.com": false,
		"http://[::ffff:127.0.0.1]": false, "http://0.0.0.0": false, "http://10.0.0.1": false, "http://x.localhost": false,
	} {
		if got := mustOrigin(t, raw).Loopback(); got != want {
			t.Errorf("%s: Loopback = %v", raw, got)
		}
	}
	if (Origin{}).Loopback() {
		t.Error("the zero origin is loopback")
	}
}

func TestAURLWithUserInformationHasNoOrigin(t *testing.T) {
	for _, u := range []*url.URL{
		nil,
		{Scheme: "https", Host: "api.example.com", User: url.User("x")},
		{Scheme: "https", Opaque: "api.example.com"},
		{Scheme: "https"},
		{Scheme: "https", Host: "evil.example\\@api.example.com"},
		{Scheme: "https", Host: "a@b.example"},
	} {
		if _, err := OriginOf(u); !fault.Is(err, fault.Policy) {
			t.Errorf("OriginOf(%v) = %v, want a policy fault", u, err)
		}
	}
}

// slowOrigin is the reference: net/url's reading, compared piece by piece.
func slowOrigin(raw string) (string, bool) {
	u, err := url.Parse(raw)
	if err != nil || u.User != nil || u.Host == "" {
		return "", false
	}
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	if addr, err := netip.ParseAddr(host); err == nil {
		host = addr.String()
	}
	port := u.Port()
	if n, err := strconv.Atoi(port); err == nil {
		port = strconv.Itoa(n)
	}
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return u.Scheme + "|" + host + "|" + port, true
}

func FuzzSameOrigin(f *testing.F) {
	f.Add("https://api.example.com", "https://API.example.com:443/")
	f.Add("https://[::1]:8443", "https://[0::1]:8443")
	f.Add("http://127.0.0.1", "http://127.0.0.1:443")
	f.Add("https://a.example@b.example", "https://b.example")
	f.Add("https://bücher.example", "https://xn--bcher-kva.example")
	f.Fuzz(func(t *testing.T, a, b string) {
		x, errX := ParseOrigin(a)
		y, errY := ParseOrigin(b)
		if errX != nil || errY != nil {
			return
		}
		if (Origins{x}).Contains(y) != (Origins{y}).Contains(x) {
			t.Fatalf("not symmetric: %q %q", a, b)
		}
		if again, err := ParseOrigin(x.String()); err != nil || again != x {
			t.Fatalf("%q: %s is not canonical: %v", a, x, err)
		}
		u, err := url.Parse(x.String())
		if err != nil {
			t.Fatalf("net/url refuses %s: %v", x, err)
		}
		if o, err := OriginOf(u); err != nil || o != x {
			t.Fatalf("OriginOf(%s) = %s, %v", x, o, err)
		}
		if !isASCII(a) || !isASCII(b) {
			return // the reference knows no internationalised names
		}
		slowX, okX := slowOrigin(a)
		slowY, okY := slowOrigin(b)
		if okX && okY && (x == y) != (slowX == slowY) {
			t.Fatalf("%q and %q: %v, the reference says %v", a, b, x == y, slowX == slowY)
		}
	})
}

func mustOrigin(t testing.TB, raw string) Origin {
	t.Helper()
	o, err := ParseOrigin(raw)
	if err != nil {
		t.Fatal(err)
	}
	return o
}
