package grant_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/authtest"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/secret"
)

func TestWhatIsNoTokenReplyIsAProtocolFault(t *testing.T) {
	good := `{"access_token":"tok","token_type":"Bearer","expires_in":60}`
	cases := map[string]authtest.Reply{
		"empty":                     authtest.Answer(200, ""),
		"no content":                authtest.Answer(204, ""),
		"created, empty":            authtest.Answer(201, " \r\n"),
		"not JSON":                  authtest.JSON(200, `{"access_token":"tok"`),
		"plain text":                authtest.Answer(200, "ok access_token"),
		"a list":                    authtest.JSON(200, `["tok"]`),
		"a string":                  authtest.JSON(200, `"tok"`),
		"null":                      authtest.JSON(200, `null`),
		"HTML":                      authtest.Answer(200, "<html><body>access_token=tok&error=x</body>"),
		"UTF-16":                    authtest.JSON(200, "\xff\xfe{\x00\"\x00a\x00\"\x00:\x001\x00}\x00"),
		"Latin-1":                   authtest.JSON(200, `{"access_token":"tok","name":"`+"\xe9"+`"}`),
		"two BOMs":                  authtest.JSON(200, "\ufeff\ufeff"+good),
		"trailing garbage":          authtest.JSON(200, good+"x"),
		"two objects":               authtest.JSON(200, good+good),
		"trailing comma":            authtest.JSON(200, `{"access_token":"tok",}`),
		"deep nesting":              authtest.JSON(200, `{"access_token":"tok","x":`+strings.Repeat("[", 20000)+strings.Repeat("]", 20000)+`}`),
		"token twice":               authtest.JSON(200, `{"access_token":"tok","access_token":"tok"}`),
		"token twice by escapes":    authtest.JSON(200, `{"access_token":"tok","access\u005ftoken":"evil"}`),
		"expires_in twice":          authtest.JSON(200, `{"access_token":"tok","expires_in":1,"expires_in":2}`),
		"an unknown member twice":   authtest.JSON(200, `{"access_token":"tok","x":1,"x":2}`),
		"error twice":               authtest.JSON(200, `{"error":"a","error":"b"}`),
		"token in another case":     authtest.JSON(200, `{"Access_Token":"tok"}`),
		"camel case":                authtest.JSON(200, `{"accessToken":"tok"}`),
		"no token":                  authtest.JSON(200, `{"token_type":"Bearer"}`),
		"null token":                authtest.JSON(200, `{"access_token":null}`),
		"empty token":               authtest.JSON(200, `{"access_token":""}`),
		"a number for a token":      authtest.JSON(200, `{"access_token":1}`),
		"header injection":          authtest.JSON(200, `{"access_token":"tok\r\nX-Evil: 1"}`),
		"blank in the token":        authtest.JSON(200, `{"access_token":"to k"}`),
		"= inside the token":        authtest.JSON(200, `{"access_token":"to=k"}`),
		"only =":                    authtest.JSON(200, `{"access_token":"=="}`),
		"letters beyond ASCII":      authtest.JSON(200, `{"access_token":"tök"}`),
		"a NUL":                     authtest.JSON(200, `{"access_token":"tok\u0000"}`),
		"a long token":              authtest.JSON(200, `{"access_token":"`+strings.Repeat("a", 64<<10+1)+`"}`),
		"mac":                       authtest.JSON(200, `{"access_token":"tok","token_type":"mac"}`),
		"N_A":                       authtest.JSON(200, `{"access_token":"tok","token_type":"N_A"}`),
		"DPoP":                      authtest.JSON(200, `{"access_token":"tok","token_type":"DPoP"}`),
		"empty token_type":          authtest.JSON(200, `{"access_token":"tok","token_type":""}`),
		"a list for token_type":     authtest.JSON(200, `{"access_token":"tok","token_type":["Bearer"]}`),
		"bearer with a blank":       authtest.JSON(200, `{"access_token":"tok","token_type":"bearer "}`),
		"control in refresh_token":  authtest.JSON(200, `{"access_token":"tok","refresh_token":"a\u0007"}`),
		"a number as refresh_token": authtest.JSON(200, `{"access_token":"tok","refresh_token":7}`),
		"a long id_token":           authtest.JSON(200, `{"access_token":"tok","id_token":"`+strings.Repeat("a", 64<<10+1)+`"}`),
		"form, token twice":         authtest.Answer(200, "access_token=tok&access_token=evil"),
		"form, twice by escapes":    authtest.Answer(200, "access_token=tok&access%5Ftoken=evil"),
		"form, bad escape":          authtest.Answer(200, "access_token=tok&x=%zz"),
		"form, bad expires_in":      authtest.Answer(200, "access_token=tok&expires_in=soon"),
		"form with a semicolon":     authtest.Answer(200, "access_token=tok;expires_in=60"),
		"a form without a token":    authtest.Answer(200, "token_type=bearer&scope=all"),
		"gzip of nothing":           authtest.Gzip(200, ""),
		"gzip cut off":              authtest.Answer(200, "\x1f\x8b\x08\x00\x00\x00\x00\x00", "Content-Encoding: gzip"),
		"a gzip bomb":               authtest.Gzip(200, strings.Repeat(" ", 4<<20)),
		"truncated":                 authtest.Truncated(200, good),
		"cut off without a length":  authtest.Raw("HTTP/1.1 200 OK\r\n\r\n" + good[:20]),
		"broken chunks":             authtest.Raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n" + good),
		"giant":                     authtest.Answer(200, strings.Repeat(" ", 1<<20)+good),
		"endless":                   authtest.Endless("HTTP/1.1 200 OK\r\n\r\n", " "),
		"endless headers":           authtest.HeaderBomb(),
		"no HTTP":                   authtest.Raw("SSH-2.0-OpenSSH_9.9\r\n"),
		"switching protocols":       authtest.Raw("HTTP/1.1 101 Switching Protocols\r\n\r\n"),
		"status 600":                authtest.Answer(600, good),
	}
	for name, reply := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := ask(t, reply)
			if err == nil || err.Kind != fault.Protocol {
				t.Fatalf("%+v", err)
			}
			if strings.Contains(err.Error(), "tok\"") || strings.Contains(err.Error(), "evil") {
				t.Errorf("the body is shown: %v", err)
			}
		})
	}
}

