package grant

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/secret"
)

// FuzzTokenReply holds every accepted token to RFC 6750's grammar and every life to its bounds, whatever a server says.
func FuzzTokenReply(f *testing.F) {
	for _, body := range []string{
		`{"access_token":"tok","token_type":"bearer","expires_in":1199,"scope":"all"}`,
		`{"access_token":"a.b.c=","expires_in":"3600","refresh_token":"r","id_token":"i"}`,
		`{"access_token":"a","Access_Token":"EVIL"}`, `{"access_token":"a","access_token":"b"}`,
		`{"access_token":"tok\r\nX-Evil: 1"}`, `{"access_token":"tok","expires_in":1e400}`, `{"access_token":"tok","expires_in":-0.1}`,
		`{"access_token":"eyJ.eyJleHAiOjE3MDAwMDAwNjB9.c2ln"}`, `{"access_token":"tok","expires_in":""}`, `{"access_token":"tok","scope":["a","b"]}`,
		"access_token=tok&token_type=bearer&expires_in=60", "error=invalid_grant&error_description=a+b", "access_token=%",
		"\ufeff{\"access_token\":\"tok\"}", "\xff\xfe{\x00", "<html><title>Sign in</title>", "<title", "\x1f\x8b\x08", "",
		`{"error":"invalid_client","error_description":"Bad \u001b[2J"}`, `{"status":401,"message":["a","b"]}`, `{"error":{"code":"X","message":"y"}}`,
		`{"timestamp":1,"status":401,"error":"Unauthorized","message":"m","path":"/oauth/token"}`, `{"errors":[[[["deep"]]]]}`, `{"access_token":{}}`, `[1]`, `{`, `{"a"`,
	} {
		for _, status := range []int{200, 400, 429} {
			f.Add(status, []byte(body))
		}
	}
	b64token := regexp.MustCompile(`^[A-Za-z0-9._~+/-]+=*$`)
	from := &http.Request{URL: &url.URL{Scheme: "https", Host: "idp.example.com"}}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		e := &Endpoint{Mask: secret.NewMask(), Clock: func() time.Time { return time.Unix(1_700_000_000, 0) }}
		e.Mask.Add(secret.New("C4NARY-C4NARY"))
		token, failure := e.judge(&reply{status: status, header: http.Header{}, from: from, body: body, sent: e.now()}, &Request{DefaultTTL: time.Minute})
		if failure != nil {
			checkFailure(t, failure)
			return
		}
		access := token.AccessToken.Reveal()
		if status < 200 || status > 299 || !b64token.MatchString(access) || len(access) > maxToken || token.TokenType != "Bearer" {
			t.Errorf("accepted %q under status %d", access, status)
		}
		if life := token.Lifetime(); life < 0 || life > longestLife {
			t.Errorf("life %v", life)
		}
	})
}

// FuzzServerObject holds what is handed on as the server's JSON to being one object, whole, as it was sent.
func FuzzServerObject(f *testing.F) {
	for _, body := range []string{
		`{"active":true}`, ` {"a":{"b":[1,2,{"c":null}]}} `, "\ufeff{}", `{"a":1,"a":2}`, `{}{}`, `{}x`, `[]`, `"x"`, `active=true`, `error=x`, "", "\x1f\x8b\x08",
		`eyJh.eyJh.c2ln`, `{"a":"\u0000"}`, "{\"a\":\"\xff\"}", `{"error":"invalid_token"}`, "<html>",
	} {
		for _, status := range []int{200, 401, 503} {
			f.Add(status, []byte(body))
		}
	}
	from := &http.Request{URL: &url.URL{Scheme: "https", Host: "idp.example.com"}}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		e := &Endpoint{Mask: secret.NewMask(), Clock: func() time.Time { return time.Unix(1_700_000_000, 0) }}
		e.Mask.Add(secret.New("C4NARY-C4NARY"))
		object, err := e.object(&reply{status: status, header: http.Header{}, from: from, body: body})
		if err != nil {
			checkFailure(t, fault.From(err))
			return
		}
		var members map[string]json.RawMessage
		if status < 200 || status > 299 || json.Unmarshal(object, &members) != nil || !bytes.Contains(body, object) || bytes.ContainsAny(object[len(object)-1:], blanks) {
			t.Errorf("accepted %q under status %d", object, status)
		}
	})
}

func checkFailure(t *testing.T, failure *fault.Error) {
	t.Helper()
	for _, shown := range []string{failure.Error(), failure.OAuthError, failure.CorrelationID, failure.Code} {
		if strings.ContainsAny(shown, "\x00\x1b\r\n\u202e") || !utf8.ValidString(shown) || utf8.RuneCountInString(shown) > 700 || strings.Contains(shown, "C4NARY-C4NARY") {
			t.Errorf("shown: %q", shown)
		}
	}
}
