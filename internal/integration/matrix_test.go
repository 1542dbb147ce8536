//go:build integration && linux

package integration

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// cell is one row of docs/idp-matrix.md: a grant and a client authentication at one server, run by the program.
type cell struct {
	grant, auth string
	with        string // what else the profile asks for, such as DPoP
	profile     []string
	beside      string // further profiles of the file
	requests    int    // token requests that the first token takes
	late        bool   // the person agrees after the first poll, else before it
	then        []string
	act         person // in place of the server's own person
	login       string // another profile of the file, as whom somebody logs in first
	mute        bool   // the server tells nobody about this kind of token
}

// isPolled reports whether a person agrees elsewhere, and the program asks until then.
func (c cell) isPolled() bool { return c.grant == "device_code" || c.grant == "ciba" }

// step is what is done with a token once it is there; it gives the number of token requests that it must take.
type step func(t *testing.T, s *idp, u *user, token string) int

func steps() map[string]step {
	return map[string]step{
		"cached": func(t *testing.T, _ *idp, u *user, token string) int {
			if again := u.run(t, "token", "get", "-p", "real").token(t); again != token {
				t.Error("the next process has another token")
			}
			return 0
		},
		"refresh twice": refreshTwice,
		"introspect": func(t *testing.T, _ *idp, u *user, _ string) int {
			reply := answered(t, u.run(t, "token", "introspect", "-p", "real"))
			if reply["active"] != true {
				t.Errorf("not active: %v", reply)
			}
			return 0
		},
		"userinfo": func(t *testing.T, _ *idp, u *user, _ string) int {
			if reply := answered(t, u.run(t, "userinfo", "-p", "real")); reply["sub"] == nil || reply["sub"] == "" {
				t.Errorf("no subject: %v", reply)
			}
			return 0
		},
		"verify": func(t *testing.T, _ *idp, u *user, _ string) int {
			if got := u.run(t, "token", "inspect", "--verify", "-p", "real"); got.exit != 0 {
				t.Errorf("exit %d\n%s%s", got.exit, got.stdout, got.stderr)
			}
			return 0
		},
		"revoke": func(t *testing.T, s *idp, u *user, token string) int {
			if got := u.run(t, "token", "revoke", "-p", "real"); got.exit != 0 || got.stdout != "" {
				t.Errorf("exit %d\n%s%s", got.exit, got.stdout, got.stderr)
			}
			if s.active(t, token) {
				t.Error("the server knows the revoked token")
			}
			return 0
		},
		"logout": logout,
	}
}

// refreshTwice needs the second refresh to be sent with what the first one gave.
func refreshTwice(t *testing.T, s *idp, u *user, token string) int {
	for range 2 {
		next := u.run(t, "token", "get", "--force-refresh", "-p", "real").token(t)
		if next == token || !s.active(t, next) {
			t.Errorf("no new active token: %q", next)
		}
		token = next
	}
	return 2
}

// logout leaves nobody logged in.
func logout(t *testing.T, s *idp, u *user, token string) int {
	if got := u.run(t, "logout", "-p", "real"); got.exit != 0 || got.stdout != "" {
		t.Errorf("exit %d\n%s%s", got.exit, got.stdout, got.stderr)
	}
	if s.active(t, token) {
		t.Error("the server knows the token of who logged out")
	}
	got := u.run(t, "token", "get", "-p", "real", "--error-format", "json")
	if got.exit != 4 || !strings.Contains(got.stderr, `"auth.login_required"`) {
		t.Errorf("exit %d\n%s", got.exit, got.stderr)
	}
	return 0
}

// answered is the one JSON object that a run printed.
func answered(t *testing.T, got answer) map[string]any {
	t.Helper()
	reply := map[string]any{}
	if err := json.Unmarshal([]byte(got.stdout), &reply); err != nil || got.exit != 0 {
		t.Fatalf("exit %d, %v\n%s%s", got.exit, err, got.stdout, got.stderr)
	}
	return reply
}