func TestATokenReplyIsJudgedByItsBytes(t *testing.T) {
	good := `{"access_token":"tok-._~+/1==","token_type":"bEaReR","expires_in":60,"scope":"a b"}`
	for name, reply := range map[string]authtest.Reply{
		"JSON":              authtest.JSON(200, good),
		"created":           authtest.JSON(201, good),
		"labelled as text":  authtest.Answer(200, good, "Content-Type: text/plain"),
		"labelled as HTML":  authtest.Answer(200, good, "Content-Type: text/html"),
		"without a label":   authtest.Answer(200, good),
		"BOM":               authtest.JSON(200, "\ufeff"+good),
		"blanks around it":  authtest.JSON(200, "\r\n "+good+"\r\n"),
		"gzip":              authtest.Gzip(200, good),
		"gzip, unlabelled":  authtest.Gzip(200, good),
		"chunked":           authtest.Raw(fmt.Sprintf("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(good), good)),
		"until the end":     authtest.Raw("HTTP/1.0 200 OK\r\n\r\n" + good),
		"form":              authtest.Answer(200, "access_token=tok-._~%2B/1%3D%3D&expires_in=60&scope=a+b&token_type=bearer", "Content-Type: application/x-www-form-urlencoded"),
		"form as JSON":      authtest.JSON(200, "access_token=tok-._~%2B/1%3D%3D&expires_in=60&scope=a%20b"),
		"no type":           authtest.JSON(200, `{"access_token":"tok-._~+/1==","expires_in":60,"scope":"a b"}`),
		"nulls":             authtest.JSON(200, `{"error":null,"access_token":"tok-._~+/1==","token_type":null,"refresh_token":null,"id_token":null,"expires_in":60,"scope":"a b"}`),
		"a list of scopes":  authtest.JSON(200, `{"access_token":"tok-._~+/1==","expires_in":60,"scope":["a","b"]}`),
		"another case too":  authtest.JSON(200, `{"access_token":"tok-._~+/1==","Access_Token":"EVIL","expires_in":60,"EXPIRES_IN":1,"scope":"a b"}`),
		"a null error text": authtest.JSON(200, `{"error":"","access_token":"tok-._~+/1==","expires_in":60,"scope":"a b"}`),
	} {
		t.Run(name, func(t *testing.T) {
			token, err := ask(t, reply)
			if err != nil {
				t.Fatal(err)
			}
			if got := token.AccessToken.Reveal(); got != "tok-._~+/1==" || token.TokenType != "Bearer" || token.Scope != "a b" || token.Lifetime() != time.Minute || !token.ObtainedAt.Equal(epoch()) {
				t.Errorf("%s %+v", got, token)
			}
		})
	}
}

func TestTheLifeOfATokenIsReadWithCare(t *testing.T) {
	jwt := func(claims string) string {
		return "eyJh." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".c2ln"
	}
	const ttl, day = 5 * time.Minute, 24 * time.Hour
	cases := []struct {
		token, expiresIn string
		want             time.Duration // -1: exit 9
	}{
		{"tok", `3600`, time.Hour},
		{"tok", `"3600"`, time.Hour},
		{"tok", `3600.9`, time.Hour},
		{"tok", `"3600.9"`, time.Hour},
		{"tok", `3.6e3`, time.Hour},
		{"tok", `"3.6E+3"`, time.Hour},
		{"tok", `1`, time.Second},
		{"tok", `31536000`, 365 * day},
		{"tok", `31536000.5`, 365 * day},
		{"tok", `31536001`, day},
		{"tok", `3600000000`, day},
		{"tok", `1e400`, day},
		{"tok", `"1e999999"`, day},
		{"tok", `9223372036854775807`, day},
		{"tok", `99999999999999999999999999`, day},
		{"tok", `0`, 0},
		{"tok", `-5`, 0},
		{"tok", `0.9`, 0},
		{"tok", `-1e400`, 0},
		{"tok", `"-0"`, 0},
		{"tok", `1e-400`, 0},
		{"tok", ``, ttl},
		{"tok", `null`, ttl},
		{"tok", `""`, ttl},
		{"tok", `true`, -1},
		{"tok", `false`, -1},
		{"tok", `[3600]`, -1},
		{"tok", `{}`, -1},
		{"tok", `"soon"`, -1},
		{"tok", `" 3600"`, -1},
		{"tok", `"3600 "`, -1},
		{"tok", `"0x10"`, -1},
		{"tok", `"+5"`, -1},
		{"tok", `"1_000"`, -1},
		{"tok", `"Inf"`, -1},
		{"tok", `"NaN"`, -1},
		{"tok", `"007"`, -1},
		{"tok", `".5"`, -1},
		{"tok", `"5."`, -1},
		{"tok", `" "`, -1},
		{"tok", `"null"`, -1},
		{"tok", `"1h"`, -1},
		{"tok", `"\"5\""`, -1},
		{jwt(`{"exp":1700000060}`), ``, time.Minute},
		{jwt(`{"exp":1700000060.7}`), ``, time.Minute},
		{jwt(`{"exp":1900000000}`), ``, ttl},
		{jwt(`{"exp":1600000000}`), ``, 0},
		{jwt(`{"exp":-1e300}`), ``, 0},
		{jwt(`{"exp":1e300}`), ``, ttl},
		{jwt(`{"exp":"1700000060"}`), ``, ttl},
		{jwt(`{"exp":1700000060}`), `3600`, time.Hour},
		{jwt(`{"exp":1,"exp":1700000060}`), ``, ttl},
		{jwt(`no`), ``, ttl},
		{"a.!.b", ``, -1},
		{"a.b.c.d", ``, ttl},
	}
	for _, c := range cases {
		body := `{"access_token":"` + c.token + `","expires_in":` + c.expiresIn + `}`
		if c.expiresIn == "" {
			body = `{"access_token":"` + c.token + `"}`
		}
		token, err := ask(t, authtest.JSON(200, body))
		switch {
		case c.want == -1 && (err == nil || err.Kind != fault.Protocol):
			t.Errorf("%s: %v, want a protocol fault", body, err)
		case c.want >= 0 && (err != nil || token.Lifetime() != c.want):
			t.Errorf("%s: %v %v, want %v", body, token, err, c.want)
		}
	}
}

func TestLifeCountsFromTheMomentTheRequestWasSent(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.Slow(50*time.Millisecond, authtest.Token("tok", 60)))
	e := endpoint(s)
	e.Clock = nil
	before := time.Now()
	token, err := e.Token(t.Context(), request(s))
	if err != nil {
		t.Fatal(err)
	}
	if late := token.ObtainedAt.Sub(before); late > 40*time.Millisecond {
		t.Errorf("obtained %v after the request began", late)
	}
	if strings.Contains(token.ObtainedAt.String(), "m=") {
		t.Error("a monotonic clock reading lies in the record")
	}
}

func TestEveryTokenOfAReplyIsKeptAndMasked(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.JSON(200, `{"access_token":"access-access","refresh_token":"refresh refresh","id_token":"id.id.id.id","scope":"a\u001b b"}`))
	e := endpoint(s)
	token, err := e.Token(t.Context(), request(s))
	if err != nil {
		t.Fatal(err)
	}
	if token.RefreshToken.Reveal() != "refresh refresh" || token.IDToken.Reveal() != "id.id.id.id" || strings.Contains(token.Scope, "\x1b") {
		t.Errorf("%q %q %q", token.RefreshToken.Reveal(), token.IDToken.Reveal(), token.Scope)
	}
	if got := e.Mask.Text("access-access, refresh refresh, id.id.id.id"); strings.Count(got, secret.Redacted) != 3 {
		t.Error(got)
	}
}

