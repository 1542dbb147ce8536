package grant_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/authtest"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
)

const cibaReply = `{"auth_req_id":"1c266114-a1be-4252-8ad1-04986c5b9ac1","expires_in":120,"interval":2}`

func cibaGrant(s *authtest.Server, c *clock) *grant.CIBA {
	g := &grant.CIBA{Config: deviceGrant(s, c).Config, Wait: c.wait, Hint: grant.Hint{Name: "login_hint", Value: is("me@example.com")}}
	g.Server = grant.Known{Token: s.URL + "/token", BackchannelAuthentication: s.URL + "/ciba"}
	return g
}

func TestALoginByBackchannelStandsOnTheWireByteForByte(t *testing.T) {
	for hint, value := range map[string]string{"login_hint": "me%40example.com", "login_hint_token": "me%40example.com", "id_token_hint": "me%40example.com"} {
		t.Run(hint, func(t *testing.T) {
			s := authtest.FakeIDP(t, authtest.JSON(200, cibaReply), pending("authorization_pending"), pending("slow_down"), authtest.Token("tok", 60))
			c, h := &clock{}, &human{}
			g := cibaGrant(s, c)
			g.Hint.Name, g.BindingMessage, g.Scopes = hint, "W4SCT", []string{"openid"}
			g.AuthorizationParams = []grant.Field{grant.Plain("acr_values", "2")}
			if _, err := login(t, g, h); err != nil {
				t.Fatal(err)
			}
			poll := "/token grant_type=urn%3Aopenid%3Aparams%3Agrant-type%3Aciba&client_id=app&auth_req_id=1c266114-a1be-4252-8ad1-04986c5b9ac1"
			want := []string{"/ciba scope=openid&client_id=app&" + hint + "=" + value + "&binding_message=W4SCT&acr_values=2", poll, poll, poll}
			var got []string
			for _, r := range s.Requests() {
				got = append(got, r.Target+" "+r.Body)
			}
			if !slices.Equal(got, want) || !slices.Equal(c.waits, []time.Duration{2 * time.Second, 2 * time.Second, 7 * time.Second}) {
				t.Errorf("sent\n%s\nafter %v", strings.Join(got, "\n"), c.waits)
			}
			if told := strings.Join(h.lines(), "\n"); !strings.Contains(told, "W4SCT") || strings.Contains(told, "1c266114") {
				t.Errorf("told %q", told)
			}
		})
	}
}

func TestABackchannelThatCannotBeginAsksNobody(t *testing.T) {
	for name, c := range map[string]struct {
		reply authtest.Reply
		kind  fault.Kind
	}{
		"unknown person": {authtest.JSON(400, `{"error":"unknown_user_id"}`), fault.Auth},
		"no id":          {authtest.JSON(200, `{"expires_in":120}`), fault.Protocol},
		"blank":          {authtest.JSON(200, `{"auth_req_id":"a b","expires_in":120}`), fault.Protocol},
		"giant":          {authtest.JSON(200, `{"auth_req_id":"`+strings.Repeat("a", 9<<10)+`","expires_in":120}`), fault.Protocol},
		"no time":        {authtest.JSON(200, `{"auth_req_id":"a","expires_in":0}`), fault.Protocol},
	} {
		t.Run(name, func(t *testing.T) {
			s, h := authtest.FakeIDP(t, c.reply), &human{}
			if _, err := login(t, cibaGrant(s, &clock{}), h); err == nil || err.Kind != c.kind || len(h.lines()) != 0 {
				t.Errorf("%v; told %q", err, h.lines())
			}
			s.Only(t)
		})
	}
	s := authtest.FakeIDP(t, authtest.JSON(200, cibaReply))
	g := cibaGrant(s, &clock{})
	g.Server = grant.Known{Token: s.URL}
	if _, err := login(t, g, &human{}); err == nil || err.Kind != fault.Config || s.Count() != 0 {
		t.Errorf("%v", err)
	}
}

func TestARefusalOnTheDeviceEndsTheLogin(t *testing.T) {
	for _, code := range []string{"access_denied", "expired_token", "transaction_failed"} {
		s := authtest.FakeIDP(t, authtest.JSON(200, cibaReply), pending(code))
		if _, err := login(t, cibaGrant(s, &clock{}), &human{}); err == nil || err.Code != "auth."+code || s.Count() != 2 {
			t.Errorf("%s: %v after %d requests", code, err, s.Count())
		}
	}
}
