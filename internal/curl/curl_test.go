package curl

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/httpx"
)

const base = "https://api.example.com/v1"

func reader(t testing.TB, more ...string) *Reader {
	t.Helper()
	r := &Reader{BaseURL: base, ReadFile: func(string) ([]byte, error) { return nil, os.ErrNotExist }}
	for _, raw := range append([]string{"https://api.example.com", "https://files.example.com:8443"}, more...) {
		o, err := httpx.ParseOrigin(raw)
		if err != nil {
			t.Fatal(err)
		}
		r.Origins = append(r.Origins, o)
	}
	return r
}

func TestWhatWouldLeakOrRedirectTheTokenIsRefused(t *testing.T) {
	for _, args := range [][]string{
		{"--location-trusted", "/x"},
		{"--no-location-trusted", "/x"},
		{"--libcurl", "-", "/x"},
		{"--trace", "-", "/x"},
		{"--trace-ascii", "-", "/x"},
		{"--trace-time", "/x"},
		{"--trace-ids", "/x"},
		{"--trace-config", "all", "/x"},
		{"-v", "/x"},
		{"--verbose", "/x"},
		{"-sSv", "/x"},
		{"-vs", "/x"},
		{"-sovfile", "-v", "/x"},
		{"-vo", "file", "/x"},
		{"-K", "f", "/x"},
		{"-Kf", "/x"},
		{"-sKf", "/x"},
		{"-K", "-", "/x"},
		{"--config", "f", "/x"},
		{"-n", "/x"},
		{"--netrc", "/x"},
		{"--netrc-optional", "/x"},
		{"--netrc-file", "f", "/x"},
		{"/x", "--next", "https://evil.example.com"},
		{"/x", "-:", "/y"},
		{"/x", "-s:", "/y"},
		{"-u", "a:b", "/x"},
		{"-ua:b", "/x"},
		{"--user", "a:b", "/x"},
		{"--oauth2-bearer", "t", "/x"},
		{"--basic", "/x"},
		{"--anyauth", "/x"},
		{"--digest", "/x"},
		{"--ntlm", "/x"},
		{"--ntlm-wb", "/x"},
		{"--negotiate", "/x"},
		{"--aws-sigv4", "aws:amz", "/x"},
		{"--unix-socket", "/s", "/x"},
		{"--abstract-unix-socket", "s", "/x"},
		{"--request-target", "/y", "/x"},
		{"--metalink", "/x"},
		{"--ipfs-gateway", "https://evil.example.com", "/x"},
		{"--variable", "a@/etc/passwd", "/x"},
		{"--expand-url", "https://{{a}}", "/x"},
		{"--expand-header", "a", "/x"},
		{"-1", "/x"},
		{"-2", "/x"},
		{"-3", "/x"},
		{"--tlsv1", "/x"},
		{"--tlsv1.0", "/x"},
		{"--tls-max", "1.1", "/x"},
		{"--ciphers", "DEFAULT:eNULL", "/x"},
		{"--ciphers", "aNULL", "/x"},
		{"--ciphers", "ADH-AES256-SHA", "/x"},

		{"--loc", "/x"},
		{"--location-t", "/x"},
		{"--LOCATION-TRUSTED", "/x"},
		{"--verb", "/x"},
		{"--conf", "f", "/x"},
		{"--oauth", "t", "/x"},
		{"--net", "/x"},
		{"--n", "/x"},
		{"--lib", "f", "/x"},
		{"--tr", "f", "/x"},
		{"--us", "a:b", "/x"},
		{"--unix", "s", "/x"},
		{"--no-loc", "/x"},
		{"--no-verbose", "/x"},
		{"--bogus", "/x"},
		{"--url=https://evil.example.com", "/x"},
		{"--", "-v"},
		{"-", "/x"},
		{"--no-", "/x"},
		{"-\xc3\xa9", "/x"},
		{"-\xff", "/x"},

		{"-H", "Authorization: Bearer mine", "/x"},
		{"-HAuthorization: mine", "/x"},
		{"-sHauthorization:x", "/x"},
		{"--header", "AUTHORIZATION:", "/x"},
		{"-H", "Authorization;", "/x"},
		{"-H", "Authorization : x", "/x"},
		{"-H", " Authorization: x", "/x"},
		{"-H", "\tAuthorization: x", "/x"},
		{"-H", "Authorization\u00a0: x", "/x"},
		{"-H", ": x", "/x"},
		{"-H", "X;Authorization: x", "/x"},
		{"-H", "X: a\r\nAuthorization: b", "/x"},
		{"-H", "X: a\nAuthorization: b", "/x"},
		{"-H", "X: a\x00", "/x"},
		{"-H", "Host: evil.example.com", "/x"},
		{"-H", "Proxy-Authorization: Basic x", "/x"},
		{"-A", "x\r\nAuthorization: b", "/x"},
		{"-e", "x\nAuthorization: b", "/x"},
		{"-b", "a=b\r\nX: y", "/x"},
		{"-r", "0-1\r\nX: y", "/x"},
		{"-X", "GET https://evil.example.com/ HTTP/1.1\r\nA: b", "/x"},
		{"-X", "GET /admin HTTP/1.1", "/x"},
		{"-X", "", "/x"},

		{"-k", "--resolve", "api.example.com:443:10.0.0.9", "/x"},
		{"--connect-to", "::evil.example.com:443", "-k", "/x"},
		{"--insecure", "--doh-url", "https://evil.example.com", "/x"},
		{"-sk", "--dns-servers", "10.0.0.9", "/x"},
		{"-k", "--alt-svc", "f", "/x"},
	} {
		plan, err := reader(t).Read(args)
		if !fault.Is(err, fault.Policy) {
			t.Errorf("%q: %+v, %v; want a refusal by policy", args, plan, err)
			continue
		}
		if len(fault.From(err).Hints) == 0 {
			t.Errorf("%q: %v has no hint", args, err)
		}
	}
}

