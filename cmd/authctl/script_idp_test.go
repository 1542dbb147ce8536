package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
)

// storyIDP is an authorization server of the stories. It gives everybody who asks alice's tokens, rotates refresh
// tokens, and ends a family of which a spent one comes back (RFC 9700 section 4.14.2).
type storyIDP struct {
	issuer string
	key    *ecdsa.PrivateKey

	mu     sync.Mutex
	asked  map[string]int
	moods  map[string]string
	issued map[string]string     // token: its family, empty when it was revoked
	spent  map[string]bool       // refresh tokens
	dead   map[string]bool       // families
	codes  map[string]url.Values // authorization requests by their codes
	polls  int
	proofs map[string]bool
	tricks map[string]*trick // by path

	handler http.Handler
}

// idpCmd is `idp NAME [MOOD=VALUE...]`: an authorization server whose issuer is $NAME, at $NAME_PORT. Said again it
// changes its moods: life (seconds that an access token lives), polls (until a device is let in), revoke (status of the
// revocation endpoint), without (members that its metadata lack, comma-separated), sub (whom userinfo is about), dpop
// (bound tokens), refresh (none is taken), error and iss (of the answer to an authorization request).
func idpCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: idp NAME [MOOD=VALUE...]")
	}
	s, _ := ts.Value(serversKey{}).(*servers).idps[args[0]]
	if s == nil {
		s = newStoryIDP(ts)
		all := of(ts)
		if all.idps == nil {
			all.idps = map[string]*storyIDP{}
		}
		all.idps[args[0]] = s
		ts.Setenv(args[0], s.issuer)
		ts.Setenv(args[0]+"_PORT", s.issuer[strings.LastIndexByte(s.issuer, ':')+1:])
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, mood := range args[1:] {
		name, value, _ := strings.Cut(mood, "=")
		s.moods[name] = value
	}
}

// askedCmd is `asked NAME PATH N`: PATH of the server was asked N times since it was last looked at.
func askedCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: asked NAME PATH N")
	}
	s := of(ts).idps[args[0]]
	s.mu.Lock()
	defer s.mu.Unlock()
	if got := strconv.Itoa(s.asked[args[1]]); got != args[2] {
		ts.Fatalf("%s%s was asked %s times, want %s; all: %v", args[0], args[1], got, args[2], s.asked)
	}
	s.asked[args[1]] = 0
}

func newStoryIDP(ts *testscript.TestScript) *storyIDP {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ts.Check(err)
	s := &storyIDP{
		key: key, asked: map[string]int{}, moods: map[string]string{}, issued: map[string]string{}, spent: map[string]bool{},
		dead: map[string]bool{}, codes: map[string]url.Values{}, proofs: map[string]bool{},
	}
	handlers := map[string]http.HandlerFunc{
		"/.well-known/openid-configuration": s.metadata, "/jwks": s.jwks, "/authorize": s.authorize, "/device": s.device,
		"/token": s.token, "/introspect": s.introspect, "/revoke": s.revoke, "/userinfo": s.userinfo, "/api/things": s.api,
	}
	s.handler = s.tricky(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.asked[r.URL.Path]++
		_ = r.ParseForm()
		if handler := handlers[r.URL.Path]; handler != nil {
			handler(w, r)
			return
		}
		http.NotFound(w, r)
	}))
	server := httptest.NewServer(s.handler)
	s.issuer = server.URL
	all := of(ts)
	all.stop = append(all.stop, func() { server.CloseClientConnections(); server.Close() })
	return s
}

func reply(w http.ResponseWriter, status int, members map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(members)
}

func (s *storyIDP) metadata(w http.ResponseWriter, _ *http.Request) {
	members := map[string]any{"issuer": s.issuer, "authorization_response_iss_parameter_supported": true}
	for name, path := range map[string]string{
		"authorization_endpoint": "/authorize", "token_endpoint": "/token", "jwks_uri": "/jwks", "revocation_endpoint": "/revoke",
		"introspection_endpoint": "/introspect", "userinfo_endpoint": "/userinfo", "device_authorization_endpoint": "/device",
	} {
		members[name] = s.issuer + path
	}
	members["scopes_supported"] = []string{"openid", "offline_access"}
	members["token_endpoint_auth_methods_supported"] = []string{"none", "client_secret_post"}
	for name := range strings.SplitSeq(s.moods["without"], ",") {
		delete(members, name)
	}
	reply(w, http.StatusOK, members)
}

func encode(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }

func (s *storyIDP) jwks(w http.ResponseWriter, _ *http.Request) {
	point, _ := s.key.PublicKey.Bytes()
	reply(w, http.StatusOK, map[string]any{"keys": []map[string]any{{
		"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "story", "x": encode(point[1:33]), "y": encode(point[33:]),
	}}})
}

// sign makes a JWT (RFC 7515 section 3.1, RFC 7518 section 3.4).
func (s *storyIDP) sign(claims map[string]any) string {
	text, _ := json.Marshal(claims)
	input := encode([]byte(`{"alg":"ES256","kid":"story","typ":"JWT"}`)) + "." + encode(text)
	sum := sha256.Sum256([]byte(input))
	r, v, _ := ecdsa.Sign(rand.Reader, s.key, sum[:])
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	v.FillBytes(signature[32:])
	return input + "." + encode(signature)
}

// authorize is a person who agrees at once.
func (s *storyIDP) authorize(w http.ResponseWriter, r *http.Request) {
	back, err := url.Parse(r.Form.Get("redirect_uri"))
	if err != nil || r.Form.Get("code_challenge_method") != "S256" {
		http.Error(w, "no redirect_uri or no PKCE", http.StatusBadRequest)
		return
	}
	answer := url.Values{"state": {r.Form.Get("state")}, "iss": {s.issuer}}
	if refusal := s.moods["error"]; refusal != "" {
		answer.Set("error", refusal)
	} else {
		code := "CANARY-code-" + rand.Text()
		s.codes[code] = maps.Clone(r.Form)
		answer.Set("code", code)
	}
	if s.moods["iss"] != "" {
		answer.Set("iss", s.moods["iss"])
	}
	back.RawQuery = answer.Encode()
	http.Redirect(w, r, back.String(), http.StatusFound)
}

func (s *storyIDP) device(w http.ResponseWriter, _ *http.Request) {
	s.polls = 0
	reply(w, http.StatusOK, map[string]any{
		"device_code": "CANARY-device", "user_code": "WDJB-MJHT", "verification_uri": s.issuer + "/activate",
		"verification_uri_complete": s.issuer + "/activate?user_code=WDJB-MJHT", "expires_in": 60, "interval": 1,
	})
}
