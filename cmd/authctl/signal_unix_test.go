//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/authctl/authctl/internal/cli"
)

// GNU timeout tells a signal twice: to the program, then to its group. The second telling, unhandled, would end this
// test with a dump of its goroutines.
func TestSignalToldTwiceEndsOnce(t *testing.T) {
	ctx, _, stop := untilSignal(t.Context(), 0)
	defer stop()
	for range 2 {
		if err := syscall.Kill(syscall.Getpid(), syscall.SIGQUIT); err != nil {
			t.Fatal(err)
		}
		<-ctx.Done()
	}
	if s, ok := errors.AsType[cli.Signal](context.Cause(ctx)); !ok || s.Number != int(syscall.SIGQUIT) {
		t.Errorf("the context ended with %v", context.Cause(ctx))
	}
}

// A signal may come with the first byte that a server sees, long before the program would listen by itself.
func TestSignalAtTheFirstRequestEndsInOrder(t *testing.T) {
	asked := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // a client that is gone is noticed only behind the body
		asked <- struct{}{}
		<-r.Context().Done()
	}))
	defer server.Close()
	dir := t.TempDir()
	file := filepath.Join(dir, "profiles.yaml")
	text := fmt.Sprintf("storage: memory\nprofiles:\n  - {name: a, provider: oauth2, token_url: %[1]s, base_url: %[1]s, client_id: c, client_secret: s}\n", server.URL)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"token", "get"}, {"call", "/"}, {"call", "--no-auth", "/"}} {
		cmd := exec.CommandContext(t.Context(), "authctl", args...)
		cmd.Env = append(os.Environ(), "AUTHCTL_CONFIG="+file, "HOME="+dir, "XDG_RUNTIME_DIR="+dir)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		<-asked
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		if code := cmd.ProcessState.ExitCode(); code != 130 {
			t.Errorf("%q ended with %v", args, cmd.ProcessState)
		}
	}
}
