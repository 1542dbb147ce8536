//go:build integration && linux

package integration

import (
	"testing"

	"github.com/authctl/authctl/internal/integration/rig"
)

// TestKeyringLosesNoLoginOfProcessesThatAreKilled kills a process after each message that it sends while it refreshes,
// be it to the keyring or to the server: then the old token is stored or the new one, and the login serves. Which of the
// two is not known beforehand where the keyring was told to keep the new one and has not answered.
func TestKeyringLosesNoLoginOfProcessesThatAreKilled(t *testing.T) {
	t.Parallel()
	session, err := rig.StartSession(t.Context(), t.TempDir())
	if err != nil {
		t.Fatalf("no private keyring (apt-get install -y --no-install-recommends gnome-keyring dbus): %v", err)
	}
	t.Cleanup(session.Close)
	f := newFamily(t)
	f.life = 3600
	v := &victims{family: f, user: &user{dir: t.TempDir(), env: session.Environ()}}
	v.write(t, "storage: keyring\n"+f.profiles())
	f.login(t, v.user)
	old, sent, kept := 0, 0, 0
	for m, killed := v.killAtMessage(t, 1); killed; m, killed = v.killAtMessage(t, v.rounds+1) {
		switch {
		case m.kept:
			kept++
		case m.sent:
			sent++
		default:
			old++
		}
	}
	if old == 0 || sent == 0 || kept == 0 {
		t.Errorf("%d kills before the refresh was sent, %d before its token was kept, %d later", old, sent, kept)
	}
}

// killAtMessage kills a process that has sent n messages, and gives what had happened.
func (v *victims) killAtMessage(t *testing.T, n int) (m moment, killed bool) {
	t.Helper()
	stored := v.begin(t, moment{sent: true}) // the server is forgiving
	messages := 0
	killed = v.traced(t, func(c call) bool {
		m.sent = m.sent || c == call{"write server", true}
		if c == (call{"write bus", true}) || c == (call{"write server", true}) {
			messages++
		}
		return messages == n
	}, "token", "get", "--force-refresh")
	if !killed {
		return m, false
	}
	v.took(t, m.requests())
	m.kept = m.sent && v.run(t, "token", "get").token(t) != stored
	v.serves(t, m, stored, nil)
	return m, true
}
