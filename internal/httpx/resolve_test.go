package httpx

import (
	"net/url"
	"path"
	"strings"
	"testing"

	"github.com/authctl/authctl/internal/fault"
)

func TestAPathThatCouldLeaveTheBaseIsRefused(t *testing.T) {
	for _, ref := range []string{
		"//evil.example/x", "///evil.example", `\\evil.example`, `/\evil.example`, `/v1\..\..`, "/.//evil.example",
		"..", "/..", "/../admin", "../admin", "/a/../../admin", "/a//../../../admin", "/./../admin", "/a/b/../../../c",
		"/%2e%2e/admin", "/.%2e/admin", "/%2E%2E%2Fadmin", "/..%2fadmin", "/a%2f..%2f..%2fadmin", "/..%5cadmin",
		"/%252e%252e/admin", "/%252e%252e%252fadmin", "/%25252e%25252e/x", "/..;/admin", "/..;x=1/admin", "/%2e%2e;/admin",
		"/a/%2e/b", "/%c0%ae%c0%ae/x", "/%00", "/a%0d%0aX-Evil:1", "/a%250ab", "/%7f",
		"/a b", "/a\tb", "/a\nb", "/a\r\nX-Evil: 1", "/a\x00b", "/a\x7fb", "/a\u0085b", "/a\u00a0b", "/a\u3000b", "/\xff",
		"/a?b c", "/a?b\nc", "/a?b=\xff", "/%zz", "/%", "/%2",
		"https://user@api.example.com/x", "https://user:pw@api.example.com/x", "https://api.example.com@evil.example/",
		"https:/api.example.com/x", "https:api.example.com/x", "https://", "https:///x", "https://api.example.com\\@evil.example/",
		"https://api.example.com%2f@evil.example/", "https://api.example.com:99999/", "https://api.example.com /x",
		"ftp://api.example.com/x", "file:///etc/passwd", "javascript:alert(1)", "localhost:8443/x", "data:,x", "gopher://x",
	} {
		u, err := Resolve("https://api.example.com/v1/", ref)
		if !fault.Is(err, fault.Policy) {
			t.Errorf("Resolve(%q) = %v, %v; want a policy fault", ref, u, err)
			continue
		}
		if u != nil || !strings.Contains(fault.From(err).HintText(), "below base_url") {
			t.Errorf("Resolve(%q) gives %v and the hint %q beside its error", ref, u, fault.From(err).HintText())
		}
	}
}

func TestARefusalNeverShowsTheURL(t *testing.T) {
	for _, ref := range []string{"https://user:CANARY@h/x", "/CANARY b?k=CANARY", "/x?CANARY\n", "CANARY://x"} {
		_, err := Resolve("https://api.example.com", ref)
		if err == nil || strings.Contains(err.Error()+fault.From(err).HintText(), "CANARY") {
			t.Errorf("%q: %v", ref, err)
		}
	}
}

func TestAPathIsJoinedToTheBase(t *testing.T) {
	for _, c := range []struct{ base, ref, want string }{
		{"https://api.example.com", "/x", "https://api.example.com/x"},
		{"https://api.example.com", "x", "https://api.example.com/x"},
		{"https://api.example.com/v1", "/x", "https://api.example.com/v1/x"},
		{"https://api.example.com/v1/", "x/", "https://api.example.com/v1/x/"},
		{"https://api.example.com/v1", "/", "https://api.example.com/v1/"},
		{"https://api.example.com/v1", "?q=1", "https://api.example.com/v1?q=1"},
		{"https://api.example.com", "?q=1", "https://api.example.com/?q=1"},
		{"https://api.example.com/v1", "#f", "https://api.example.com/v1"},
		{"https://api.example.com/v1", "/x?", "https://api.example.com/v1/x?"},
		{"https://api.example.com/v1", "/a/./b/../c", "https://api.example.com/v1/a/c"},
		{"https://api.example.com/v1", "/a/..", "https://api.example.com/v1/"},
		{"https://api.example.com/v1", "/a//b", "https://api.example.com/v1/a//b"},
		{"https://api.example.com/v1", "/a%2Fb/100%25", "https://api.example.com/v1/a%2Fb/100%25"},
		{"https://api.example.com/v1", `/a%2fb"c`, "https://api.example.com/v1/a%2fb%22c"},
		{"https://api.example.com/v1", "/straße", "https://api.example.com/v1/stra%C3%9Fe"},
		{"https://api.example.com/v1", "/Users('a@b.c')/x;v=1:2", "https://api.example.com/v1/Users('a@b.c')/x;v=1:2"},
		{"https://api.example.com/v1", "/x?u=https://e.example/../%2e%2e&a=%zz+\\|{}#f", "https://api.example.com/v1/x?u=https://e.example/../%2e%2e&a=%zz+\\|{}"},
		{"https://api.example.com/v1", "HTTPS://API.Example.com:443/y?z", "https://api.example.com/y?z"},
		{"https://api.example.com/v1", "https://other.example.com", "https://other.example.com/"},
		{"https://api.example.com/v1", "https://other.example.com?q", "https://other.example.com/?q"},
		{"", "http://127.0.0.1:8080/x", "http://127.0.0.1:8080/x"},
		{"https://[::1]:8443/", "/x", "https://[::1]:8443/x"},
	} {
		u, err := Resolve(c.base, c.ref)
		if err != nil || u.String() != c.want {
			t.Errorf("Resolve(%q, %q) = %v, %v; want %s", c.base, c.ref, u, err, c.want)
		}
	}
}

func TestAnEmptyPathIsUsageAndAMissingBaseIsConfiguration(t *testing.T) {
	if _, err := Resolve("https://api.example.com", ""); !fault.Is(err, fault.Usage) {
		t.Errorf("empty path: %v", err)
	}
	for _, base := range []string{"", "api.example.com", "https://api.example.com?x", "ftp://x"} {
		if _, err := Resolve(base, "/x"); !fault.Is(err, fault.Config) {
			t.Errorf("base %q: %v", base, err)
		}
	}
}

func FuzzResolveStaysInsideTheBase(f *testing.F) {
	for _, seed := range []string{
		"/x", "../x", "/%2e%2e/x", "/a%2f..%2f..", "//x", "?q", "/..;/x", "/%252e%252e%252f", "/a/../b", "/\\x", "/a//..", "./.",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, ref string) {
		const origin, base = "https://api.example.com", "/v1/base"
		u, err := Resolve(origin+base, ref)
		if err != nil || hasScheme(ref) {
			return
		}
		if o, err := OriginOf(u); err != nil || o.String() != origin {
			t.Fatalf("%q leads to %v", ref, u)
		}
		reread, err := url.Parse(u.String())
		if err != nil || reread.Host != u.Host || reread.EscapedPath() != u.EscapedPath() || reread.RawQuery != u.RawQuery {
			t.Fatalf("%q: net/url reads %q differently: %v", ref, u, err)
		}
		wire := u.EscapedPath()
		for range 12 {
			merged := strings.ReplaceAll(wire, "\\", "/")
			for _, seen := range []string{wire, merged, cutParams(merged)} {
				if clean := path.Clean(seen); clean != base && !strings.HasPrefix(clean, base+"/") {
					t.Fatalf("%q: a server reads %q as %q", ref, u, clean)
				}
			}
			wire = decodeEscapes(wire)
		}
	})
}

// cutParams does to a path what servlet containers do.
func cutParams(p string) string {
	segments := strings.Split(p, "/")
	for i, s := range segments {
		segments[i], _, _ = strings.Cut(s, ";")
	}
	return strings.Join(segments, "/")
}
