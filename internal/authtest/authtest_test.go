package authtest_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/authctl/authctl/internal/authtest"
	"github.com/authctl/authctl/internal/tokenstore"
)

func get(t *testing.T, s *authtest.Server, token string) (int, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/a?b=c", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := s.Transport().RoundTrip(req)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}

func TestAScriptIsPlayedInOrderAndItsLastReplyRepeats(t *testing.T) {
	for _, start := range []func(testing.TB, ...authtest.Reply) *authtest.Server{authtest.FakeIDP, authtest.FakeTLSIDP} {
		s := start(t, authtest.Answer(500, ""), authtest.Reset(), authtest.Token("tok", 60))
		for i, want := range []int{500, 0, 200, 200} {
			status, err := get(t, s, "x")
			if status != want || (err == nil) != (want != 0) {
				t.Errorf("request %d: %d %v", i, status, err)
			}
		}
		if s.Count() != 4 || s.Requests()[3].Target != "/a?b=c" {
			t.Errorf("%d requests", s.Count())
		}
	}
}

func TestTheAPIKnowsItsTokenAndNoOther(t *testing.T) {
	s := authtest.FakeAPI(t, "good", authtest.Answer(204, ""))
	for token, want := range map[string]int{"good": 204, "bad": 401, "": 401} {
		if status, err := get(t, s, token); status != want {
			t.Errorf("%q: %d %v", token, status, err)
		}
	}
}

func TestTheStoreFailsWhenTold(t *testing.T) {
	s := authtest.FakeStore(&tokenstore.Record{Key: "k"})
	if r, err := s.Get(t.Context(), "k"); err != nil || r.Key != "k" {
		t.Error(r, err)
	}
	if _, err := s.Get(t.Context(), "other"); !errors.Is(err, tokenstore.ErrNotFound) {
		t.Error(err)
	}
	s.PutErr = tokenstore.ErrLocked
	if err := s.Put(t.Context(), &tokenstore.Record{Key: "n"}); !errors.Is(err, tokenstore.ErrLocked) {
		t.Error(err)
	}
	if err := s.Delete(t.Context(), "k"); err != nil {
		t.Error(err)
	}
	if all, err := s.List(t.Context()); err != nil || len(all) != 0 {
		t.Error(all, err)
	}
	if got := s.Calls(); len(got) != 5 || got[2] != "put" {
		t.Error(got)
	}
}
