//go:build integration && linux

package integration

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// isAlive holds that the login still serves, and that nothing was sent twice.
func (f *family) isAlive(t *testing.T, u *user) {
	t.Helper()
	u.run(t, "token", "get", "--force-refresh").token(t)
	if _, ended := f.counts(); ended != 0 {
		t.Errorf("%d logins were ended by a refresh token that was sent twice", ended)
	}
}

// TestRefreshIsMadeOnceByTwentyProcesses lets them all find the same stale token at once.
func TestRefreshIsMadeOnceByTwentyProcesses(t *testing.T) {
	f := newFamily(t)
	u := f.member(t)
	f.set(func() { f.life, f.takes = 3600, 100*time.Millisecond })
	for round := range 3 {
		answers := u.together(t, 20, "token", "get", "--min-ttl", []string{"10m", "20m", "30m"}[round])
		oneToken(t, answers)
		if asked, ended := f.counts(); ended != 0 || (round == 0) != (asked == 1) || asked > 1 {
			t.Errorf("round %d: %d refreshes, %d logins ended", round, asked, ended)
		}
	}
	f.isAlive(t, u)
}

// TestRefreshIsMadeOnceForTwentyRefusedCalls has an API refuse the token that all of them have.
func TestRefreshIsMadeOnceForTwentyRefusedCalls(t *testing.T) {
	f := newFamily(t)
	f.life = 3600
	u := f.member(t)
	f.set(func() { f.newest, f.takes = "another", 100*time.Millisecond })
	for _, a := range u.together(t, 20, "call", "/thing") {
		if a.exit != 0 || a.stdout != "thing\n" {
			t.Errorf("exit %d, stdout %q\n%s", a.exit, a.stdout, a.stderr)
		}
	}
	if asked, ended := f.counts(); asked != 1 || ended != 0 {
		t.Errorf("%d refreshes, %d logins ended", asked, ended)
	}
	f.isAlive(t, u)
}

// TestRefreshIsMadeOnceWhereverTheProcessesWereStarted has them in a desktop's session, which has a runtime folder, and
// in a job of cron, which has none: they share the token and must share its lock.
func TestRefreshIsMadeOnceWhereverTheProcessesWereStarted(t *testing.T) {
	f := newFamily(t)
	u := f.member(t)
	job := *u
	job.env = slices.DeleteFunc(slices.Clone(u.env), func(v string) bool { return strings.HasPrefix(v, "XDG_RUNTIME_DIR=") })
	f.set(func() { f.life, f.takes = 3600, 300*time.Millisecond })
	var wg sync.WaitGroup
	both := make([][]answer, 2)
	for i, who := range []*user{u, &job} {
		wg.Go(func() { both[i] = who.together(t, 10, "token", "get") })
	}
	wg.Wait()
	oneToken(t, append(both[0], both[1]...))
	if asked, ended := f.counts(); asked != 1 || ended != 0 {
		t.Errorf("%d refreshes, %d logins ended", asked, ended)
	}
	f.isAlive(t, u)
}

// TestRefreshThatIsRefusedTakesTheNewerLogin has a person log in while a refresh of the old login is under way, which
// the server then refuses: the new login serves, and is not thrown away.
func TestRefreshThatIsRefusedTakesTheNewerLogin(t *testing.T) {
	f := newFamily(t)
	u := f.member(t)
	var once sync.Once
	f.set(func() {
		f.life = 3600
		clear(f.alive) // the old login was ended elsewhere
		f.between = func() {
			once.Do(func() {
				cmd := u.command(t.Context(), "login", "--no-browser")
				cmd.Stdin = strings.NewReader("the-code\n")
				if err := cmd.Start(); err != nil {
					t.Error(err)
					return
				}
				t.Cleanup(func() { _ = cmd.Wait() })
				until(t, "the new login is given", func() bool {
					f.mu.Lock()
					defer f.mu.Unlock()
					return f.logins == 2
				})
			})
		}
	})
	a := u.run(t, "token", "get")
	if asked, _ := f.counts(); asked != 1 || a.exit != 0 && a.exit != 4 {
		t.Errorf("exit %d after %d refreshes\n%s", a.exit, asked, a.stderr)
	}
	// Whether or not the login was kept before the refusal came, it is what serves now.
	until(t, "the new login serves", func() bool { return u.run(t, "token", "get").exit == 0 })
	f.isAlive(t, u)
}