func TestALostConnectionIsOneRequestAndANetworkFault(t *testing.T) {
	_, err := ask(t, authtest.Reset())
	if err == nil || err.Kind != fault.Network || !err.Retryable {
		t.Errorf("%+v", err)
	}
	s := authtest.FakeIDP(t, authtest.Reset())
	closed := request(s)
	closed.URL = "http://127.0.0.1:1/token?code=QUERYSECRET"
	_, refused := endpoint(s).Token(t.Context(), closed)
	if e := fault.From(refused); e.Kind != fault.Network || strings.Contains(e.Error(), "QUERYSECRET") {
		t.Errorf("%+v", e)
	}
}

func TestASlowServerIsATimeOut(t *testing.T) {
	for name, reply := range map[string]authtest.Reply{
		"silent": authtest.Hang(""), "half a head": authtest.Hang("HTTP/1.1 200"),
		"half a body": authtest.Hang("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"),
	} {
		s := authtest.FakeIDP(t, reply)
		e := endpoint(s)
		e.Timeout = 100 * time.Millisecond
		_, err := e.Token(t.Context(), request(s))
		if !fault.Is(err, fault.Timeout) || s.Count() != 1 {
			t.Errorf("%s: %v, %d requests", name, err, s.Count())
		}
	}
}

func TestAnInterruptionIsToldApart(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.Hang("HTTP/1.1 400 Bad Request\r\nContent-Length: 99\r\n\r\n{"))
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	_, err := endpoint(s).Token(ctx, request(s))
	if fault.From(err).Kind != fault.Canceled {
		t.Errorf("%+v", err)
	}
}

