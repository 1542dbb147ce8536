package curl

import (
	"slices"
	"strings"
	"testing"

	"github.com/authctl/authctl/internal/secret"
)

func TestTheCommandBeginsWithWhatKeepsTheTokenSafe(t *testing.T) {
	plan, err := reader(t).Read([]string{"-s", "/x"})
	if err != nil {
		t.Fatal(err)
	}
	got := plan.Command(Way{}, Files{Headers: "/dev/fd/3"})
	want := []string{"-q", "--proto", "=https", "--proto-redir", "=https", "-H", "@/dev/fd/3", "--tlsv1.2", "-s", base + "/x"}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestPlainHTTPIsForLoopbackAndWithoutAProxyWhateverTheUserSays(t *testing.T) {
	plan, err := reader(t, "http://127.0.0.1:8080").Read([]string{"http://127.0.0.1:8080/x", "--noproxy", "", "-x", "http://proxy.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	got := plan.Command(Way{}, Files{Headers: "h"})
	if got[2] != "=http,https" || !slices.Equal(got[len(got)-2:], []string{"--noproxy", "*"}) {
		t.Errorf("%q", got)
	}
}

func TestTheProfilesWayIsHandedOn(t *testing.T) {
	for _, c := range []struct {
		way  Way
		want string
	}{
		{Way{}, "--tlsv1.2"},
		{Way{MinVersion: "1.3"}, "--tlsv1.3"},
		{Way{CAFile: "/c/ca.pem", Insecure: true}, "--tlsv1.2|--cacert|/c/ca.pem|--insecure"},
		{Way{CertFile: `/c/a:b\c.pem`, KeyFile: "/c/k:1"}, `--tlsv1.2|--cert|/c/a\:b\\c.pem|--key|/c/k:1`},
		{Way{CertFile: `C:\certs\a.pem`}, `--tlsv1.2|--cert|C:\\certs\\a.pem`},
		{Way{Proxy: secret.New("none")}, "--tlsv1.2|--proxy|"},
		{Way{Proxy: secret.New("http://proxy.example.com:1")}, "--tlsv1.2|--proxy|http://proxy.example.com:1|--noproxy|"},
		{Way{Proxy: secret.New("http://u:p@proxy.example.com:1")}, "--tlsv1.2|--noproxy|"},
		{Way{Proxy: secret.New("https://proxy.example.com:1"), CAFile: "ca"}, "--tlsv1.2|--cacert|ca|--proxy|https://proxy.example.com:1|--proxy-cacert|ca|--noproxy|"},
	} {
		if got := strings.Join(c.way.arguments(), "|"); got != c.want {
			t.Errorf("%+v: %s, want %s", c.way, got, c.want)
		}
	}
}

func TestAProxysPasswordIsNoArgument(t *testing.T) {
	way := Way{Proxy: secret.New(`http://u:CANARY"\@proxy.example.com:1`)}
	plan, err := reader(t).Read([]string{"/x"})
	if err != nil {
		t.Fatal(err)
	}
	got := plan.Command(way, Files{Headers: "/dev/fd/3", Config: "/dev/fd/4"})
	if strings.Contains(strings.Join(got, " "), "CANARY") || !slices.Contains(got, "/dev/fd/4") {
		t.Errorf("%q", got)
	}
	if text := way.Config().Reveal(); text != `proxy = "http://u:CANARY\"\\@proxy.example.com:1"`+"\n" {
		t.Errorf("%s", text)
	}
}

func TestOldCurlsAreKnownByWhatTheySay(t *testing.T) {
	for version, want := range map[string]bool{
		"curl 7.82.0 (x86_64)": true, "curl 7.9.8": true, "curl 6.5": true, "curl 7.83.0 (x)": false, "curl 7.88.1": false, "curl 8.0.1": false,
		"curl 10.1.0": false, "": false, "something else": false, "curl x.y": false,
	} {
		if got := LosesTokens(version); got != want {
			t.Errorf("%q: %v", version, got)
		}
	}
}
