package main

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"

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
}

// idpCmd is `idp NAME [MOOD=VALUE...]`: an authorization server whose issuer is $NAME, at $NAME_PORT. Said again it changes its moods:
// life (seconds that an access token lives), polls (until a device is let in), revoke (status of the revocation
// endpoint), without (members that its metadata lack, comma-separated), sub (whom userinfo is about), dpop (bound
// tokens), refresh (none is taken), error and iss (of the answer to an authorization request).
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
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
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

func (s *storyIDP) token(w http.ResponseWriter, r *http.Request) {
	refuse := func(code string) { reply(w, http.StatusBadRequest, map[string]any{"error": code}) }
	family := rand.Text()
	nonce := ""
	switch r.Form.Get("grant_type") {
	case "authorization_code":
		request := s.codes[r.Form.Get("code")]
		sum := sha256.Sum256([]byte(r.Form.Get("code_verifier")))
		if request == nil || encode(sum[:]) != request.Get("code_challenge") {
			refuse("invalid_grant")
			return
		}
		delete(s.codes, r.Form.Get("code"))
		nonce = request.Get("nonce")
	case "urn:ietf:params:oauth:grant-type:device_code":
		s.polls++
		if wanted, _ := strconv.Atoi(s.moods["polls"]); s.polls <= wanted {
			refuse("authorization_pending")
			return
		}
	case "refresh_token":
		old := r.Form.Get("refresh_token")
		family = s.issued[old]
		if s.moods["refresh"] != "" || family == "" || s.dead[family] || s.spent[old] {
			s.dead[family] = true
			refuse("invalid_grant")
			return
		}
		s.spent[old] = true
	}
	s.give(w, r, family, nonce)
}

func (s *storyIDP) give(w http.ResponseWriter, r *http.Request, family, nonce string) {
	life, err := strconv.Atoi(s.moods["life"])
	if err != nil {
		life = 3600
	}
	now := time.Now().Unix()
	access := s.sign(map[string]any{"iss": s.issuer, "sub": "alice", "aud": "api", "iat": now, "exp": now + 3600, "jti": rand.Text()})
	refresh := "CANARY-refresh-" + rand.Text()
	s.issued[access], s.issued[refresh] = family, family
	members := map[string]any{"access_token": access, "token_type": "Bearer", "expires_in": life, "refresh_token": refresh}
	if s.moods["dpop"] != "" && s.proved(r) == "" {
		members["token_type"] = "DPoP"
	}
	if strings.Contains(" "+r.Form.Get("scope")+" openid", "openid") {
		claims := map[string]any{
			"iss": s.issuer, "sub": "alice", "email": "alice@example.test", "aud": "native", "iat": now, "exp": now + 300,
		}
		if nonce != "" {
			claims["nonce"] = nonce
		}
		members["id_token"] = s.sign(claims)
	}
	reply(w, http.StatusOK, members)
}

func (s *storyIDP) introspect(w http.ResponseWriter, r *http.Request) {
	family := s.issued[r.Form.Get("token")]
	reply(w, http.StatusOK, map[string]any{"active": family != "" && !s.dead[family], "hint": r.Form.Get("token_type_hint")})
}

func (s *storyIDP) revoke(w http.ResponseWriter, r *http.Request) {
	status, err := strconv.Atoi(s.moods["revoke"])
	if err != nil {
		status = http.StatusOK
	}
	if status == http.StatusOK {
		delete(s.issued, r.Form.Get("token"))
	}
	s.asked["/revoke "+r.Form.Get("token_type_hint")]++
	w.WriteHeader(status)
}

func (s *storyIDP) userinfo(w http.ResponseWriter, _ *http.Request) {
	subject := s.moods["sub"]
	if subject == "" {
		subject = "alice"
	}
	reply(w, http.StatusOK, map[string]any{"sub": subject, "email": "alice@example.test"})
}

// api is an API that takes bound tokens alone, and wants its nonce in their proofs.
func (s *storyIDP) api(w http.ResponseWriter, r *http.Request) {
	if why := s.proved(r); why != "" {
		w.Header().Set("DPoP-Nonce", "story-nonce")
		w.Header().Set("WWW-Authenticate", `DPoP error="use_dpop_nonce"`)
		http.Error(w, why, http.StatusUnauthorized)
		return
	}
	_, _ = io.WriteString(w, "things\n")
}

// proved says what is wrong with the proof of a request, empty where nothing is (RFC 9449 section 4.3). That signatures
// are right is for other tests.
func (s *storyIDP) proved(r *http.Request) string {
	parts := strings.Split(r.Header.Get("DPoP"), ".")
	if len(parts) != 3 || len(r.Header.Values("DPoP")) != 1 {
		return "no proof"
	}
	text, _ := base64.RawURLEncoding.DecodeString(parts[1])
	var claims struct{ Jti, Htm, Htu, Ath, Nonce string }
	if json.Unmarshal(text, &claims) != nil || s.proofs[claims.Jti] {
		return "a proof that was seen before"
	}
	s.proofs[claims.Jti] = true
	if claims.Htm != r.Method || claims.Htu != s.issuer+r.URL.Path {
		return "a proof for " + claims.Htm + " " + claims.Htu
	}
	if r.URL.Path == "/token" {
		return ""
	}
	token, bound := strings.CutPrefix(r.Header.Get("Authorization"), "DPoP ")
	sum := sha256.Sum256([]byte(token))
	switch {
	case !bound || claims.Ath != encode(sum[:]):
		return "no bound token"
	case claims.Nonce != "story-nonce":
		return "no nonce"
	}
	return ""
}

// visit is the person's browser: it opens an address and goes where that leads.
func visit(args []string) int {
	res, err := http.Get(args[len(args)-1])
	if err != nil {
		fmt.Println(err)
		return 1
	}
	_ = res.Body.Close()
	return 0
}

// paster is a person without a browser on this machine: `paster address|code ARG...` runs authctl with the arguments,
// opens the address that it prints elsewhere, and hands back the address that this ends at, or the code in it.
func paster(args []string) int {
	cmd := exec.Command("authctl", args[2:]...)
	cmd.Stdout = os.Stdout
	in, _ := cmd.StdinPipe()
	out, _ := cmd.StderrPipe()
	if err := cmd.Start(); err != nil {
		return 1
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		fmt.Fprintln(os.Stderr, lines.Text())
		if strings.HasPrefix(lines.Text(), "http") {
			_, _ = fmt.Fprintln(in, elsewhere(args[1], lines.Text()))
			_ = in.Close()
		}
	}
	_ = cmd.Wait()
	return cmd.ProcessState.ExitCode()
}

func elsewhere(what, address string) string {
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Get(address)
	if err != nil {
		return err.Error()
	}
	_ = res.Body.Close()
	end, err := res.Location()
	switch {
	case err != nil:
		return err.Error()
	case what == "code":
		return end.Query().Get("code")
	case what == "forged":
		return strings.Replace(end.String(), "state=", "state=x", 1)
	}
	return end.String()
}
