package sandbox

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// injection spoils a reply that is ready to be written.
type injection func(x *exchange, rep *reply)

const loginPage = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head>\n" +
	"<body><form method=\"post\"><input name=\"username\"><input type=\"password\" name=\"password\"></form></body></html>\n"

const gatewayPage = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n" +
	"<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n"

// giantSize is over every limit that a client could want to have for a token reply.
const giantSize = 4 << 20

// faults are the switches by name. Those of the first group concern token replies and leave any other reply alone.
func faults(slow time.Duration) map[string]injection {
	if slow == 0 {
		slow = 10 * time.Second
	}
	return map[string]injection{
		"expires_string": inToken("expires_in", func(v any) any { return fmt.Sprint(v) }),
		"expires_zero":   inToken("expires_in", func(any) any { return 0 }),
		"expires_absent": leaveOut("expires_in"),
		"no_type":        leaveOut("token_type"),
		"mac_type":       inToken("token_type", func(any) any { return "mac" }),
		"ctl_token":      inToken("access_token", func(v any) any { return fmt.Sprint(v, "\a\r\nX-Injected: yes") }),
		"dup_key":        repeatToken,
		"form":           asForm,

		"bom":        onBody(func(body []byte) []byte { return append([]byte("\xef\xbb\xbf"), body...) }),
		"giant":      onBody(inflate),
		"gzip":       compress,
		"text_plain": func(_ *exchange, rep *reply) { *rep = rep.with("Content-Type", "text/plain; charset=utf-8") },
		"empty":      func(_ *exchange, rep *reply) { *rep = text(http.StatusOK, "application/json", "") },
		"html_200":   instead(text(http.StatusOK, "text/html; charset=utf-8", loginPage)),
		"html_502":   instead(text(http.StatusBadGateway, "text/html", gatewayPage)),
		"ok_false_200": instead(object(http.StatusOK,
			member{"ok", false}, member{"error", "invalid_client_id"})),

		"redirect_302":       func(x *exchange, rep *reply) { *rep = redirect(302, x.origin.url+"/-/login") },
		"redirect_307_cross": func(x *exchange, rep *reply) { *rep = redirect(307, x.origin.cross+"/-/trap") },

		"throttle_429": failing(problem{
			status: 429, code: "temporarily_unavailable", text: "Too Many Requests", aadsts: 90055,
		}),
		"unavailable_503": failing(problem{
			status: 503, code: "temporarily_unavailable", text: "Service Unavailable", aadsts: 90033,
		}),
		"ansi_error": failing(problem{
			status: 400, code: "invalid_request", aadsts: 9002313,
			text: "\x1b[2J\x1b[1;31mred\x1b[0m \x1b]0;title\a back\b\b line\r\nauthctl: ok \u009b31m \u202edlrow\u202c zero\u200bwidth",
		}),
		"echo_secret_in_error": echoSecrets,

		"slow":      hold(slow),
		"reset":     func(_ *exchange, rep *reply) { rep.send = reset },
		"truncated": truncate,

		"cae":    func(*exchange, *reply) {}, // the API itself looks at this one
		oldLogin: func(*exchange, *reply) {}, // and TNCO's login at that one
	}
}

// inToken changes one member of a token reply.
func inToken(name string, to func(any) any) injection {
	return func(_ *exchange, rep *reply) {
		if rep.token {
			rep.members = rep.members.change(rep.members.own(name), to)
		}
	}
}

func leaveOut(name string) injection {
	return func(_ *exchange, rep *reply) {
		if rep.token {
			rep.members = rep.members.without(rep.members.own(name))
		}
	}
}

// repeatToken puts a second access_token behind the good one: parsers that let the last one win take the wrong one.
func repeatToken(_ *exchange, rep *reply) {
	if rep.token {
		rep.members = append(slices.Clone(rep.members), member{rep.members.own("access_token"), "second-" + opaque(20)})
	}
}

func asForm(_ *exchange, rep *reply) {
	if rep.token {
		rep.raw, rep.members = rep.members.form(), nil
		*rep = rep.with("Content-Type", "application/x-www-form-urlencoded")
	}
}

// onBody changes the bytes of whatever body there is.
func onBody(to func([]byte) []byte) injection {
	return func(_ *exchange, rep *reply) { rep.raw, rep.members = to(rep.body()), nil }
}

// inflate makes an object big from within, so that it stays well-formed, and anything else big at its end.
func inflate(body []byte) []byte {
	padding := strings.Repeat("x", giantSize)
	if rest, ok := bytes.CutPrefix(body, []byte("{\"")); ok {
		return append([]byte(`{"padding":"`+padding+`","`), rest...)
	}
	return append(body, padding...)
}

// compress does so whether or not the client accepts it.
func compress(_ *exchange, rep *reply) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(rep.body()) // into memory
	_ = z.Close()
	rep.raw, rep.members = b.Bytes(), nil
	*rep = rep.with("Content-Encoding", "gzip")
}

func instead(other reply) injection {
	return func(_ *exchange, rep *reply) {
		*rep = other
		rep.header = other.header.Clone()
	}
}

func redirect(status int, to string) reply {
	return text(status, "text/plain; charset=utf-8", "").with("Location", to)
}

// failing answers with an error in the server's own shape.
func failing(p problem) injection {
	return func(x *exchange, rep *reply) {
		*rep = x.origin.dialect.fail(x, p)
		if p.status == http.StatusTooManyRequests && rep.header.Get("Retry-After") == "" {
			*rep = rep.with("Retry-After", "2")
		}
	}
}

// echoSecrets repeats the request's credentials in the error text, as they are and in the encodings in which they turn
// up in real error pages.
func echoSecrets(x *exchange, rep *reply) {
	var b strings.Builder
	b.WriteString("Bad credentials:")
	for _, s := range x.secrets() {
		fmt.Fprintf(&b, " %s %s %s %s", s, base64.StdEncoding.EncodeToString([]byte(s)), url.QueryEscape(s),
			hex.EncodeToString([]byte(s)))
	}
	*rep = x.origin.dialect.fail(x, problem{status: 400, code: "invalid_request", text: b.String(), aadsts: 9002313})
}
