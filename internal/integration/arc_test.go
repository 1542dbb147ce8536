//go:build integration && linux

package integration

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestArcOfTheSandboxGivesATokenForItsKey(t *testing.T) {
	m := newArcMachine(t)
	script, err := filepath.Abs("testdata/arc.sh")
	if err != nil {
		t.Fatal(err)
	}
	got := m.run(t, "sandbox", "--", "sh", script, os.Getenv("AUTHCTL_BIN"))
	got.says(t, 0, `one token
2 token requests, 0 calls
azure
managed_identity
system
2 token requests, 1 calls
a new token
4 token requests, 1 calls
exit 3
exit 4
6 token requests, 1 calls
`)
	for _, line := range []string{
		"azure-identity: Azure Arc has no identity but the machine's own\nauthctl: hint: managed_identity: system\n",
		"HTTP 401 Unauthorized: unauthorized_client: Invalid Basic Authorization header\nauthctl: hint: Azure Arc refuses this caller",
	} {
		if !strings.Contains(got.stderr, line) {
			t.Errorf("stderr lacks %q:\n%s", line, got.stderr)
		}
	}
}

func TestArcShowsTheKeyToTheAgentAlone(t *testing.T) {
	m := newArcMachine(t)
	var seen []string
	url, ca := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.Header.Get("Authorization"))
		if len(seen) == 1 {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = fmt.Fprint(w, "secret of the vault")
	}))
	m.user.write(t, machineProfile(url, ca))
	m.user.env = append(m.user.env, "HTTP_PROXY=http://127.0.0.1:1", "http_proxy=http://127.0.0.1:1")
	m.run(t, "call", "GET", "/secrets", "-p", "vault", "-vv").says(t, 0, "secret of the vault")
	m.asked(t, "", "Basic "+arcProof, "", "Basic "+arcProof) // the API's 401 renews the token once
	if got := strings.Join(seen, ", "); got != "Bearer token-1, Bearer token-2" {
		t.Errorf("the API was shown %s", got)
	}
	m.run(t, "token", "get", "-p", "vault").says(t, 0, "token-2\n")
	m.asked(t, "", "Basic "+arcProof, "", "Basic "+arcProof)
}

func TestArcHasNoOtherFileSent(t *testing.T) {
	const none, policy = "", "7 authctl: error: vault: Azure Arc: the agent's "
	for name, c := range map[string]struct {
		realm string // after Basic realm=; none: the key file that the folder has
		file  func(m *arcMachine, path string) error
		want  string // the exit code and the beginning of stderr
	}{
		"outside":         {"/etc/hostname", nil, policy + "401 names a file"},
		"a key outside":   {"/var/opt/other/a.key", nil, policy + "401 names a file"},
		"climbing":        {arcFolder + "../../other/a.key", nil, policy + "401 names a file"},
		"another ending":  {arcFolder + "a.txt", nil, policy + "401 names a file"},
		"a link":          {none, linkFile, policy + "key file is not read: it is a link"},
		"a link inside":   {none, linkInside, policy + "key file is not read: it is a link"},
		"a linked folder": {none, linkFolder, policy + "key file is not read: it is a link"},
		"a folder":        {none, func(_ *arcMachine, path string) error { return os.Mkdir(path, 0o700) }, policy + "key file is not read"},
		"a pipe":          {none, func(_ *arcMachine, path string) error { return syscall.Mkfifo(path, 0o600) }, policy + "key file is not read"},
		"4097 bytes":      {none, holding(strings.Repeat("k", 4097)), policy + "key file is not read"},
		"an empty file":   {none, holding(""), policy + "key file holds no key"},
		"another header":  {none, holding("k\r\nX-Injected: CANARY"), policy + "key file holds no key"},
		"no file":         {none, func(*arcMachine, string) error { return nil }, "3 authctl: error: vault: Azure Arc: lstat " + arcFolder + "a.key: no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			m := newArcMachine(t)
			if c.realm != none {
				m.realm = "Basic realm=" + c.realm
			} else {
				path := filepath.Join(m.folder(), "a.key")
				if err := os.Remove(path); err != nil {
					t.Fatal(err)
				}
				if err := c.file(m, path); err != nil {
					t.Fatal(err)
				}
			}
			m.refused(t, c.want)
			m.asked(t, "")
		})
	}
}

