//go:build integration && linux

package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// moment is where in a refresh a process is killed, and what must be true afterwards.
type moment struct {
	name   string
	at     call // the nth one
	nth    int
	locked bool // others wait for the process
	sent   bool // the server has taken the old refresh token
	kept   bool // the store has the new one
}

// moments are the steps of a refresh, in their order; those on the way to the server and back are [ambushes]. Each is hit
// exactly. Two steps are not here: half a file is written only where the machine itself stops, since no signal comes
// between a small write and its end, and of what a process does in its memory between two calls nothing is left. What
// is on the disk, not in the kernel's hands alone, matters to no kill, but to a loss of power, which nothing here tries.
func moments() []moment {
	const before, after = false, true
	return []moment{
		{"the record is read without a lock", call{"read record", after}, 1, false, false, false},
		{"the first of two locks is taken", call{"lock lock", after}, 1, true, false, false},
		{"both locks are taken", call{"lock lock", after}, 2, true, false, false},
		{"the record is read again", call{"read record", after}, 2, true, false, false},
		{"the probe has an empty temporary file", call{"open temporary", after}, 1, true, false, false},
		{"the probe is written", call{"write temporary", after}, 1, true, false, false},
		{"the probe is on the disk and not renamed", call{"rename temporary", before}, 1, true, false, false},
		{"the probe is renamed", call{"rename temporary", after}, 1, true, false, false},
		{"the store is known to be writable", call{"connect server", before}, 1, true, false, false},
		{"nothing is sent on the connection", call{"write server", before}, 1, true, false, false},
		{"the request is sent", call{"write server", after}, 1, true, true, false},
		{"the reply is read and nothing is stored", call{"open temporary", before}, 2, true, true, false},
		{"the new record has an empty temporary file", call{"open temporary", after}, 2, true, true, false},
		{"the new record is written", call{"write temporary", after}, 2, true, true, false},
		{"the new record is on the disk and not renamed", call{"rename temporary", before}, 2, true, true, false},
		{"the new record is renamed", call{"rename temporary", after}, 2, true, true, true},
		{"the new record's folder is on the disk", call{"fsync folder", after}, 2, true, true, true},
		{"one of two locks is released", call{"unlock lock", after}, 1, true, true, true},
		{"nothing is printed", call{"write answer", before}, 1, false, true, true},
	}
}

// TestRefreshThatIsKilledLosesNoLogin kills processes at each step of a refresh, before and after each call by which it
// touches the world, and at random moments. The login serves after each round, nobody logs in again, and no refresh
// token is sent twice but one whose answer died with the process. Only where that is so is the server of a named step a
// forgiving one: no client could save the login at another.
func TestRefreshThatIsKilledLosesNoLogin(t *testing.T) {
	f := newFamily(t)
	u := f.member(t)
	f.set(func() { f.life = 3600 })
	f.isAlive(t, u)
	v := &victims{family: f, user: u}
	for _, m := range moments() {
		v.step(t, m.name, func(t *testing.T) {
			for round := range 8 {
				v.killAt(t, m, m.locked && round%2 == 1)
			}
		})
	}
	v.step(t, "waiting for the lock of another", v.killWaiting)
	for name := range ambushes(nil, nil) {
		v.step(t, name, func(t *testing.T) {
			for round := range 10 {
				v.killByServer(t, name, round%2 == 1)
			}
		})
	}
	v.step(t, "before and after each call", v.killEverywhere)
	v.step(t, "three processes at random moments", v.killAnytime)
	v.step(t, "what was left behind is swept", v.swept)
	if t.Logf("%d rounds", v.rounds); v.rounds < 200 && !t.Failed() {
		t.Errorf("%d rounds are fewer than 200", v.rounds)
	}
}

// victims are the processes of one user that are killed.
type victims struct {
	*family
	*user
	rounds int
}

// step is a subtest. Once the login is lost, no further one could tell anything.
func (v *victims) step(t *testing.T, name string, run func(t *testing.T)) {
	t.Helper()
	if !t.Failed() {
		t.Run(name, run)
	}
}

// killAt kills one process at a moment, while another waits for it or with the next one to come.
func (v *victims) killAt(t *testing.T, m moment, another bool) {
	t.Helper()
	stored := v.begin(t, m)
	var other <-chan answer
	reached := 0
	killed := v.traced(t, func(c call) bool {
		if c == m.at {
			reached++
		}
		if reached < m.nth {
			return false
		}
		v.took(t, m.requests())
		if another {
			other = v.waiting(t)
		}
		return true
	}, "token", "get", "--force-refresh")
	if !killed {
		t.Fatalf("the process ended by itself; it came to %q %d times", m.at.name, reached)
	}
	v.serves(t, m, stored, other)
}

// killWaiting kills a process that waits for a lock. The test is who has it.
func (v *victims) killWaiting(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(v.dir, "run", "authctl", "*.lock"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%v: not one lock: %v", err, files)
	}
	for range 5 {
		held, err := os.Open(files[0])
		if err != nil {
			t.Fatal(err)
		}
		if err := syscall.Flock(int(held.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
			t.Fatal(err)
		}
		stored := v.begin(t, moment{})
		tries := 0
		killed := v.traced(t, func(c call) bool {
			if c.name == "lock lock" && c.done {
				tries++
			}
			return tries == 3
		}, "token", "get", "--force-refresh")
		_ = held.Close()
		if !killed {
			t.Fatal("the process did not wait")
		}
		v.serves(t, moment{}, stored, nil)
	}
}

// killEverywhere kills a process at the first call that it makes, the next one at the second, and so on. Reads of the
// reply are left out: they go on beside the writing of the request, and the ambushes are exact about them.
func (v *victims) killEverywhere(t *testing.T) {
	for n := 1; ; n++ {
		var m moment
		seen, renamed := 0, 0
		stored := v.begin(t, moment{sent: true}) // which one it will be is not known yet
		killed := v.traced(t, func(c call) bool {
			if c.name == "read server" {
				return false
			}
			seen++
			m.name = fmt.Sprintf("%v, call %d", c, n)
			m.sent = m.sent || c == call{"write server", true}
			if c == (call{"rename temporary", true}) {
				renamed++
			}
			m.kept = renamed == 2
			return seen == n
		}, "token", "get", "--force-refresh")
		if !killed {
			if n < 40 || !m.kept {
				t.Errorf("it ended by itself after %d calls", n)
			}
			return
		}
		v.serves(t, m, stored, nil)
	}
}
