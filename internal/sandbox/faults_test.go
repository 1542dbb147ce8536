package sandbox

import (
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// faulty asks for a token as a client whose id names a fault.
func (r *rig) faulty(t *testing.T, name string) (answer, error) {
	t.Helper()
	return r.try(t, "POST", r.URL("tnco")+"/oauth/token", clientCredentials,
		"Content-Type", formType, "Authorization", basic(tncoClient+"--"+name, r.env["TNCO_SECRET"]))
}

func TestAFaultNamedByTheClientIDSpoilsTheTokenReply(t *testing.T) {
	r := start(t)
	for name, check := range map[string]func(a answer) bool{
		"expires_string": func(a answer) bool { return strings.Contains(a.body, `"expires_in":"1199"`) },
		"expires_zero":   func(a answer) bool { return strings.Contains(a.body, `"expires_in":0,`) },
		"expires_absent": func(a answer) bool { return !strings.Contains(a.body, "expires_in") && json.Valid([]byte(a.body)) },
		"no_type":        func(a answer) bool { return !strings.Contains(a.body, "token_type") && json.Valid([]byte(a.body)) },
		"mac_type":       func(a answer) bool { return strings.Contains(a.body, `"token_type":"mac"`) },
		"ctl_token":      func(a answer) bool { return strings.Contains(a.body, `\u0007\r\nX-Injected: yes"`) },
		"dup_key":        func(a answer) bool { return strings.Count(a.body, `"access_token":`) == 2 },
		"form": func(a answer) bool {
			return strings.HasPrefix(a.body, "access_token=") && a.Header.Get("Content-Type") == formType
		},
		"bom":        func(a answer) bool { return strings.HasPrefix(a.body, "\xef\xbb\xbf{") },
		"text_plain": func(a answer) bool { return strings.HasPrefix(a.Header.Get("Content-Type"), "text/plain") },
		"giant":      func(a answer) bool { return len(a.body) > giantSize && json.Valid([]byte(a.body)) },
		"gzip":       unzips,
		"empty":      func(a answer) bool { return a.StatusCode == 200 && a.body == "" },
		"html_200":   func(a answer) bool { return a.StatusCode == 200 && strings.HasPrefix(a.body, "<!DOCTYPE html>") },
		"html_502":   func(a answer) bool { return a.StatusCode == 502 && strings.HasPrefix(a.body, "<html>") },
		"ok_false_200": func(a answer) bool {
			return a.StatusCode == 200 && a.body == `{"ok":false,"error":"invalid_client_id"}`
		},
		"redirect_302": func(a answer) bool {
			return a.StatusCode == 302 && a.Header.Get("Location") == r.URL("tnco")+"/-/login"
		},
		"redirect_307_cross": func(a answer) bool {
			return a.StatusCode == 307 && a.Header.Get("Location") == r.URL("apiconnect")+"/-/trap"
		},
		"throttle_429":    func(a answer) bool { return a.StatusCode == 429 && a.Header.Get("Retry-After") == "2" },
		"unavailable_503": func(a answer) bool { return a.StatusCode == 503 && a.Header.Get("Retry-After") == "" },
		"ansi_error":      func(a answer) bool { return a.StatusCode == 400 && strings.Contains(a.body, `\u001b[2J`) },
		"slow":            func(a answer) bool { return a.StatusCode == 200 && strings.Contains(a.body, "access_token") },
		"cae":             func(a answer) bool { return a.StatusCode == 200 },
		"truncated": func(a answer) bool {
			return a.StatusCode == 200 && errors.Is(a.err, io.ErrUnexpectedEOF) || a.err != nil
		},
		"echo_secret_in_error": func(a answer) bool {
			return a.StatusCode == 400 && strings.Contains(a.body, r.env["TNCO_SECRET"])
		},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := r.faulty(t, name)
			if err != nil {
				t.Fatal(err)
			}
			if !check(a) {
				t.Errorf("%s %v %.300q", a.Status, a.Header, a.body)
			}
		})
	}
}

func unzips(a answer) bool {
	z, err := gzip.NewReader(strings.NewReader(a.body))
	if err != nil || a.Header.Get("Content-Encoding") != "gzip" {
		return false
	}
	body, err := io.ReadAll(z)
	return err == nil && json.Valid(body)
}

func TestTheResetComesBeforeAnyReply(t *testing.T) {
	r := start(t)
	if _, err := r.faulty(t, "reset"); err == nil || !brokenOff(err) && !strings.Contains(err.Error(), "EOF") {
		t.Errorf("HTTP/2: %v", err)
	}
	r.client.CloseIdleConnections()
	r.client.Transport = http1(t, r)
	if _, err := r.faulty(t, "reset"); err == nil || !brokenOff(err) {
		t.Errorf("HTTP/1.1: %v", err)
	}
}

// brokenOff knows a TCP reset by its name on Unix and on Windows.
func brokenOff(err error) bool {
	return strings.Contains(err.Error(), "reset") || strings.Contains(err.Error(), "forcibly closed")
}

