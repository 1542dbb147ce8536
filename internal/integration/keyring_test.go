//go:build integration && linux

package integration

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/integration/rig"
)

// desk is a user at a desktop: a session bus, an unlocked keyring, and a profile whose tokens go there.
type desk struct {
	*user
	session *rig.Session
	service *rig.Service
}

func newDesk(t *testing.T, firstTokenTakes time.Duration) *desk {
	t.Helper()
	t.Parallel()
	session, err := rig.StartSession(t.Context(), t.TempDir())
	if err != nil {
		t.Fatalf("no private keyring (apt-get install -y --no-install-recommends gnome-keyring dbus): %v", err)
	}
	t.Cleanup(session.Close)
	d := &desk{session: session, service: rig.NewService(firstTokenTakes)}
	url, caFile := serve(t, d.service)
	d.user = &user{dir: t.TempDir(), env: append(session.Environ(), "DESK_SECRET=s3cret-of-the-desk")}
	d.write(t, fmt.Sprintf(`storage: keyring
profiles:
  - name: desk
    provider: oauth2
    token_url: %[1]s/token
    base_url: %[1]s
    client_id: desk-client
    client_secret: env:DESK_SECRET
    tls: {ca_file: %[2]s}
`, url, caFile))
	return d
}

func (d *desk) asked(t *testing.T, want int) {
	t.Helper()
	if n := d.service.Asked(); n != want {
		t.Errorf("%d token requests, want %d", n, want)
	}
}

func TestKeyringServesTheNextProcess(t *testing.T) {
	d := newDesk(t, 0)
	token := d.run(t, "token", "get").token(t)
	got := d.run(t, "token", "get", "--format", "json")
	var reply struct {
		AccessToken string `json:"access_token"`
		Source      string
	}
	if err := json.Unmarshal([]byte(got.stdout), &reply); err != nil || reply.AccessToken != token || reply.Source != "cache" {
		t.Fatalf("%v: exit %d\n%s%s", err, got.exit, got.stdout, got.stderr)
	}
	if got := d.run(t, "call", "GET", "/small"); got.exit != 0 || !strings.Contains(got.stdout, `"things"`) {
		t.Errorf("exit %d\n%s%s", got.exit, got.stdout, got.stderr)
	}
	d.asked(t, 1)
	notOnDisk(t, token, filepath.Join(d.session.Dir(), "cache"), filepath.Join(d.session.Dir(), "run"), d.dir)
}

// notOnDisk holds that no file below the folders holds the text.
func notOnDisk(t *testing.T, text string, folders ...string) {
	t.Helper()
	for _, folder := range folders {
		err := filepath.WalkDir(folder, func(name string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.Type().IsRegular() {
				return err
			}
			data, err := os.ReadFile(name)
			if bytes.Contains(data, []byte(text)) {
				t.Errorf("%s holds the token", name)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}

func TestKeyringIsFilledByOneOf50ColdProcesses(t *testing.T) {
	d := newDesk(t, 0)
	oneToken(t, d.together(t, 50, "token", "get"))
	d.asked(t, 1)
}

func TestKeyringForgets(t *testing.T) {
	d := newDesk(t, 0)
	first := d.run(t, "token", "get").token(t)
	if got := d.run(t, "token", "forget"); got.exit != 0 {
		t.Fatalf("exit %d\n%s", got.exit, got.stderr)
	}
	if d.run(t, "token", "get").token(t) == first {
		t.Error("the forgotten token came back")
	}
	d.asked(t, 2)
}

func TestKeyringOutlivesAKilledLeader(t *testing.T) {
	d := newDesk(t, time.Minute)
	leader := d.command(t.Context(), "token", "get")
	if err := leader.Start(); err != nil {
		t.Fatal(err)
	}
	until(t, "the leader's token request", func() bool { return d.service.Asked() == 1 })
	done := make(chan []answer)
	go func() { done <- d.together(t, 10, "token", "get") }()
	time.Sleep(300 * time.Millisecond) // the followers come to the lock
	_ = leader.Process.Kill()
	_ = leader.Wait()
	oneToken(t, <-done)
	d.asked(t, 2)
}

func TestKeyringStoppedLeaderEndsTheOthersWithExit10(t *testing.T) {
	d := newDesk(t, 5*time.Second)
	leader := d.command(t.Context(), "token", "get")
	if err := leader.Start(); err != nil {
		t.Fatal(err)
	}
	until(t, "the leader's token request", func() bool { return d.service.Asked() == 1 })
	if err := leader.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	for _, got := range d.together(t, 3, "token", "get") {
		if got.exit != 10 || got.stdout != "" || got.took < 25*time.Second || got.took > 40*time.Second {
			t.Errorf("exit %d after %v, stdout %q, stderr:\n%s", got.exit, got.took, got.stdout, got.stderr)
		}
	}
	if err := leader.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	_ = leader.Wait() // with its token, or by the time-out of a request that lay there for 30 s
	if exit := leader.ProcessState.ExitCode(); exit != 0 && exit != 5 {
		t.Errorf("the leader ended with %d", exit)
	}
	d.run(t, "token", "get").token(t)
	if n := d.service.Asked(); n > 2 {
		t.Errorf("%d token requests", n)
	}
}

func TestKeyringThatCannotAnswerIsExit10Within3Seconds(t *testing.T) {
	for name, spoil := range map[string]func(*testing.T, *desk){
		"locked": func(t *testing.T, d *desk) {
			if err := d.session.Lock(t.Context()); err != nil {
				t.Fatal(err)
			}
		},
		"gone with its bus": func(_ *testing.T, d *desk) { d.session.StopBus() },
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, 0)
			d.run(t, "token", "get").token(t)
			spoil(t, d)
			got := d.run(t, "token", "get")
			if got.exit != 10 || got.stdout != "" || got.took > 3*time.Second || !strings.Contains(got.stderr, "hint") {
				t.Errorf("exit %d after %v, stdout %q, stderr:\n%s", got.exit, got.took, got.stdout, got.stderr)
			}
			d.asked(t, 1)
		})
	}
}
