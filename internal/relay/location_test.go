package relay

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/authctl/authctl/internal/httpx"
)

func at(t testing.TB, base, ref string) *exchange {
	t.Helper()
	target, err := httpx.Resolve(base, ref)
	if err != nil {
		t.Fatal(err)
	}
	u, _ := url.Parse(base)
	return &exchange{
		relay:  &Relay{base: u, prefix: strings.TrimSuffix(u.EscapedPath(), "/")},
		prefix: "/SECRET", front: "http://127.0.0.1:8080", target: target,
	}
}

func TestALocationWithoutASecretNamesNoOtherHost(t *testing.T) {
	x := at(t, "https://api.example.com/base", "/things/7")
	x.prefix = ""
	const want = "http://127.0.0.1:8080//evil.example/x"
	if got := x.moved("/base//evil.example/x"); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestALocationWithinBaseURLLeadsToTheRelay(t *testing.T) {
	for _, c := range []struct{ base, location, want string }{
		{"https://api.example.com/base", "https://api.example.com/base/x?q=1#f", "http://127.0.0.1:8080/SECRET/x?q=1#f"},
		{"https://api.example.com/base", "https://api.example.com/base", "http://127.0.0.1:8080/SECRET/"},
		{"https://api.example.com/base", "https://API.example.com:443/base/a%2fb", "http://127.0.0.1:8080/SECRET/a%2fb"},
		{"https://api.example.com/base", "//api.example.com/base/x", "http://127.0.0.1:8080/SECRET/x"},
		{"https://api.example.com/base", "/base/x", "/SECRET/x"},
		{"https://api.example.com/base", "/base/a/../x?", "/SECRET/x?"},
		{"https://api.example.com", "/x", "/SECRET/x"},
		{"https://api.example.com", "https://api.example.com", "http://127.0.0.1:8080/SECRET/"},
		{"https://api.example.com/base", "x", "x"},
		{"https://api.example.com/base", "../x", "../x"},
		{"https://api.example.com/base", "?page=2", "?page=2"},
		// relative, and through the relay it would lead elsewhere
		{"https://api.example.com/base", "../../base/x", "/SECRET/x"},
		{"https://api.example.com/base", "../../login", "https://api.example.com/login"},
		{"https://api.example.com", "../../x?q#f", "/SECRET/x?q#f"},
		{"https://api.example.com/a/b", "../../b/x", "/SECRET/x"},
		{"https://api.example.com/base", "", ""},
		// elsewhere on the same server: in full, or the client would look for it here
		{"https://api.example.com/base", "/login", "https://api.example.com/login"},
		{"https://api.example.com/base", "/base/../login", "https://api.example.com/login"},
		{"https://api.example.com/base", "/basement", "https://api.example.com/basement"},
		// elsewhere: as it is
		{"https://api.example.com/base", "https://login.example.com/base/x", "https://login.example.com/base/x"},
		{"https://api.example.com/base", "http://api.example.com/base/x", "http://api.example.com/base/x"},
		{"https://api.example.com/base", "https://api.example.com:8443/base/x", "https://api.example.com:8443/base/x"},
		{"https://api.example.com/base", "https://u@api.example.com/base/x", "https://u@api.example.com/base/x"},
		{"https://api.example.com/base", "https://api.example.com.evil.example/base/x", "https://api.example.com.evil.example/base/x"},
		{"https://api.example.com/base", "mailto:a@example.com", "mailto:a@example.com"},
		{"https://api.example.com/base", "http://[", "http://["},
	} {
		if got := at(t, c.base, "/things/7").moved(c.location); got != c.want {
			t.Errorf("%s: %q became %q, want %q", c.base, c.location, got, c.want)
		}
	}
}

func TestACookieBelongsToThisAddressAlone(t *testing.T) {
	x := at(t, "https://api.example.com/base", "/x")
	for line, want := range map[string]string{
		"a=b": "a=b",
		"a=b; Domain=api.example.com; HttpOnly; domain=x": "a=b; HttpOnly",
		"a=b; Path=/; Secure; SameSite=None":              "a=b; Path=/SECRET/; Secure; SameSite=None",
		"a=b;path=/base/x;Expires=Wed, 21 Oct 2026 07:28": "a=b; Path=/SECRET/x;Expires=Wed, 21 Oct 2026 07:28",
		"a=b; Path=/other":                                "a=b; Path=/SECRET/",
		"a=b; Path=":                                      "a=b; Path=/SECRET/",
		"__Host-a=b; Path=/; Secure":                      "__Host-a=b; Path=/; Secure",
		"":                                                "",
	} {
		if got := x.ownCookie(line); got != want {
			t.Errorf("%q became %q, want %q", line, got, want)
		}
	}
}

func TestRedirectsAreHandedOnAndNotFollowed(t *testing.T) {
	for name, tls := range map[string]bool{"plain": false, "tls": true} {
		t.Run(name, func(t *testing.T) {
			var self string
			a := newAPI(t, tls, func(w http.ResponseWriter, req *http.Request) {
				_, _ = io.Copy(io.Discard, req.Body)
				w.Header().Set("Location", self+"/base/next")
				w.Header().Add("Set-Cookie", "a=b; Domain=example.com; Path=/base")
				w.WriteHeader(http.StatusTemporaryRedirect)
			})
			self = a.URL
			r := start(t, a.URL+"/base", nil)
			for i, body := range []string{"", "x"} {
				res, _ := ask(t, "PUT", r.url+"x", body)
				if res.StatusCode != 307 || res.Header.Get("Location") != r.url+"next" || res.Header.Get("Set-Cookie") != "a=b; Path=/"+pathSecret+"/" {
					t.Errorf("%d %v", res.StatusCode, res.Header)
				}
				if a.seen.Load() != int64(i+1) {
					t.Errorf("%d requests", a.seen.Load())
				}
			}
		})
	}
}

func FuzzALocationKeepsItsMeaning(f *testing.F) {
	for _, text := range []string{"/base/x", "https://api.example.com/base//x", "//evil.example.com/base", "/base/..;/x", "/base/%2e%2e/x", `\\evil`, "/base?x#y"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, location string) {
		x := at(t, "https://api.example.com/base", "/things/7")
		moved := x.moved(location)
		if moved == location || !strings.Contains(moved, "/SECRET") || strings.Contains(location, "SECRET") {
			return
		}
		here, err := url.Parse(moved)
		if err != nil || here.Host != "" && here.Host != "127.0.0.1:8080" {
			t.Fatalf("%q became %q, which shows the secret to another server", location, moved)
		}
		if !strings.HasPrefix(here.EscapedPath(), "/SECRET/") {
			t.Fatalf("%q became %q", location, moved)
		}
	})
}