func TestTheSlowReplyWaits(t *testing.T) {
	r := start(t)
	begun := time.Now()
	if _, err := r.faulty(t, "slow"); err != nil || time.Since(begun) < 300*time.Millisecond {
		t.Errorf("%v after %v", err, time.Since(begun))
	}
}

func TestAWrongSecretIsRefusedBeforeItsFault(t *testing.T) {
	r := start(t)
	for _, id := range []string{tncoClient + "--throttle_429", tncoClient + "--nonsense", tncoClient + "--", "--bom"} {
		a := r.do(t, "POST", r.URL("tnco")+"/oauth/token", clientCredentials,
			"Content-Type", formType, "Authorization", basic(id, "wrong"))
		if a.StatusCode != 401 || !strings.Contains(a.body, "invalid_client") {
			t.Errorf("%s: %s", id, a.Status)
		}
	}
}

func TestEveryServerWordsAFaultItsOwnWay(t *testing.T) {
	r := start(t)
	entraToken := r.URL("entra") + "/" + entraTenant + "/oauth2/v2.0/token"
	for _, test := range []struct{ url, fault, want, retry string }{
		{entraToken, "throttle_429", "Too Many Requests", "60"},
		{r.URL("apiconnect") + "/api/token", "throttle_429", `{"status":429,"message":["Too Many Requests"]}`, "2"},
		{r.URL("mulesoft") + "/as/token.oauth2", "unavailable_503", `{"error_description":"Service Unavailable","error":"temporarily_unavailable"}` + "\r\n", ""},
	} {
		a := r.do(t, "POST", test.url, "", "X-Sandbox-Fault", test.fault)
		if a.body != test.want || a.Header.Get("Retry-After") != test.retry {
			t.Errorf("%s: %q, Retry-After %q", test.url, a.body, a.Header.Get("Retry-After"))
		}
	}
}

func TestTheHeaderInjectsFaultsOnAnyRoute(t *testing.T) {
	r := start(t)
	token := r.muleToken(t)
	for name, status := range map[string]int{"html_502": 502, "redirect_302": 302, "throttle_429": 429, "no_type": 200, "cae": 401} {
		a := r.do(t, "GET", r.URL("echo")+"/things", "", "Authorization", "Bearer "+token, "X-Sandbox-Fault", name)
		if a.StatusCode != status {
			t.Errorf("%s: %s", name, a.Status)
		}
	}
	a := r.do(t, "GET", r.URL("echo")+"/things", "", "Authorization", "Bearer "+token, "X-Sandbox-Fault", "throttle-429")
	if a.StatusCode != 400 || !strings.Contains(a.body, "unknown X-Sandbox-Fault") {
		t.Errorf("a misspelt fault: %s %s", a.Status, a.body)
	}
}

func TestTheEchoedSecretComesInEveryEncoding(t *testing.T) {
	r := start(t)
	secret := "s/e+c r%t"
	a := r.do(t, "POST", r.URL("apiconnect")+"/api/token", fmt.Sprintf(`{"password":%q}`, secret),
		"Content-Type", jsonType, "X-Sandbox-Fault", "echo_secret_in_error")
	for _, want := range []string{secret, base64.StdEncoding.EncodeToString([]byte(secret)), "s%2Fe%2Bc+r%25t", fmt.Sprintf("%x", secret)} {
		if !strings.Contains(a.body, want) {
			t.Errorf("%s lacks %s", a.body, want)
		}
	}
}

func TestARedirectThatIsFollowedIsCounted(t *testing.T) {
	r := start(t)
	r.client.CheckRedirect = nil
	if a, err := r.faulty(t, "redirect_307_cross"); err != nil || a.StatusCode != 200 {
		t.Fatal(a, err)
	}
	if r.Requests("apiconnect.trap") != 1 || r.Requests("tnco.trap") != 0 {
		t.Error("the trap was not counted")
	}
}

func TestTheDocumentationListsEveryFaultProfileAndCount(t *testing.T) {
	content, err := os.ReadFile("../../docs/sandbox.md")
	if err != nil {
		t.Fatal(err)
	}
	r := start(t)
	for _, name := range slices.Sorted(maps.Keys(faults(0))) {
		if !strings.Contains(string(content), "`"+name+"`") {
			t.Errorf("docs/sandbox.md lacks the fault %s", name)
		}
	}
	for _, route := range r.counts.members() {
		_, kind, _ := strings.Cut(route.name, ".")
		if !strings.Contains(string(content), "."+kind+"`") {
			t.Errorf("docs/sandbox.md lacks the count %s", route.name)
		}
	}
	for _, o := range r.origins {
		for _, rt := range o.table {
			pattern := strings.NewReplacer("/oauth2/*/v1", "/oauth2/default/v1", "/**", "", "/*/oauth2", "/oauth2", "/*", "").Replace(rt.pattern)
			if !strings.Contains(string(content), pattern) {
				t.Errorf("docs/sandbox.md lacks the route %s", rt.pattern)
			}
		}
	}
}
