package auth_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/auth"
	"github.com/authctl/authctl/internal/authtest"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/httpx"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/secret"
	"github.com/authctl/authctl/internal/tokenstore/lock"
	"github.com/authctl/authctl/internal/tokenstore/sealed"
)

const (
	victimFolder = "AUTH_TEST_FOLDER"
	victimServer = "AUTH_TEST_SERVER"
	killRounds   = 200
)

// TestMain lets the test program stand for another process that refreshes until it is killed.
func TestMain(m *testing.M) {
	folder := os.Getenv(victimFolder)
	if folder == "" {
		os.Exit(m.Run())
	}
	s := process(folder, os.Getenv(victimServer))
	fmt.Println("ready")
	for {
		if _, err := s.Token(context.Background(), auth.Want{ForceRefresh: true}); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
}

// process is a session on sealed files with a lock that other processes share.
func process(folder, server string) *auth.Session {
	locks := lock.New(lock.Dirs{Shared: filepath.Join(folder, "locks")})
	now := func() time.Time { return time.Now().Round(0) }
	transport, err := httpx.NewTransport(httpx.Config{Proxy: "none", Getenv: os.Getenv})
	if err != nil {
		panic(err)
	}
	config := grant.Config{
		Endpoint: &grant.Endpoint{Client: httpx.TokenClient(transport), Mask: secret.NewMask(), UserAgent: "test", Clock: now},
		Server:   grant.Known{Token: server + "/token"}, Auth: grant.None("c"),
	}
	return &auth.Session{
		Profile: "p", Provider: "oidc", Identity: profile.Identity{ClientID: "c", Grant: "device_code"},
		Grant: &person{Config: config}, Store: sealed.Open(folder, sealed.FixedKey(make([]byte, sealed.KeyLen))),
		Locks: locks, Notes: locks, Clock: now,
		Bound: func(context.Context) ([]secret.String, error) { return nil, nil },
		Warn:  func(string, ...any) {},
	}
}

// A server that lets the newest spent refresh token serve once more, as those do that know of lost answers, and ends
// the family for any other: whenever the program is killed, the login lives.
func TestNoLoginIsLostWhereverTheProgramIsKilled(t *testing.T) {
	idp := &authtest.Rotating{Grace: true}
	server := authtest.FakeIDP(t, idp.Reply)
	folder := t.TempDir()
	s := process(folder, server.URL)
	s.Grant = &person{s.Grant.(*person).Config, func() (*grant.Token, error) {
		now := time.Now()
		return &grant.Token{AccessToken: secret.New("a"), RefreshToken: secret.New(idp.Login()), ObtainedAt: now, ExpiresAt: now.Add(time.Hour)}, nil
	}}
	if _, err := s.Login(t.Context(), grant.Person{}); err != nil {
		t.Fatal(err)
	}
	rounds := killRounds
	if testing.Short() {
		rounds = 20
	}
	for round := range rounds {
		killOne(t, folder, server.URL)
		if round%10 != 0 && round != rounds-1 {
			continue // some kills follow one another
		}
		if _, err := s.Token(t.Context(), auth.Want{ForceRefresh: true}); err != nil {
			t.Fatalf("after %d kills: %v", round+1, err)
		}
	}
	t.Logf("%d refreshes", idp.Refreshes())
	if idp.Refreshes() < rounds/4 {
		t.Errorf("%d refreshes in %d rounds: they were killed before they did anything", idp.Refreshes(), rounds)
	}
}

func killOne(t *testing.T, folder, server string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), victimFolder+"="+folder, victimServer+"="+server)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said, err := bufio.NewReader(out).ReadString('\n')
	time.Sleep(rand.N(25 * time.Millisecond))
	killErr := cmd.Process.Kill()
	_ = cmd.Wait()
	if said != "ready\n" || err != nil || killErr != nil {
		t.Fatalf("the process said %q, %v; kill: %v", said, err, killErr)
	}
}
