//go:build integration && linux

package integration

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// requests is how many refreshes the server has taken from who dies at the moment.
func (m moment) requests() int {
	if m.sent {
		return 1
	}
	return 0
}

// begin starts a round, at a server as strict as the moment lets it be, and gives the token that is stored.
func (v *victims) begin(t *testing.T, m moment) string {
	t.Helper()
	v.rounds++
	stored := v.run(t, "token", "get").token(t)
	v.set(func() { v.asked, v.forgiven, v.forgiving = 0, 0, m.sent && !m.kept })
	return stored
}

// took waits until the server has taken the requests that were sent to it.
func (v *victims) took(t *testing.T, n int) {
	t.Helper()
	until(t, fmt.Sprintf("%d refreshes", n), func() bool {
		v.mu.Lock()
		defer v.mu.Unlock()
		return v.asked >= n
	})
}

// serves holds what must be true once a process was killed: whoever waited for it has a token, the next one finds the
// stored one without any request, and can replace it by one request.
func (v *victims) serves(t *testing.T, m moment, stored string, other <-chan answer) {
	t.Helper()
	requests := m.requests()
	v.took(t, requests)
	if m.kept {
		stored = v.latest()
	}
	if other != nil {
		stored = (<-other).token(t)
		requests++
	}
	if got := v.run(t, "token", "get").token(t); got != stored {
		t.Errorf("%s: the stored token is %q, want %q", m.name, got, stored)
	}
	v.holds(t, m, requests)
	if got := v.run(t, "token", "get", "--force-refresh").token(t); got != v.latest() {
		t.Errorf("%s: the new token is %q, want %q", m.name, got, v.latest())
	}
	v.holds(t, m, requests+1)
	v.mu.Lock()
	defer v.mu.Unlock()
	if spent := m.sent && !m.kept; spent != (v.forgiven == 1) || v.forgiven > 1 {
		t.Errorf("%s: %d refresh tokens were sent again", m.name, v.forgiven)
	}
}

// latest is the access token that the server gave last.
func (v *victims) latest() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.newest
}

// holds compares the counts of the round.
func (v *victims) holds(t *testing.T, m moment, requests int) {
	t.Helper()
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.asked != requests || v.ended != 0 || v.logins != 1 {
		t.Errorf("%s: %d refreshes, want %d; %d logins, %d ended", m.name, v.asked, requests, v.logins, v.ended)
	}
}

// waiting starts one more refresh, and returns when it has come to the lock, which nobody else opens meanwhile.
func (v *victims) waiting(t *testing.T) <-chan answer {
	t.Helper()
	watch, err := syscall.InotifyInit1(syscall.IN_NONBLOCK | syscall.IN_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = syscall.Close(watch) }()
	if _, err := syscall.InotifyAddWatch(watch, filepath.Join(v.dir, "run", "authctl"), syscall.IN_OPEN); err != nil {
		t.Fatal(err)
	}
	answers := make(chan answer, 1)
	go func() { answers <- finish(t, v.command(t.Context(), "token", "get", "--force-refresh")) }()
	until(t, "another process comes to the lock", func() bool {
		events := make([]byte, 4096)
		n, _ := syscall.Read(watch, events)
		return bytes.Contains(events[:max(n, 0)], []byte(".lock"))
	})
	return answers
}

// swept holds that killed processes leave one temporary file each at the most, and none for good.
func (v *victims) swept(t *testing.T) {
	folder := filepath.Join(v.dir, ".cache", "authctl", "v1")
	files, err := os.ReadDir(folder)
	if err != nil || len(files) < 3 {
		t.Fatalf("%v: only %v were left", err, files)
	}
	old := time.Now().Add(-31 * 24 * time.Hour)
	for _, file := range files {
		if strings.HasSuffix(file.Name(), ".tok") {
			continue
		}
		if err := os.Chtimes(filepath.Join(folder, file.Name()), old, old); err != nil {
			t.Fatal(err)
		}
	}
	v.isAlive(t, v.user)
	left, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil || len(left) != 2 || filepath.Base(left[0]) != ".swept" || !strings.HasSuffix(left[1], ".tok") {
		t.Errorf("%v: %d files after %v", err, len(left), left)
	}
	if spare, _ := filepath.Glob(filepath.Join(v.dir, "run", "authctl", "spare", "*", "*")); len(spare) != 0 {
		t.Errorf("in the spare place lies %v", spare)
	}
}
