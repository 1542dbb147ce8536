package discovery_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/authtest"
	"github.com/authctl/authctl/internal/provider/discovery"
)

// documents are a memory whose clock is the test's.
type documents struct {
	mu   sync.Mutex
	data map[string][]byte
	at   map[string]time.Time
	now  time.Time
}

func newDocuments() *documents {
	return &documents{data: map[string][]byte{}, at: map[string]time.Time{}, now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
}

func (d *documents) Read(name string) ([]byte, time.Time, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	data, ok := d.data[name]
	return data, d.at[name], ok
}

func (d *documents) Keep(name string, data []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.data[name], d.at[name] = data, d.now
}

func (d *documents) server(idp *authtest.Server, issuer, trust string) *discovery.Server {
	e := endpoint(idp)
	e.Clock = func() time.Time { return d.now }
	return discovery.New(discovery.Config{Issuer: issuer, Endpoint: e, Documents: d, Trust: trust})
}

func TestADocumentServesForADay(t *testing.T) {
	idp := at(t, openIDPath, func(url string) string { return metadata(url, "") })
	kept := newDocuments()
	look := func(want int) {
		t.Helper()
		server := kept.server(idp, idp.URL, "")
		for range 3 {
			if m, err := server.Metadata(t.Context()); err != nil || m.Token != idp.URL+"/token" {
				t.Fatalf("%+v, %v", m, err)
			}
		}
		if idp.Count() != want {
			t.Fatalf("%d requests, want %d", idp.Count(), want)
		}
	}
	look(1)
	kept.now = kept.now.Add(24*time.Hour - time.Second)
	look(1)
	kept.now = kept.now.Add(time.Second)
	look(2)
	kept.now = kept.now.Add(-time.Minute) // a clock that went back says nothing about age
	look(3)
	kept.server(idp, idp.URL, "").Forget()
	look(4)
	if _, err := kept.server(idp, idp.URL, "insecure").Metadata(t.Context()); err != nil || idp.Count() != 5 {
		t.Fatalf("what was believed under another trust is: %v, %d requests", err, idp.Count())
	}
}

func TestWhatIsKeptIsJudgedLikeWhatIsNew(t *testing.T) {
	for _, planted := range []string{
		"", "{", `{"issuer":"https://evil.example.com","token_endpoint":"https://evil.example.com/t"}`,
		`{"issuer":"URL","token_endpoint":"http://evil.example.com/t"}`, `{"issuer":"URL"}`,
	} {
		idp := at(t, openIDPath, func(url string) string { return metadata(url, "") })
		kept := newDocuments()
		if _, err := kept.server(idp, idp.URL, "").Metadata(t.Context()); err != nil {
			t.Fatal(err)
		}
		for name := range kept.data {
			kept.Keep(name, []byte(strings.ReplaceAll(planted, "URL", idp.URL)))
		}
		m, err := kept.server(idp, idp.URL, "").Metadata(t.Context())
		if err != nil || m.Token != idp.URL+"/token" || idp.Count() != 2 {
			t.Errorf("%s: %+v, %v after %d requests", planted, m, err, idp.Count())
		}
	}
}

func TestALookUpThatFailedIsNotKept(t *testing.T) {
	var idp *authtest.Server
	good := func(conn net.Conn, r authtest.Request) { authtest.JSON(http.StatusOK, metadata(idp.URL, ""))(conn, r) }
	bad := authtest.JSON(http.StatusOK, `{"issuer":"https://evil.example.com"}`)
	idp = authtest.FakeIDP(t, bad, good)
	kept := newDocuments()
	server := kept.server(idp, idp.URL, "")
	if _, err := server.Metadata(t.Context()); err == nil || len(kept.data) != 0 {
		t.Fatalf("%v, %d documents kept", err, len(kept.data))
	}
	if _, err := server.Metadata(t.Context()); err != nil || idp.Count() != 2 {
		t.Fatalf("%v after %d requests", err, idp.Count())
	}
}

func TestAServerIsAskedWhetherItMovedOnlyWhereWhatIsKnownIsOld(t *testing.T) {
	path := "/token"
	idp := at(t, openIDPath, func(url string) string { return fmt.Sprintf(`{"issuer":%q,"token_endpoint":%q}`, url, url+path) })
	kept := newDocuments()
	fresh := kept.server(idp, idp.URL, "")
	if _, err := fresh.Metadata(t.Context()); err != nil || fresh.Moved(t.Context()) || idp.Count() != 1 {
		t.Fatalf("a server that was just asked: %v, %d requests", err, idp.Count())
	}
	old := kept.server(idp, idp.URL, "")
	if old.Moved(t.Context()) {
		t.Fatal("nothing was known yet")
	}
	_, _ = old.Metadata(t.Context())
	if old.Moved(t.Context()) || idp.Count() != 2 {
		t.Fatalf("it did not move; %d requests", idp.Count())
	}
	old = kept.server(idp, idp.URL, "")
	_, _ = old.Metadata(t.Context())
	path = "/new"
	if !old.Moved(t.Context()) || idp.Count() != 3 {
		t.Fatalf("it moved; %d requests", idp.Count())
	}
	if m, err := kept.server(idp, idp.URL, "").Metadata(t.Context()); err != nil || m.Token != idp.URL+"/new" || idp.Count() != 3 {
		t.Fatalf("the new address was not kept: %+v, %v", m, err)
	}
}

func TestManyWhoLookUpAtOnceAskOnce(t *testing.T) {
	idp := at(t, openIDPath, func(url string) string { return metadata(url, "") })
	server := discovery.New(discovery.Config{Issuer: idp.URL, Endpoint: endpoint(idp)})
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := server.Metadata(context.WithoutCancel(t.Context())); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if idp.Count() != 1 {
		t.Errorf("%d requests", idp.Count())
	}
}
