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
	"slices"
	"sync/atomic"
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
	env := aloneAt(t, server.URL)
	for _, args := range [][]string{{"token", "get"}, {"call", "/"}, {"call", "--no-auth", "/"}} {
		cmd := exec.CommandContext(t.Context(), "authctl", args...)
		cmd.Env = env
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

// A log that nobody reads any more stops nothing, an answer that nobody reads is given up, and in either case no file is
// left behind.
func TestAReaderThatHasGoneIsOutlived(t *testing.T) {
	var tokens atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/api":
			_, _ = io.WriteString(w, "answer")
		case tokens.Add(1)%2 == 1:
			_, _ = io.WriteString(w, `{"access_token":"t","token_type":"bearer","expires_in":2}`)
		default:
			w.WriteHeader(http.StatusBadRequest)
		}
	}))
	defer server.Close()
	env := aloneAt(t, server.URL)
	const log, answer = 2, 1
	for _, c := range []struct {
		gone, status int
		file         string
		args         []string
	}{
		{log, 0, "out", []string{"call", "-o", "out", "-v", "--no-auth", "/api"}},
		{answer, 141, "", []string{"call", "-o", "out", "-D", "-", "--no-auth", "/api"}},
		{log, 5, "done", []string{"exec", "--file", "F", "--refresh", "--", "sh", "-c", "exec 2>/dev/null; sleep 2; touch done; exit 5"}},
	} {
		cmd := exec.CommandContext(t.Context(), "authctl", c.args...)
		cmd.Dir = t.TempDir()
		cmd.Env = append(slices.Clone(env), "XDG_RUNTIME_DIR="+cmd.Dir)
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		_ = r.Close()
		if cmd.Stderr = w; c.gone == answer {
			cmd.Stdout, cmd.Stderr = w, nil
		}
		_ = cmd.Run()
		_ = w.Close()
		files, _ := filepath.Glob(filepath.Join(cmd.Dir, "*"))
		hidden, _ := filepath.Glob(filepath.Join(cmd.Dir, ".authctl*"))
		files = slices.DeleteFunc(append(files, hidden...), func(f string) bool { return filepath.Base(f) == "authctl" }) // the locks
		if cmd.ProcessState.ExitCode() != c.status || len(files) > 1 || c.file != "" && !slices.Contains(files, filepath.Join(cmd.Dir, c.file)) {
			t.Errorf("%q ended with %v and leaves %q", c.args, cmd.ProcessState, files)
		}
	}
}

// aloneAt is an environment with one profile, of that server.
func aloneAt(t *testing.T, url string) []string {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "profiles.yaml")
	text := fmt.Sprintf("storage: memory\nprofiles:\n  - {name: a, provider: oauth2, token_url: %[1]s, base_url: %[1]s, client_id: c, client_secret: s}\n", url)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return append(os.Environ(), "AUTHCTL_CONFIG="+file, "HOME="+dir, "XDG_RUNTIME_DIR="+dir)
}