func TestArgumentsGoOnAsTheyWereWritten(t *testing.T) {
	for _, c := range []struct{ args, want []string }{
		{[]string{"/x"}, []string{base + "/x"}},
		{[]string{"-sS", "https://API.example.com:443/y?z#f"}, []string{"-sS", "https://api.example.com/y?z"}},
		{[]string{"https://files.example.com:8443"}, []string{"https://files.example.com:8443/"}},
		{[]string{"--url", "/x", "--url", "/y"}, []string{"--url", base + "/x", "--url", base + "/y"}},
		{[]string{"-s", "--", "/x"}, []string{"-s", base + "/x"}},
		{[]string{"-XPOST", "-dfoo=bar", "-HX-A: b", "/x"}, []string{"-XPOST", "-dfoo=bar", "-HX-A: b", base + "/x"}},
		{[]string{"-sXPOST", "-so", "-v", "/x"}, []string{"-sXPOST", "-so", "-v", base + "/x"}},
		{[]string{"-o", "/tmp/x", "/x"}, []string{"-o", "/tmp/x", base + "/x"}},
		{[]string{"-d", "https://evil.example.com", "/x"}, []string{"-d", "https://evil.example.com", base + "/x"}},
		{[]string{"-d", "a\r\nb", "-w", "\n%{http_code}\n", "/x"}, []string{"-d", "a\r\nb", "-w", "\n%{http_code}\n", base + "/x"}},
		{[]string{"--sil", "--no-buf", "--SILENT", "/x"}, []string{"--silent", "--no-buffer", "--silent", base + "/x"}},
		{[]string{"-q", "/x", "-sqS"}, []string{base + "/x", "-s", "-S"}},
		{[]string{"-qo", "f", "/x"}, []string{"-o", "f", base + "/x"}},
		{[]string{"--proto", "=ftp", "--proto-redir", "all", "--proto-default", "http", "--disable", "/x"}, []string{base + "/x"}},
		{[]string{"-H", "", "-H", "X-A;", "-H", "X-B:", "/x"}, []string{"-H", "", "-H", "X-A;", "-H", "X-B:", base + "/x"}},
		{[]string{"-L", "--max-redirs", "3", "/x"}, []string{"-L", "--max-redirs", "3", base + "/x"}},
		{[]string{"-k", "/x"}, []string{"-k", base + "/x"}},
		{[]string{"--resolve", "api.example.com:443:127.0.0.1", "/x"}, []string{"--resolve", "api.example.com:443:127.0.0.1", base + "/x"}},
		{[]string{"/{a,b.json}/[1-3]?q={c,d}&r[]=1"}, []string{base + "/{a,b.json}/[1-3]?q={c,d}&r[]=1"}},
		{[]string{"/gg{g,q}/g0q"}, []string{base + "/gg{g,q}/g0q"}},
		{[]string{"-g", "/{a,b}/[1]"}, []string{"-g", base + "/%7Ba,b%7D/%5B1%5D"}},
		{[]string{"/{a}", "-g"}, []string{base + "/%7Ba%7D", "-g"}},
		{[]string{"/x", "-T", "{a,b}"}, []string{base + "/x", "-T", "{a,b}"}},
		{[]string{"--http1.1", "-4", "-#", "-m5", "/x"}, []string{"--http1.1", "-4", "-#", "-m5", base + "/x"}},
	} {
		plan, err := reader(t).Read(c.args)
		if err != nil || !slices.Equal(plan.Args, c.want) {
			t.Errorf("%q: %+v, %v; want %q", c.args, plan, err, c.want)
		}
	}
}

