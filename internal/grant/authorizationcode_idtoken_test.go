package grant_test

import (
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"strings"
	"testing"

	"github.com/authctl/authctl/internal/authtest"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/jose"
)

const issuer = "https://idp.example.com"

// op is an OpenID provider: it signs an id_token for the nonce that it was sent.
type op struct {
	*authtest.Server
	t      *testing.T
	key    *jose.Key
	header map[string]any
	claims func(claims map[string]any)
	spoil  func(token string) string
	keys   []string // each a JWK set, one a request; the last one stays
	nonce  string
}

func newOP(t *testing.T) *op {
	o := &op{t: t, key: generate(t, "ES256"), header: map[string]any{}}
	o.keys = []string{o.set(o.key, "")}
	o.Server = authtest.FakeIDP(t, o.answer)
	return o
}

// set is a JWK set of one public key.
func (o *op) set(key *jose.Key, kid string) string {
	raw, err := key.PublicJWK()
	var jwk map[string]any
	if err != nil || json.Unmarshal(raw, &jwk) != nil {
		o.t.Fatal(err)
	}
	if kid != "" {
		jwk["kid"] = kid
	}
	raw, _ = json.Marshal(map[string]any{"keys": []any{jwk}})
	return string(raw)
}

func (o *op) answer(conn net.Conn, r authtest.Request) {
	if r.Target == "/jwks" {
		set := o.keys[0]
		o.keys = o.keys[min(1, len(o.keys)-1):]
		authtest.JSON(200, set)(conn, r)
		return
	}
	claims := map[string]any{"iss": issuer, "aud": "app", "sub": "me", "iat": epoch().Unix(), "exp": epoch().Unix() + 300, "nonce": o.nonce}
	if o.claims != nil {
		o.claims(claims)
	}
	token, err := o.key.Sign(o.header, claims)
	if err != nil {
		o.t.Error(err)
	}
	text := token.Reveal()
	if o.spoil != nil {
		text = o.spoil(text)
	}
	authtest.JSON(200, fmt.Sprintf(`{"access_token":"tok","token_type":"Bearer","expires_in":60,"id_token":%q}`, text))(conn, r)
}

func (o *op) login(t *testing.T, change func(*grant.Known)) (*grant.Token, *fault.Error) {
	t.Helper()
	g := codeGrant(o.Server)
	server := known(o.Server)
	server.Issuer, server.JWKS = issuer, o.URL+"/jwks"
	if change != nil {
		change(&server)
	}
	g.Server, g.Scopes = server, []string{"openid"}
	return login(t, g, &human{browse: func(q url.Values) string { o.nonce = q.Get("nonce"); return yes(q) }})
}

func TestAnIDTokenOfTheIssuerIsTaken(t *testing.T) {
	o := newOP(t)
	token, err := o.login(t, nil)
	if err != nil || token.IDToken.IsZero() || o.Count() != 2 {
		t.Errorf("%v after %d requests", err, o.Count())
	}
}

