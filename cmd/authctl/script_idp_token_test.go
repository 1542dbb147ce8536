package main

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

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
