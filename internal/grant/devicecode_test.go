package grant_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/authtest"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
)

const deviceReply = `{"device_code":"GmRhmhcxhwAzkoEqiMEg_DnyEysNkuNhszIySk9eS","user_code":"WDJB-MJHT",` +
	`"verification_uri":"https://example.com/device","verification_uri_complete":"https://example.com/device?user_code=WDJB-MJHT","expires_in":1800,"interval":5}`

func noWait(context.Context, time.Duration) error { return nil }

// clock is a wall clock that goes on when somebody waits, and remembers for how long.
type clock struct {
	now   time.Time
	waits []time.Duration
}

func (c *clock) wait(_ context.Context, d time.Duration) error {
	c.now = c.now.Add(d)
	c.waits = append(c.waits, d)
	return nil
}

func deviceGrant(s *authtest.Server, c *clock) *grant.DeviceCode {
	c.now = epoch()
	g := &grant.DeviceCode{Config: codeGrant(s).Config, Wait: c.wait}
	g.Endpoint.Clock = func() time.Time { return c.now }
	return g
}

func pending(code string) authtest.Reply {
	return authtest.JSON(400, fmt.Sprintf(`{"error":%q}`, code))
}

func TestALoginByDeviceStandsOnTheWireByteForByte(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.JSON(200, deviceReply), pending("authorization_pending"), authtest.Token("tok", 60))
	c, h := &clock{}, &human{browse: func(url.Values) string { t.Error("a browser was opened"); return "" }}
	g := deviceGrant(s, c)
	g.Scopes, g.Audience, g.Resources = []string{"openid", "a"}, []string{"x"}, []string{"https://r.example.com/"}
	g.AuthorizationDetails, g.Params = `[{"type":"t"}]`, []grant.Field{grant.Plain("p", "1")}
	g.AuthorizationParams = []grant.Field{grant.Plain("q", "2")}
	token, err := login(t, g, h)
	if err != nil || token.AccessToken.Reveal() != "tok" {
		t.Fatal(err)
	}
	poll := "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&client_id=app&device_code=GmRhmhcxhwAzkoEqiMEg_DnyEysNkuNhszIySk9eS" +
		"&audience=x&resource=https%3A%2F%2Fr.example.com%2F&authorization_details=%5B%7B%22type%22%3A%22t%22%7D%5D&p=1"
	want := []string{
		"/device scope=openid+a&client_id=app&audience=x&resource=https%3A%2F%2Fr.example.com%2F&authorization_details=%5B%7B%22type%22%3A%22t%22%7D%5D&q=2",
		"/token " + poll, "/token " + poll,
	}
	var got []string
	for _, r := range s.Requests() {
		got = append(got, r.Target+" "+r.Body)
	}
	if !slices.Equal(got, want) {
		t.Errorf("sent\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if !slices.Equal(c.waits, []time.Duration{5 * time.Second, 5 * time.Second}) {
		t.Errorf("waited %v", c.waits)
	}
	for _, line := range []string{"https://example.com/device", "WDJB-MJHT", "https://example.com/device?user_code=WDJB-MJHT"} {
		if !slices.Contains(h.lines(), line) {
			t.Errorf("no line %q among %q", line, h.lines())
		}
	}
	if !slices.Equal(h.shown, []string{"https://example.com/device?user_code=WDJB-MJHT"}) {
		t.Errorf("pictures of %q", h.shown)
	}
}

