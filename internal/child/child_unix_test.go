//go:build unix

package child

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/authctl/authctl/internal/secret"
)

// script writes an executable file.
func script(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func sh(text string) *Command {
	return &Command{Path: "/bin/sh", Args: []string{"sh", "-c", text}, Env: os.Environ()}
}

func statusOf(t *testing.T, err error) int {
	t.Helper()
	e, ok := errors.AsType[*StartError](err)
	if !ok {
		t.Fatalf("%v is no StartError", err)
	}
	return e.Status
}

func TestAProgramInTheCurrentDirectoryIsNotFoundThroughPATH(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	script(t, "planted", "true")
	if err := os.Mkdir("bin", 0o700); err != nil {
		t.Fatal(err)
	}
	script(t, "bin/planted", "true")
	for _, path := range []string{".", "", ":/bin", "bin", "./bin"} {
		t.Setenv("PATH", path)
		if found, err := Find("planted"); err == nil {
			t.Errorf("PATH=%q finds %s", path, found)
		}
	}
	if _, err := Find("./planted"); err != nil {
		t.Errorf("a name with a slash: %v", err)
	}
	for _, path := range []string{dir, ".:" + dir, "bin:./bin::" + dir} {
		t.Setenv("PATH", path)
		if found, err := Find("planted"); err != nil || found != filepath.Join(dir, "planted") {
			t.Errorf("an absolute folder in PATH=%q: %s, %v", path, found, err)
		}
	}
	t.Setenv("GODEBUG", "execerrdot=0")
	t.Setenv("PATH", ".")
	if found, err := Find("planted"); statusOf(t, err) != NotExecutable {
		t.Errorf("GODEBUG makes it %s, %v", found, err)
	}
}

func TestAFileThatCannotRunDoesNotHideOneThatCan(t *testing.T) {
	first, second := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(first, "tool"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	want := script(t, filepath.Join(second, "tool"), "true")
	t.Setenv("PATH", first+":"+second)
	if found, err := Find("tool"); err != nil || found != want {
		t.Errorf("%s, %v", found, err)
	}
}

func TestWhatCannotRunHasTheStatusOfAShell(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	if err := os.WriteFile(filepath.Join(dir, "text"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]int{
		"none": NotFound, filepath.Join(dir, "none"): NotFound, filepath.Join(dir, "text"): NotExecutable, dir: NotExecutable,
	} {
		_, err := Find(name)
		if got := statusOf(t, err); got != want {
			t.Errorf("%s: %d, want %d (%v)", name, got, want, err)
		}
	}
	lost := script(t, filepath.Join(dir, "lost"), "true")
	if err := os.WriteFile(lost, []byte("#!/no/such/interpreter\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := (&Command{Path: lost, Args: []string{"lost"}}).Run(t.Context())
	if got := statusOf(t, err); got != NotFound {
		t.Errorf("no interpreter: %d", got)
	}
}

func TestTheStatusIsTheProgramsOwn(t *testing.T) {
	for text, want := range map[string]int{"exit 0": 0, "exit 7": 7, "exit 255": 255, "kill -KILL $$": 137, "kill -TERM $$": 143} {
		if got, err := sh(text).Run(t.Context()); got != want || err != nil {
			t.Errorf("%s: %d, %v", text, got, err)
		}
	}
}

func TestASignalIsPassedOnAndTheProgramDecides(t *testing.T) {
	c := sh(`trap 'echo got; exit 42' USR1; echo ready; while :; do sleep 0.02; done`)
	r, w := io.Pipe()
	c.Out = w
	go func() {
		lines := bufio.NewScanner(r)
		lines.Scan()
		_ = syscall.Kill(os.Getpid(), syscall.SIGUSR1)
		_, _ = io.Copy(io.Discard, r)
	}()
	if got, err := c.Run(t.Context()); got != 42 || err != nil {
		t.Errorf("%d, %v", got, err)
	}
}

func TestNothingStartsAfterTheEnd(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	file := filepath.Join(t.TempDir(), "started")
	if _, err := sh("touch " + file).Run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("it ran")
	}
}

func TestHandedTextsArriveWholeAndOnce(t *testing.T) {
	big := strings.Repeat("CANARY-0123456789abcdef\n", 50_000) // far more than a pipe holds
	h, err := Hand(secret.New(big), secret.New("second\n"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = h.Close() }()
	var out bytes.Buffer
	c := sh(`cat "$0"; cat "$1"; cat "$0"`)
	c.Args, c.Out, c.Handing = append(c.Args, h.Path(0), h.Path(1)), &out, h
	if status, err := c.Run(t.Context()); status != 0 || err != nil {
		t.Fatal(status, err)
	}
	if out.String() != big+"second\n" {
		t.Errorf("%d bytes arrived, want %d", out.Len(), len(big)+7)
	}
}

func TestAProgramThatDoesNotReadIsNotWaitedFor(t *testing.T) {
	h, err := Hand(secret.New(strings.Repeat("x", 1<<20)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = h.Close() }()
	c := sh("exit 3")
	c.Handing = h
	if status, err := c.Run(t.Context()); status != 3 || err != nil {
		t.Error(status, err)
	}
}

func TestOutputIsWhatTheProgramSays(t *testing.T) {
	if out, err := sh("echo said").Output(t.Context()); string(out) != "said\n" || err != nil {
		t.Errorf("%q, %v", out, err)
	}
}