func TestWhatCurlItselfCouldNotMeanIsUsage(t *testing.T) {
	for _, args := range [][]string{
		{}, {"-s"}, {"/x", "-o"}, {"/x", "--output"}, {"/x", "-so"}, {"/{a"}, {"/[1-2"}, {"--no-output", "x", "/x"}, {"--da", "x", "/x"},
	} {
		if plan, err := reader(t).Read(args); !fault.Is(err, fault.Usage) {
			t.Errorf("%q: %+v, %v; want a usage fault", args, plan, err)
		}
	}
}

func TestCurlMayTellAboutItself(t *testing.T) {
	for _, args := range [][]string{{"--version"}, {"-V"}, {"-sV", "https://evil.example.com"}, {"--help", "all"}, {"-h"}, {"-M"}} {
		plan, err := reader(t).Read(args)
		if err != nil || !plan.Asks || !slices.Equal(plan.Args, args) {
			t.Errorf("%q: %+v, %v", args, plan, err)
			continue
		}
		if got := plan.Command(Way{}, Files{Headers: "/dev/fd/3"}); slices.Contains(got, "@/dev/fd/3") || got[0] != "-q" {
			t.Errorf("%q: runs %q", args, got)
		}
	}
	if _, err := reader(t).Read([]string{"--no-version", "/x"}); !fault.Is(err, fault.Policy) {
		t.Errorf("--no-version: %v", err)
	}
}

func TestConnectionsAreNotLedAwayWhereNobodyChecksTheServer(t *testing.T) {
	r := reader(t, "http://127.0.0.1:8080")
	if _, err := r.Read([]string{"--connect-to", "::10.0.0.9:80", "http://127.0.0.1:8080/x"}); !fault.Is(err, fault.Policy) {
		t.Errorf("plain http: %v", err)
	}
	if _, err := r.Read([]string{"http://127.0.0.1:8080/x", "/y"}); !fault.Is(err, fault.Usage) {
		t.Errorf("loopback beside another server: %v", err)
	}
	r = reader(t)
	r.Insecure = true
	if _, err := r.Read([]string{"--resolve", "api.example.com:443:10.0.0.9", "/x"}); !fault.Is(err, fault.Policy) {
		t.Errorf("insecure_skip_verify: %v", err)
	}
}

func TestNoErrorShowsAValue(t *testing.T) {
	for _, args := range [][]string{
		{"-u", "CANARY", "/x"},
		{"--user=CANARY", "/x"},
		{"-H", "Authorization: CANARY", "/x"},
		{"-H", "CANARY :x", "/x"},
		{"https://u:CANARY@api.example.com"},
		{"CANARY"},
		{"-X", "CANARY x", "/x"},
		{"-A", "CANARY\n", "/x"},
		{"-KCANARY", "/x"},
	} {
		_, err := reader(t).Read(args)
		if err == nil || strings.Contains(err.Error()+fault.From(err).HintText(), "CANARY") {
			t.Errorf("%q: %v %q", args, err, fault.From(err).Hints)
		}
	}
}