func TestThePollsFollowTheServersPace(t *testing.T) {
	begin := func(times string) authtest.Reply {
		return authtest.JSON(200, `{"device_code":"d-d-d-d","user_code":"u","verification_uri":"https://example.com/"`+times+`}`)
	}
	wait, slow, ok := pending("authorization_pending"), pending("slow_down"), authtest.Token("tok", 60)
	down, gone := authtest.Answer(503, ""), authtest.Reset()
	seconds := func(list ...int) (waits []time.Duration) {
		for _, s := range list {
			waits = append(waits, time.Duration(s)*time.Second)
		}
		return waits
	}
	for name, c := range map[string]struct {
		times string
		polls []authtest.Reply
		waits []time.Duration
		code  string
	}{
		"default":             {`,"expires_in":60`, []authtest.Reply{ok}, seconds(5), ""},
		"null":                {`,"expires_in":60,"interval":null`, []authtest.Reply{ok}, seconds(5), ""},
		"as said":             {`,"expires_in":60,"interval":7`, []authtest.Reply{wait, ok}, seconds(7, 7), ""},
		"a string":            {`,"expires_in":"60","interval":"7"`, []authtest.Reply{ok}, seconds(7), ""},
		"zero":                {`,"expires_in":60,"interval":0`, []authtest.Reply{wait, ok}, seconds(1, 1), ""},
		"negative":            {`,"expires_in":60,"interval":-7`, []authtest.Reply{ok}, seconds(1), ""},
		"fraction":            {`,"expires_in":60,"interval":0.01`, []authtest.Reply{ok}, seconds(1), ""},
		"far too long":        {`,"expires_in":60,"interval":1e300`, []authtest.Reply{ok}, seconds(60), ""},
		"too long":            {`,"expires_in":60,"interval":45`, []authtest.Reply{wait, wait}, seconds(45, 15), "auth.expired_token"},
		"slow down for good":  {`,"expires_in":60,"interval":2`, []authtest.Reply{slow, wait, slow, ok}, seconds(2, 7, 7, 12), ""},
		"slow down as a 429":  {`,"expires_in":60`, []authtest.Reply{authtest.JSON(429, `{"error":"slow_down"}`), ok}, seconds(5, 10), ""},
		"over":                {`,"expires_in":12`, []authtest.Reply{wait}, seconds(5, 5, 2), "auth.expired_token"},
		"no end":              {``, []authtest.Reply{ok}, seconds(5), ""},
		"server down":         {`,"expires_in":600`, []authtest.Reply{down, wait, ok}, seconds(5, 10, 10), ""},
		"connections lost":    {`,"expires_in":600`, []authtest.Reply{gone, gone, ok}, seconds(5, 10, 20), ""},
		"down for good":       {`,"expires_in":1800`, []authtest.Reply{down}, seconds(5, 10, 20, 40, 80, 160), "network.server_error"},
		"a pause":             {`,"expires_in":600`, []authtest.Reply{authtest.Answer(503, "", "Retry-After: 30"), ok}, seconds(5, 30), ""},
		"refused":             {`,"expires_in":60`, []authtest.Reply{wait, pending("access_denied")}, seconds(5, 5), "auth.access_denied"},
		"declined":            {`,"expires_in":60`, []authtest.Reply{pending("authorization_declined")}, seconds(5), "auth.authorization_declined"},
		"expired":             {`,"expires_in":60`, []authtest.Reply{pending("expired_token")}, seconds(5), "auth.expired_token"},
		"unknown":             {`,"expires_in":60`, []authtest.Reply{pending("bad_verification_code")}, seconds(5), "auth.bad_verification_code"},
		"no reply":            {`,"expires_in":60`, []authtest.Reply{authtest.Answer(200, "hello")}, seconds(5), "protocol.reply"},
		"elsewhere":           {`,"expires_in":60`, []authtest.Reply{authtest.Redirect(302, "https://evil.example.com/")}, seconds(5), "policy.redirect"},
		"a year is cut short": {`,"expires_in":31536000,"interval":86400`, []authtest.Reply{wait}, seconds(slices.Repeat([]int{60}, 30)...), "auth.expired_token"},
		"a day between polls": {`,"expires_in":600,"interval":86400`, []authtest.Reply{wait, slow, ok}, seconds(60, 60, 65), ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := authtest.FakeIDP(t, append([]authtest.Reply{begin(c.times)}, c.polls...)...)
			k := &clock{}
			token, err := login(t, deviceGrant(s, k), &human{})
			code := ""
			if err != nil {
				code = err.Code
			}
			if code != c.code || (token == nil) != (c.code != "") || !slices.Equal(k.waits, c.waits) || s.Count() != 1+len(c.waits) {
				t.Errorf("%v (%s) after %d requests and waits of %v, want %v", err, code, s.Count(), k.waits, c.waits)
			}
		})
	}
}

func TestADeviceReplyThatNobodyShouldActOnIsRefused(t *testing.T) {
	reply := func(name, value string) string {
		members := map[string]string{
			"device_code": `"d-d-d-d"`, "user_code": `"u"`, "verification_uri": `"https://example.com/"`, "expires_in": "60",
		}
		members[name] = value
		var list []string
		for name, value := range members {
			if value != "" {
				list = append(list, fmt.Sprintf("%q:%s", name, value))
			}
		}
		return "{" + strings.Join(list, ",") + "}"
	}
	for name, body := range map[string]string{
		"no device code":    reply("device_code", ""),
		"empty device code": reply("device_code", `""`),
		"giant device code": reply("device_code", `"`+strings.Repeat("a", 9<<10)+`"`),
		"a number":          reply("device_code", "1"),
		"no user code":      reply("user_code", ""),
		"1 MB user code":    reply("user_code", `"`+strings.Repeat("a", 1<<20-500)+`"`),
		"a list":            reply("user_code", `["u"]`),
		"no address":        reply("verification_uri", ""),
		"script":            reply("verification_uri", `"javascript:alert(1)"`),
		"file":              reply("verification_uri", `"file:///etc/passwd"`),
		"plain http":        reply("verification_uri", `"http://example.com/"`),
		"no scheme":         reply("verification_uri", `"example.com/device"`),
		"user":              reply("verification_uri", `"https://bank.example.com@evil.example.com/"`),
		"escape":            reply("verification_uri", `"https://example.com/\u001b]0;x\u0007"`),
		"two lines":         reply("verification_uri", `"https://example.com/\nhttps://evil.example.com/"`),
		"bidi":              reply("verification_uri", `"https://example.com/\u202egnp"`),
		"giant address":     reply("verification_uri", `"https://example.com/`+strings.Repeat("a", 3000)+`"`),
		"complete script":   reply("verification_uri_complete", `"javascript:alert(1)"`),
		"no time":           reply("expires_in", "0"),
		"negative time":     reply("expires_in", "-1"),
		"time in words":     reply("expires_in", `"soon"`),
		"interval in words": reply("interval", `"often"`),
		"interval a list":   reply("interval", `[5]`),
		"twice":             `{"device_code":"a","device_code":"b","user_code":"u","verification_uri":"https://example.com/","expires_in":60}`,
		"a list of replies": "[" + deviceReply + "]",
		"a form":            "device_code=a&user_code=u",
		"empty":             "",
	} {
		t.Run(name, func(t *testing.T) {
			s, h := authtest.FakeIDP(t, authtest.JSON(200, body)), &human{}
			_, err := login(t, deviceGrant(s, &clock{}), h)
			if err == nil || err.Kind != fault.Protocol || len(h.lines()) != 0 {
				t.Fatalf("%v; told %q", err, h.lines())
			}
			if strings.ContainsAny(err.Error(), "\x1b\n\u202e") || len(err.Error()) > 700 {
				t.Errorf("said %q", err)
			}
			s.Only(t)
		})
	}
}

