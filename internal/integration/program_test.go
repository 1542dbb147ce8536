//go:build integration && linux

// Package integration runs the built program against servers that nobody here wrote: a certified OpenID provider, a
// real keyring daemon, curl. What a suite needs and does not find fails it: run.sh decides which suites can run.
package integration

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/integration/rig"
)

// TestMain builds the program once, unless AUTHCTL_BIN names one.
func TestMain(m *testing.M) {
	run := buildAndRun
	if os.Getenv("AUTHCTL_BIN") != "" {
		run = (*testing.M).Run
	}
	code := run(m)
	if err := writeMatrix(); err != nil {
		panic(err)
	}
	os.Exit(code)
}

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "authctl-integration")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	program := filepath.Join(dir, "authctl")
	if out, err := exec.Command("go", "build", "-buildvcs=false", "-o", program, "../../cmd/authctl").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%s%v\n", out, err)
		return 1
	}
	if err := os.Setenv("AUTHCTL_BIN", program); err != nil {
		panic(err)
	}
	return m.Run()
}

// user is somebody with a home, a profile file and nothing else.
type user struct {
	dir string
	env []string
}

// newUser gives a user whose tokens lie in sealed files.
func newUser(t *testing.T, profiles string) *user {
	t.Helper()
	dir := t.TempDir()
	u := &user{dir: dir, env: []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "XDG_RUNTIME_DIR=" + filepath.Join(dir, "run"),
		"AUTHCTL_STORAGE=file", "AUTHCTL_STORAGE_KEY=" + strings.Repeat("A", 43) + "=",
	}}
	if err := os.Mkdir(filepath.Join(dir, "run"), 0o700); err != nil {
		t.Fatal(err)
	}
	u.write(t, profiles)
	return u
}

// write replaces the user's profiles.yaml.
func (u *user) write(t *testing.T, profiles string) {
	t.Helper()
	file := filepath.Join(u.dir, "profiles.yaml")
	if err := os.WriteFile(file, []byte(profiles), 0o600); err != nil {
		t.Fatal(err)
	}
	u.env = append(u.env, "AUTHCTL_CONFIG="+file)
}

// command prepares the program with the user's environment.
func (u *user) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, os.Getenv("AUTHCTL_BIN"), args...)
	cmd.Env, cmd.Dir = u.env, u.dir
	return cmd
}

// answer is what one run said.
type answer struct {
	stdout, stderr string
	exit           int
	took           time.Duration
}

// run runs the program to its end.
func (u *user) run(t *testing.T, args ...string) answer {
	t.Helper()
	return finish(t, u.command(t.Context(), args...))
}

func finish(t *testing.T, cmd *exec.Cmd) answer {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	start := time.Now()
	err := cmd.Run()
	if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		t.Error(err)
	}
	return answer{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode(), time.Since(start)}
}

// together starts n runs at once and waits for all.
func (u *user) together(t *testing.T, n int, args ...string) []answer {
	t.Helper()
	answers := make(chan answer, n)
	for range n {
		go func() { answers <- finish(t, u.command(t.Context(), args...)) }()
	}
	all := make([]answer, 0, n)
	for range n {
		all = append(all, <-answers)
	}
	return all
}

// token is the one line of a run that must have given a token.
func (a answer) token(t *testing.T) string {
	t.Helper()
	token, rest, _ := strings.Cut(a.stdout, "\n")
	if a.exit != 0 || token == "" || rest != "" {
		t.Fatalf("exit %d, stdout %q, stderr:\n%s", a.exit, a.stdout, a.stderr)
	}
	return token
}

// oneToken holds that all runs gave one and the same token.
func oneToken(t *testing.T, answers []answer) {
	t.Helper()
	for _, a := range answers {
		if got, first := a.token(t), answers[0].token(t); got != first {
			t.Fatalf("two processes have two tokens: %q and %q", got, first)
		}
	}
}

// serve puts a handler behind TLS and gives its URL and the file of its authority.
func serve(t *testing.T, handler http.Handler) (url, caFile string) {
	t.Helper()
	caFile = filepath.Join(t.TempDir(), "ca.pem")
	certificate, err := rig.Certificate(caFile)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(handler)
	server.TLS = rig.ServerTLS(certificate)
	server.StartTLS()
	t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	return server.URL, caFile
}

// until waits for what another process does.
func until(t *testing.T, what string, happened func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !happened(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited 10 s in vain: %s", what)
		}
	}
}