// run runs the cells at a server, each with a user of its own, and notes them for docs/idp-matrix.md.
func (s *idp) run(t *testing.T, cells []cell) {
	t.Helper()
	for _, c := range cells {
		ok := t.Run(strings.Join([]string{s.name, c.grant, c.auth, c.with}, "/"), func(t *testing.T) {
			u := newUser(t, "profiles:\n"+s.profile("real", append([]string{"grant: " + c.grant}, c.profile...)...)+c.beside)
			if c.login != "" {
				if got := u.opens(t, s, s.person, "login", "-p", c.login); got.exit != 0 {
					t.Fatalf("exit %d\n%s", got.exit, got.stderr)
				}
			}
			s.tokens(t)
			s.take(t, s.begins[c.grant])
			token := s.first(t, u, c)
			if n := s.tokens(t); n != c.requests {
				t.Errorf("%d token requests, want %d", n, c.requests)
			}
			if n := s.take(t, s.begins[c.grant]); c.isPolled() && n != 1 {
				t.Errorf("%d logins were begun at %q", n, s.begins[c.grant])
			}
			if !c.mute && !s.active(t, token) {
				t.Error("the server does not know the token")
			}
			for _, name := range c.then {
				want := steps()[name](t, s, u, token)
				if n := s.tokens(t); n != want {
					t.Errorf("%s: %d token requests, want %d", name, n, want)
				}
				if name == "refresh twice" {
					token = u.run(t, "token", "get", "-p", "real").token(t)
				}
			}
		})
		note(s.name, c, ok)
	}
}

var deviceAddress = regexp.MustCompile(`https?://\S+[?&](?:user_)?code=\S+`)

// first gives the first token of a profile, with a person's help where the grant needs one.
func (s *idp) first(t *testing.T, u *user, c cell) string {
	t.Helper()
	act := c.act
	if act == nil {
		act = s.person
	}
	var got answer
	switch c.grant {
	case "authorization_code":
		got = u.opens(t, s, act, "login", "-p", "real")
	case "device_code":
		got = u.reads(t, s, s.when(t, c, deviceAddress), act, "login", "-p", "real")
	case "ciba":
		got = u.reads(t, s, s.when(t, c, regexp.MustCompile(`(?s).+\n`)), act, "login", "-p", "real")
	}
	if got.exit != 0 || got.stdout != "" {
		t.Fatalf("login: exit %d\n%s%s", got.exit, got.stdout, got.stderr)
	}
	return u.run(t, "token", "get", "-p", "real").token(t)
}

// when finds in what was printed what the cell's person needs, once it is her time to act.
func (s *idp) when(t *testing.T, c cell, needs *regexp.Regexp) func(printed string) string {
	return func(printed string) string {
		if c.late && s.count(t, s.tokenPath) == 0 {
			return ""
		}
		return needs.FindString(printed)
	}
}

const head = `# authctl at real servers

Written by ` + "`IDP_MATRIX=docs/idp-matrix.md make test-idp`" + `. Each row was run by the built program against a server that
nobody here wrote, by [the suites](../internal/integration); requests were counted at the servers. Those of ` + "`device_code`" + `
and ` + "`ciba`" + ` are polls, after one request that began the login: the person agrees before the first is due, but where a row
says otherwise. The login of the first ` + "`authorization_code`" + ` row is driven by headless Chromium as well.

What the servers do that others do not: Glewlwyd answers a wrong secret with HTTP 403 and an empty body, takes no client
assertion whose audience is its issuer, no ` + "`" + `private_key_jwt` + "`" + ` beside a ` + "`" + `client_id` + "`" + ` (RFC 7521 section 4.2 lets a client
send one), and no redirect URI but with its port; the issuer of zitadel/oidc ends in a slash, its example has keys of
1024 bits and neither speaks about the tokens of services nor revokes them; oidc-provider introspects no JWT, and names
the authorities of client certificates, of which a self-signed one is by none.

`

// matrix is the text of docs/idp-matrix.md while the suites run.
var matrix = map[string]*strings.Builder{}

func note(server string, c cell, ok bool) {
	text := matrix[server]
	if text == nil {
		text = &strings.Builder{}
		fmt.Fprintf(text, "| grant | client authentication | with | token requests | then | |\n|---|---|---|---|---|---|\n")
		matrix[server] = text
	}
	result := "ok"
	if !ok {
		result = "**failed**"
	}
	fmt.Fprintf(text, "| `%s` | `%s` | %s | %d | %s | %s |\n", c.grant, c.auth, c.with, c.requests, strings.Join(c.then, ", "), result)
}

// writeMatrix writes the page that IDP_MATRIX names, with the servers that ran.
func writeMatrix() error {
	file := os.Getenv("IDP_MATRIX")
	if file == "" || len(matrix) == 0 {
		return nil
	}
	text := head
	for _, server := range []string{"oidc-provider", "zitadel", "glewlwyd"} {
		if rows := matrix[server]; rows != nil {
			text += "## " + servers[server] + "\n\n" + rows.String() + "\n"
		}
	}
	return os.WriteFile(file, []byte(strings.TrimSuffix(text, "\n")), 0o644)
}

var servers = map[string]string{
	"oidc-provider": "oidc-provider 9.13.3 (JavaScript, OpenID certified)",
	"zitadel":       "zitadel/oidc 3.44.0, its example provider (Go)",
	"glewlwyd":      "Glewlwyd 2.7.5 of Debian 12 (C)",
}
