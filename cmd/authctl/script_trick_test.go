package main

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// trick is how one path of a server misbehaves.
type trick struct {
	misdeed string
	status  int // of `says`
	body    string
	set     map[string]string // members of the reply, or parameters of a redirect, by name
}

// trickCmd is `trick NAME PATH [HOW...]`: from now on PATH of the server misbehaves; without HOW it is honest again.
//
//	says STATUS BODY     that reply, and nothing is done; FORM in it is what the request said
//	MISDEED              one of `misbehave`, or mute, drips, bounces, giant, deep
//	MEMBER=VALUE         the honest reply with that member, which is JSON where it can be; without a VALUE it is not there;
//	                     of a redirect, the query's parameter, which is there twice with VALUE,VALUE
//	claim.MEMBER=VALUE   the id_token with that claim; VALUE may be now+N or now-N, in seconds
//	jws.alg, .kid, .key  the id_token's header; key=other is somebody else's
func trickCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: trick NAME PATH [HOW...]")
	}
	t := &trick{set: map[string]string{}}
	switch how := args[2:]; {
	case len(how) == 0:
		t = nil
	case how[0] == "says" && len(how) == 3:
		var err error
		t.status, err = strconv.Atoi(how[1])
		ts.Check(err)
		t.body = how[2]
	case len(how) == 1 && !strings.Contains(how[0], "="):
		if t.misdeed = how[0]; misdeeds()[t.misdeed] == nil && !slices.Contains([]string{"mute", "drips", "bounces", "giant", "deep"}, t.misdeed) {
			ts.Fatalf("no server misbehaves by %q", t.misdeed)
		}
	default:
		for _, change := range how {
			name, value, _ := strings.Cut(change, "=")
			t.set[name] = value
		}
	}
	s := of(ts).idps[args[0]]
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tricks == nil {
		s.tricks = map[string]*trick{}
	}
	s.tricks[args[1]] = t
}

// tricky puts the server's tricks between its honest self and the client.
func (s *storyIDP) tricky(honest http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		switch t := s.trickAt(r.URL.Path); {
		case t == nil:
			honest.ServeHTTP(w, r)
		case t.misdeed != "":
			t.misbehave(w, r)
		case t.status != 0:
			form, _ := url.QueryUnescape(r.Form.Encode())
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(t.status)
			_, _ = io.WriteString(w, strings.ReplaceAll(t.body, "FORM", form))
		default:
			said := httptest.NewRecorder()
			honest.ServeHTTP(said, r)
			s.twist(w, said, t.set)
		}
	})
}

// trickAt is the trick for a path, and counts the requests that no honest handler sees.
func (s *storyIDP) trickAt(path string) *trick {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tricks[path]
	if t != nil && (t.misdeed != "" || t.status != 0) {
		s.asked[path]++
	}
	return t
}

func (t *trick) misbehave(w http.ResponseWriter, r *http.Request) {
	switch t.misdeed {
	case "bounces":
		w.Header().Set("Location", "http://127.0.0.1:9/elsewhere?stolen=1")
		w.WriteHeader(http.StatusTemporaryRedirect)
	case "drips":
		_, _ = io.WriteString(w, `{"access_token":"`)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	case "mute":
		<-r.Context().Done()
	case "giant":
		_, _ = io.WriteString(w, `{"access_token":"`+strings.Repeat("a", 2<<20)+`"}`)
	case "deep":
		_, _ = io.WriteString(w, `{"keys":`+strings.Repeat("[", 100_000)+strings.Repeat("]", 100_000)+`}`)
	default:
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
		misdeeds()[t.misdeed](conn)
	}
}

// twist gives an honest reply with changes.
func (s *storyIDP) twist(w http.ResponseWriter, said *httptest.ResponseRecorder, set map[string]string) {
	maps.Copy(w.Header(), said.Header())
	if where, err := url.Parse(said.Header().Get("Location")); err == nil && where.Host != "" {
		query := where.Query()
		for name, value := range set {
			query[name] = slices.DeleteFunc(strings.Split(value, ","), func(s string) bool { return s == "" })
		}
		where.RawQuery = query.Encode()
		w.Header().Set("Location", where.String())
		w.WriteHeader(said.Code)
		return
	}
	members := map[string]json.RawMessage{}
	_ = json.Unmarshal(said.Body.Bytes(), &members)
	for name, value := range set {
		if strings.Contains(name, ".") {
			continue
		}
		if members[name] = json.RawMessage(value); value == "" {
			delete(members, name)
		} else if !json.Valid(members[name]) {
			members[name], _ = json.Marshal(value)
		}
	}
	if token, ok := members["id_token"]; ok {
		members["id_token"], _ = json.Marshal(s.resign(strings.Trim(string(token), `"`), set))
	}
	w.WriteHeader(said.Code)
	_ = json.NewEncoder(w).Encode(members)
}