func TestArcTakesAFileOf4096Bytes(t *testing.T) {
	m := newArcMachine(t)
	m.write(t, "a.key", strings.Repeat("k", 4096)) // which is shown to the agent, and is not what it wants
	m.run(t, "token", "get", "-p", "vault").says(t, 4, "")
	m.asked(t, "", "Basic "+strings.Repeat("k", 4096))
}

// What root has put elsewhere is the agent's all the same: /var/opt belongs to root alone.
func TestArcsFolderMayLieOnAnotherDisk(t *testing.T) {
	m := newArcMachine(t)
	agents := filepath.Join(m.varOpt, "azcmagent")
	if err := os.Rename(agents, filepath.Join(m.varOpt, "disk")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("disk", agents); err != nil {
		t.Fatal(err)
	}
	m.run(t, "token", "get", "-p", "vault").says(t, 0, "token-1\n")
	m.asked(t, "", "Basic "+arcProof)
}

func TestArcSaysWhoMayReadTheKey(t *testing.T) {
	m := newArcMachine(t)
	if err := os.Chmod(filepath.Join(m.folder(), "a.key"), 0); err != nil {
		t.Fatal(err)
	}
	// root reads it all the same, but for a root without capabilities.
	const plain = `setpriv --bounding-set -all true 2>/dev/null && exec setpriv --bounding-set -all "$@"; exec "$@"`
	got := m.within(t, "sh", "-c", plain, "sh", os.Getenv("AUTHCTL_BIN"), "token", "get", "-p", "vault")
	got.says(t, 3, "")
	want := "Azure Arc: open " + arcFolder + "a.key: permission denied\nauthctl: hint: the group himds may read it: sudo usermod -aG himds $USER, "
	if !strings.Contains(got.stderr, want) {
		t.Errorf("stderr:\n%s", got.stderr)
	}
	m.asked(t, "")
}

func TestArcIsNotAskedAThirdTime(t *testing.T) {
	m := newArcMachine(t)
	m.refuses = true
	got := m.run(t, "token", "get", "-p", "vault")
	got.says(t, 4, "")
	if !strings.Contains(got.stderr, "HTTP 401 Unauthorized") || !strings.Contains(got.stderr, "\nauthctl: hint: Azure Arc refuses this caller") {
		t.Errorf("stderr:\n%s", got.stderr)
	}
	m.asked(t, "", "Basic "+arcProof)
}

func TestArcsChallengeNamesAFile(t *testing.T) {
	for name, realm := range map[string]string{
		"no challenge": "", "no realm": "Basic", "another scheme": "Bearer realm=" + arcFolder + "a.key",
	} {
		t.Run(name, func(t *testing.T) {
			m := newArcMachine(t)
			m.realm = realm
			m.refused(t, "9 authctl: error: vault: Azure Arc: the agent's 401 does not name the file of its challenge\n")
			m.asked(t, "")
		})
	}
}

func TestArcsAgentIsOnThisMachine(t *testing.T) {
	for _, address := range []string{"http://169.254.1.1:40342/t", "http://10.0.0.1/t", "https://agent.example.com/t", "http://127.0.0.1.example.com/t"} {
		t.Run(address, func(t *testing.T) {
			m := newArcMachine(t)
			m.user.env = append(m.user.env, "IDENTITY_ENDPOINT="+address)
			m.refused(t, "7 authctl: error: vault: Azure Arc: IDENTITY_ENDPOINT of an Azure Arc machine must be a loopback address\n")
			m.asked(t)
		})
	}
}