func TestADeviceRequestThatIsRefusedIsNotPolledFor(t *testing.T) {
	s, h := authtest.FakeIDP(t, authtest.JSON(400, `{"error":"unauthorized_client"}`)), &human{}
	if _, err := login(t, deviceGrant(s, &clock{}), h); err == nil || err.Code != "auth.unauthorized_client" || len(h.lines()) != 0 {
		t.Errorf("%v", err)
	}
	s.Only(t)
	g := deviceGrant(s, &clock{})
	g.Server = grant.Known{Token: s.URL + "/token"}
	if _, err := login(t, g, h); err == nil || err.Kind != fault.Config || len(err.Hints) == 0 {
		t.Errorf("%v", err)
	}
	s.Only(t)
}

func TestACodeIsShownOnOneLineAsItIs(t *testing.T) {
	for code, want := range map[string]string{`ABCD EFGH`: "ABCD EFGH", `x\u001b[2Jy`: `x\x1b[2Jy`, `a\nauthctl: b`: "a authctl: b", `\u202eab`: `\u202eab`} {
		body := strings.Replace(deviceReply, "WDJB-MJHT\",", code+"\",", 1)
		s, h := authtest.FakeIDP(t, authtest.JSON(200, body), authtest.Token("tok", 60)), &human{}
		if _, err := login(t, deviceGrant(s, &clock{}), h); err != nil || !slices.Contains(h.lines(), want) {
			t.Errorf("%v; told %q", err, h.lines())
		}
	}
}

func TestTheNameOfOlderDraftsIsUnderstood(t *testing.T) {
	body := strings.Replace(deviceReply, `"verification_uri":`, `"verification_url":`, 1)
	s, h := authtest.FakeIDP(t, authtest.JSON(200, body), authtest.Token("tok", 60)), &human{}
	if _, err := login(t, deviceGrant(s, &clock{}), h); err != nil || !slices.Contains(h.lines(), "https://example.com/device") {
		t.Errorf("%v; told %q", err, h.lines())
	}
}

func TestTheDeviceCodeIsMaskedAndTheUserCodeIsNot(t *testing.T) {
	echo := `{"error":"invalid_grant","error_description":"GmRhmhcxhwAzkoEqiMEg_DnyEysNkuNhszIySk9eS of WDJB-MJHT"}`
	s := authtest.FakeIDP(t, authtest.JSON(200, deviceReply), authtest.JSON(400, echo))
	if _, err := login(t, deviceGrant(s, &clock{}), &human{}); err == nil || err.Err.Error() != "HTTP 400 Bad Request: invalid_grant: [redacted] of WDJB-MJHT" {
		t.Errorf("%v", err)
	}
}

func TestAWaitThatIsInterruptedSendsNoMore(t *testing.T) {
	for want, begin := range map[error]func(context.Context) (context.Context, context.CancelFunc){
		context.Canceled: context.WithCancel,
		context.DeadlineExceeded: func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 30*time.Millisecond)
		},
	} {
		s := authtest.FakeIDP(t, authtest.JSON(200, deviceReply), pending("authorization_pending"))
		ctx, cancel := begin(t.Context())
		g := deviceGrant(s, &clock{})
		g.Wait = nil // the wall clock: five seconds
		if errors.Is(want, context.Canceled) {
			time.AfterFunc(20*time.Millisecond, cancel)
		}
		begun := time.Now()
		_, err := g.Login(ctx, (&human{}).person(t))
		kind := map[bool]fault.Kind{true: fault.Canceled, false: fault.Timeout}[errors.Is(want, context.Canceled)]
		if fault.From(err).Kind != kind || time.Since(begun) > 3*time.Second {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
		s.Only(t)
		cancel()
	}
}