func TestAnIDTokenThatIsNotForThisLoginIsRefused(t *testing.T) {
	set := func(name string, value any) func(map[string]any) {
		return func(claims map[string]any) {
			if value == nil {
				delete(claims, name)
				return
			}
			claims[name] = value
		}
	}
	now := epoch().Unix()
	for name, c := range map[string]struct {
		claims func(map[string]any)
		ok     bool
	}{
		"another issuer":    {set("iss", issuer+"/"), false},
		"no issuer":         {set("iss", nil), false},
		"another audience":  {set("aud", "other"), false},
		"a list":            {set("aud", []string{"app"}), true},
		"more audiences":    {set("aud", []string{"app", "other"}), false},
		"another party":     {set("azp", "other"), false},
		"this party":        {set("azp", "app"), true},
		"another nonce":     {set("nonce", "other"), false},
		"no nonce":          {set("nonce", nil), false},
		"expired":           {set("exp", now-61), false},
		"just expired":      {set("exp", now-59), true},
		"no expiry":         {set("exp", nil), false},
		"from the future":   {set("iat", now+61), false},
		"from a fast clock": {set("iat", now+59), true},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOP(t)
			o.claims = c.claims
			_, err := o.login(t, nil)
			if (err == nil) != c.ok || err != nil && (err.Kind != fault.Protocol || err.Op == "") {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestAnIDTokenThatTheIssuerDidNotSignIsRefused(t *testing.T) {
	for name, spoil := range map[string]func(string) string{
		"no signature":    func(token string) string { return token[:strings.LastIndexByte(token, '.')+1] },
		"alg none":        func(token string) string { return "eyJhbGciOiJub25lIn0" + token[strings.IndexByte(token, '.'):] },
		"another payload": func(token string) string { return strings.Replace(token, ".", ".e30", 1) },
		"no JWT":          func(string) string { return "opaque" },
		"encrypted":       func(token string) string { return token + ".a.b" },
	} {
		t.Run(name, func(t *testing.T) {
			o := newOP(t)
			o.spoil = spoil
			if _, err := o.login(t, nil); err == nil || err.Kind != fault.Protocol {
				t.Errorf("%v", err)
			}
		})
	}
	t.Run("another key", func(t *testing.T) {
		o := newOP(t)
		o.keys = []string{o.set(generate(t, "ES256"), "")}
		if _, err := o.login(t, nil); err == nil || err.Kind != fault.Protocol || o.Count() != 2 {
			t.Errorf("%v after %d requests", err, o.Count())
		}
	})
}

func TestAnUnknownKeyIsLookedUpOnceMore(t *testing.T) {
	o := newOP(t)
	o.header["kid"] = "new"
	o.keys = []string{o.set(generate(t, "ES256"), "old"), o.set(o.key, "new")}
	if _, err := o.login(t, nil); err != nil || o.Count() != 3 {
		t.Errorf("%v after %d requests", err, o.Count())
	}
	o = newOP(t)
	o.header["kid"] = "new"
	o.keys = []string{o.set(o.key, "old")}
	if _, err := o.login(t, nil); err == nil || err.Kind != fault.Protocol || o.Count() != 3 {
		t.Errorf("%v after %d requests", err, o.Count())
	}
}

func TestKeysThatCannotBeReadStopTheLogin(t *testing.T) {
	for name, change := range map[string]func(*op, *grant.Known){
		"no address":    func(_ *op, server *grant.Known) { server.JWKS = "" },
		"plain http":    func(_ *op, server *grant.Known) { server.JWKS = "http://idp.example.com/jwks" },
		"no set":        func(o *op, _ *grant.Known) { o.keys = []string{"[]"} },
		"an empty set":  func(o *op, _ *grant.Known) { o.keys = []string{`{"keys":[]}`} },
		"keys of a kid": func(o *op, _ *grant.Known) { o.keys = []string{`{"keys":[{"kty":"oct","k":"AAAA"}]}`} },
	} {
		t.Run(name, func(t *testing.T) {
			o := newOP(t)
			if token, err := o.login(t, func(server *grant.Known) { change(o, server) }); err == nil || token != nil {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestWithoutAnIssuerAnIDTokenIsKeptUnread(t *testing.T) {
	o := newOP(t)
	o.spoil = func(string) string { return "opaque" }
	token, err := o.login(t, func(server *grant.Known) { server.Issuer = "" })
	if err != nil || token.IDToken.Reveal() != "opaque" || o.Count() != 1 {
		t.Errorf("%v after %d requests", err, o.Count())
	}
}

func TestALoginOnAnotherDeviceHasItsIDTokenChecked(t *testing.T) {
	for _, party := range []string{"app", "other"} {
		o := newOP(t)
		o.claims = func(claims map[string]any) { claims["aud"] = party; delete(claims, "nonce") }
		device := &grant.DeviceCode{Config: grant.Config{Endpoint: endpoint(o.Server), Auth: grant.None("app")}, Wait: noWait}
		server := known(o.Server)
		server.Issuer, server.JWKS = issuer, o.URL+"/jwks"
		beginning := authtest.FakeIDP(t, authtest.JSON(200, deviceReply))
		server.DeviceAuthorization = beginning.URL + "/device"
		device.Server = server
		if _, err := login(t, device, &human{}); (err == nil) != (party == "app") {
			t.Errorf("for %s: %v", party, err)
		}
	}
}
