package curl

import (
	"testing"

	"github.com/authctl/authctl/internal/fault"
)

func TestAURLOutsideTheOriginsIsRefused(t *testing.T) {
	for _, raw := range []string{
		"https://evil.example.com/", "http://api.example.com/", "https://api.example.com:8443/", "https://files.example.com/",
		"https://api.example.com.evil.example.com/", "https://api.example.com@evil.example.com/", "https://user@api.example.com/",
		"https://user:pw@api.example.com/", "https://evil.example.com#@api.example.com/", "https://evil.example.com?@api.example.com/",
		"https://evil.example.com\\@api.example.com/", "//evil.example.com/x", "/\\evil.example.com", "\\\\evil.example.com",
		"api.example.com/x", "api.example.com:443/x", "localhost:1/x", "evil.example.com/?u=https://api.example.com", "[::1]/x", "x", "?q", "@urls.txt", "",
		"ftp://api.example.com/", "file:///etc/passwd", "gopher://api.example.com/", "ipfs://x", "HTTPS:/api.example.com/", "https:///x", "https:x",
		"https://{api,evil}.example.com/", "https://api.example.{com,org}/", "https://api[1-3].example.com/", "https://[a-z].example.com/",
		"http{,s}://api.example.com/", "https://api.example.com:{443,8443}/", "https://{api.example.com,evil.example.com/}x", "{https://evil.example.com/,/}x",
		"/../admin", "/%2e%2e/admin", "/{.,x}./admin", "/.{.,x}/admin", "/{..,x}/admin", "/a{/..,b}/../x", "/%{2e,3}/x", "/{%2e,a}%2e/x", "/.{,x}./admin",
		" https://api.example.com/", "https://api.example.com/ x", "/a\nb", "/a\tb", "https://api.example.com\n.evil.example.com/",
	} {
		for _, args := range [][]string{{raw}, {"--url", raw}, {"/ok", raw}, {"--", raw}} {
			plan, err := reader(t).Read(args)
			if !fault.Is(err, fault.Policy) {
				t.Errorf("%q: %+v, %v; want a refusal by policy", args, plan, err)
			}
		}
	}
}

func TestAnIPv6HostIsNoGlob(t *testing.T) {
	plan, err := reader(t, "https://[::1]:8443").Read([]string{"https://[0::1]:8443/{a,b}"})
	if err != nil || plan.Args[0] != "https://[::1]:8443/{a,b}" {
		t.Errorf("%+v, %v", plan, err)
	}
}
