package grant_test

import (
	"strings"
	"testing"

	"github.com/authctl/authctl/internal/authtest"
	"github.com/authctl/authctl/internal/fault"
)

func TestEveryShapeOfARefusalIsUnderstood(t *testing.T) {
	cases := map[string]struct {
		status int
		body   string
		oauth  string
		text   string // the message after "HTTP 4xx Name: "
	}{
		"RFC 6749":             {401, `{"error":"invalid_client","error_description":"Bad client credentials","error_uri":"https://x"}`, "invalid_client", "invalid_client: Bad client credentials"},
		"description first":    {401, `{"error_description":"Invalid client or client credentials","error":"invalid_client"}` + "\r\n", "invalid_client", "invalid_client: Invalid client or client credentials"},
		"code alone":           {400, `{"error":"invalid_scope"}`, "invalid_scope", "invalid_scope"},
		"Spring's lower case":  {401, `{"error":"unauthorized","error_description":"Bad credentials"}`, "unauthorized", "unauthorized: Bad credentials"},
		"API Connect":          {401, `{"status":401,"message":["a","b"]}`, "", "a: b"},
		"API Connect, string":  {401, `{"status":401,"message":"a"}`, "", "a"},
		"API Connect, errors":  {401, `{"status":401,"errors":[{"message":"a"},"b"]}`, "", "a: b"},
		"gateway":              {401, `{"httpCode":"401","httpMessage":"Unauthorized","moreInformation":"no client"}`, "", "no client"},
		"Spring Boot":          {401, `{"timestamp":1,"status":401,"error":"Unauthorized","message":"Bad credentials","path":"/oauth/token"}`, "", "Bad credentials"},
		"Spring Boot, bare":    {401, `{"timestamp":1,"status":401,"error":"Unauthorized","path":"/oauth/token"}`, "", "Unauthorized"},
		"reason phrase alone":  {403, `{"error":"Forbidden"}`, "", "Forbidden"},
		"another's reason":     {400, `{"status":401,"error":"Unauthorized","message":"m"}`, "", "m"},
		"an object":            {400, `{"error":{"code":"InvalidAuthenticationToken","message":"gone"}}`, "", "InvalidAuthenticationToken: gone"},
		"problem details":      {400, `{"type":"about:blank","title":"t","status":400,"detail":"d"}`, "", "d"},
		"problem, title only":  {400, `{"type":"about:blank","title":"t"}`, "", "t"},
		"TNCO":                 {400, `{"localizedMessage":"l"}`, "", "l"},
		"Zen":                  {400, `{"_messageCode_":"x","message":"m"}`, "", "m"},
		"form":                 {400, `error=invalid_grant&error_description=used+up`, "invalid_grant", "invalid_grant: used up"},
		"200 with an error":    {200, `{"ok":false,"error":"invalid_client_id"}`, "invalid_client_id", "invalid_client_id"},
		"200, form":            {200, `error=bad_verification_code&error_description=d`, "bad_verification_code", "bad_verification_code: d"},
		"200, error and token": {200, `{"error":"x","access_token":"tok"}`, "x", "x"},
		"200, an object":       {200, `{"error":{"message":"m"},"access_token":"tok"}`, "", "m"},
		"empty":                {400, ``, "", "empty body"},
		"blank":                {400, "\r\n", "", "empty body"},
		"nothing said":         {400, `{}`, "", "the body does not say why"},
		"text":                 {401, "Unauthorized\n\nline", "", "Unauthorized line"},
		"HTML":                 {404, "<html><head><title>Not here</title>", "", `an HTML page entitled "Not here"`},
		"HTML, untitled":       {404, "<html>", "", "an HTML page"},
		"a list":               {400, `["x"]`, "", `["x"]`},
		"code twice":           {400, `{"error":"a","error":"b"}`, "", `{"error":"a","error":"b"}`},
		"code with blanks":     {400, `{"error":"not a code","error_description":"d"}`, "", "not a code: d"},
		"BOM":                  {400, "\ufeff" + `{"error":"invalid_grant"}`, "invalid_grant", "invalid_grant"},
		"Latin-1":              {400, "caf\xe9", "", "caf\ufffd"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := ask(t, authtest.JSON(c.status, c.body))
			if err == nil || err.Kind != fault.Auth || err.Status != c.status || err.Retryable {
				t.Fatalf("%+v", err)
			}
			if err.OAuthError != c.oauth {
				t.Errorf("OAuth error %q, want %q", err.OAuthError, c.oauth)
			}
			if c.oauth != "" && err.Code != "auth."+c.oauth {
				t.Errorf("code %s", err.Code)
			}
			if c.oauth == "" && !strings.HasPrefix(err.Code, "auth.http_") {
				t.Errorf("code %s", err.Code)
			}
			_, text, _ := strings.Cut(err.Err.Error(), ": ")
			if text != c.text {
				t.Errorf("text %q, want %q", text, c.text)
			}
		})
	}
}

func TestARefusalIsOneWhateverBecomesOfItsBody(t *testing.T) {
	for name, reply := range map[string]authtest.Reply{
		"truncated": authtest.Truncated(400, `{"error":"inv`),
		"endless":   authtest.Endless("HTTP/1.1 401 Unauthorized\r\n\r\n", "x"),
		"bad gzip":  authtest.Answer(400, "\x1f\x8b"),
		"gzip":      authtest.Gzip(400, `{"error":"invalid_client"}`),
	} {
		_, err := ask(t, reply)
		if err == nil || err.Kind != fault.Auth {
			t.Errorf("%s: %+v", name, err)
		}
	}
}

func TestARefusalCarriesWhatOperatorsCanLookUp(t *testing.T) {
	for name, c := range map[string]struct {
		reply authtest.Reply
		want  string
	}{
		"correlation_id": {authtest.JSON(400, `{"trace_id":"t-2","correlation_id":"c-1"}`, "x-ms-request-id: m-3"), "c-1"},
		"trace_id":       {authtest.JSON(400, `{"trace_id":"t-2"}`, "x-ms-request-id: m-3"), "t-2"},
		"Microsoft's":    {authtest.JSON(400, `{}`, "x-ms-request-id: m-3", "X-Request-ID: r-4"), "m-3"},
		"API Connect's":  {authtest.JSON(401, `no`, "X-Request-ID: r-4"), "r-4"},
		"throttled":      {authtest.JSON(429, `Too Many Requests`, "x-ms-request-id: m-3"), "m-3"},
		"no reply":       {authtest.Answer(200, ``, "X-Request-ID: r-4"), "r-4"},
		"hostile":        {authtest.JSON(400, `{"correlation_id":"a\u001b[2J","trace_id":"`+strings.Repeat("x", 200)+`"}`), ""},
		"no text":        {authtest.JSON(400, `{"correlation_id":{"a":1}}`), ""},
	} {
		_, err := ask(t, c.reply)
		if err == nil || err.CorrelationID != c.want {
			t.Errorf("%s: %+v, want %q", name, err, c.want)
		}
	}
}
