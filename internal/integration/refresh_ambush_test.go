//go:build integration && linux

package integration

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// ambushes are the steps between a request and its reply, by what the server does when it has got there.
func ambushes(kill, stop func()) map[string]ambush {
	return map[string]ambush{
		"the request has arrived and is lost":   {"arrived", func(http.ResponseWriter, string) { kill() }},
		"the request is taken and not answered": {"taken", func(http.ResponseWriter, string) { kill() }},
		// Whether the process has read the half is its own affair: the other half is never sent.
		"half of the reply is sent": {"answer", func(w http.ResponseWriter, text string) {
			w.Header().Set("Content-Length", strconv.Itoa(len(text)))
			send(w, text[:len(text)/2])
			kill()
		}},
		"the whole reply is sent and not read": {"answer", func(w http.ResponseWriter, text string) {
			stop()
			send(w, text)
			kill()
		}},
	}
}

func send(w http.ResponseWriter, text string) {
	_, _ = io.WriteString(w, text)
	_ = http.NewResponseController(w).Flush()
}

// killByServer has the server kill the process that asks it.
func (v *victims) killByServer(t *testing.T, name string, another bool) {
	t.Helper()
	cmd := v.command(t.Context(), "token", "get", "--force-refresh")
	var other <-chan answer
	started, struck := make(chan struct{}), make(chan struct{})
	kill := func() {
		defer close(struck)
		<-started
		if another {
			other = v.waiting(t)
		}
		_ = cmd.Process.Kill()
	}
	stop := func() {
		<-started
		_ = cmd.Process.Signal(syscall.SIGSTOP)
		until(t, "the process stands still", func() bool { return strings.Contains(v.status(cmd.Process.Pid), "State:\tT") })
	}
	a := ambushes(kill, stop)[name]
	m := moment{sent: a.step != "arrived"}
	stored := v.begin(t, m)
	v.set(func() { v.ambush = &a })
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	close(started)
	_ = cmd.Wait()
	<-struck
	if cmd.ProcessState.Exited() {
		t.Fatalf("the process ended by itself: %v", cmd.ProcessState)
	}
	v.serves(t, m, stored, other)
}

func (*victims) status(pid int) string {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	return string(text)
}