func TestAnHTMLPageIsNamedByItsTitle(t *testing.T) {
	_, err := ask(t, authtest.Answer(200, "\n<!DOCTYPE html><HTML><Title lang=en>\n Sign in &amp; go\x1b </TITLE><form>", "Content-Type: text/html"))
	if err == nil || !strings.Contains(err.Error(), `"Sign in & go`) || strings.Contains(err.Error(), "\x1b") || err.HintText() == "" {
		t.Errorf("%v", err)
	}
}

func TestANearMissOfTheTokenIsNamed(t *testing.T) {
	_, err := ask(t, authtest.JSON(200, `{"accessToken":"tok","expiresIn":60}`))
	if err.Code != "protocol.no_access_token" || !strings.Contains(err.Error(), "only accessToken") {
		t.Errorf("%v", err)
	}
}

func TestAPauseThatAServerAsksForIsInTheChain(t *testing.T) {
	for header, want := range map[string]time.Duration{
		"Retry-After: 60": time.Minute, "Retry-After: Tue, 14 Nov 2023 22:14:20 GMT": time.Minute,
		"Retry-After: 0": 0, "Retry-After: soon": 0, "X-Nothing: 1": 0,
	} {
		for status, code := range map[int]string{429: "network.throttled", 500: "network.server_error", 503: "network.server_error"} {
			_, err := ask(t, authtest.Answer(status, "Too Many Requests", header))
			if err == nil || err.Kind != fault.Network || err.Code != code || !err.Retryable || err.Status != status || err.HintText() == "" {
				t.Fatalf("%s: %+v", header, err)
			}
			pause, ok := errors.AsType[*grant.Throttled](err)
			if ok != (want > 0) || ok && !pause.Until.Equal(epoch().Add(want)) {
				t.Errorf("%s: %v %v", header, ok, pause)
			}
		}
	}
}
