//go:build unix

package secret_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/secret"
)

// script writes an executable into the folder of profiles.yaml.
func script(t *testing.T, r *secret.Resolver, name, text string) {
	t.Helper()
	if err := os.Chmod(put(t, r.Dir, name, "#!/bin/sh\n"+text+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
}

func TestACommandPrintsTheSecret(t *testing.T) {
	r := resolver(t)
	r.Environ = []string{"PATH=/usr/bin:/bin", "KEPT=yes", "AUTHCTL_STORAGE_KEY=" + planted}
	script(t, r, "show", `printf '%s' "$*"; printf '\n'`)
	for line, want := range map[string]string{
		"printf " + planted:                     planted,
		`printf '%s' "a  b"`:                    "a  b",
		"./show x $HOME '`id`'":                 "x $HOME `id`",
		`./show "pa\ss" "a\nb" "^a\.b$"`:        `pa\ss a\nb ^a\.b$`,
		"echo a '| b; c' \"> d\"":               "a | b; c > d",
		`sh -c 'printf %s "$KEPT"'`:             "yes",
		`sh -c 'echo "[$AUTHCTL_STORAGE_KEY]"'`: "[]",
		`sh -c 'cat; echo nothing on stdin'`:    "nothing on stdin",
	} {
		if got, err := resolve(t, r, "command:"+line); got != want || err != nil {
			t.Errorf("%s: %q, %v", line, got, err)
		}
	}
}

func TestACommandThatFailsSaysWhyWithoutTheSecret(t *testing.T) {
	r := resolver(t)
	r.Environ = []string{"PATH=/usr/bin:/bin"}
	put(t, r.Dir, "plain", "no program")
	for line, want := range map[string]string{
		"false":                          "client_secret of profile x from command:false: the command ended with exit status 1",
		"sh -c 'echo oh no >&2; exit 3'": "the command ended with exit status 3: oh no",
		"sh -c 'x=PLANTED; x=$x-hunter2; echo $x; echo got $x >&2; exit 1'": "exit status 1: got [redacted]",
		`sh -c 'printf "a\033[31mb\n\nc" >&2; exit 1'`:                      "exit status 1: a [31mb  c",
		"sh -c 'kill -9 $$'":   "the command ended with signal: killed",
		"no-such-program-here": "the program cannot be run: executable file not found",
		"./none":               "the program cannot be run: no such file",
		"./plain":              "the program cannot be run: permission denied",
		"true":                 "the value is empty",
		"yes":                  "the command printed more than 65536 bytes",
		"printf ' x'":          "the value has a blank or a newline around it",
	} {
		_, err := resolve(t, r, "command:"+line)
		if got := unresolved(t, err, fault.Config); !strings.Contains(got, want) {
			t.Errorf("%s: %s", line, got)
		}
	}
	_, err := resolve(t, r, `command:sh -c 'yes no >&2 & sleep 0.2; kill $!; exit 1'`)
	if got := unresolved(t, err, fault.Config); len(got) > 800 {
		t.Errorf("%d characters are shown", len(got))
	}
}

func TestACommandEndsWithAllThatItStarted(t *testing.T) {
	r := resolver(t)
	r.Environ = []string{"PATH=/usr/bin:/bin"}
	r.Timeout = 200 * time.Millisecond
	mark := filepath.Join(r.Dir, "mark")
	script(t, r, "spawn", `(sleep 0.6; : > "`+mark+`") & sleep 30`)
	start := time.Now()
	_, err := resolve(t, r, "command:./spawn")
	if got := unresolved(t, err, fault.Config); !strings.Contains(got, "took longer than 200ms") || time.Since(start) > 5*time.Second {
		t.Errorf("%s after %s", got, time.Since(start))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	r.Timeout = time.Minute
	ref := secret.Ref{Scheme: secret.Command, Arg: secret.New("./spawn")}
	if _, err := r.Resolve(ctx, ref, "x"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	time.Sleep(800 * time.Millisecond)
	if _, err := os.Stat(mark); err == nil {
		t.Error("a child of the command outlived it")
	}
}

func TestADaemonThatACommandLeavesBehindIsNotWaitedFor(t *testing.T) {
	r := resolver(t)
	r.Environ = []string{"PATH=/usr/bin:/bin"}
	start := time.Now()
	got, err := resolve(t, r, "command:sh -c 'sleep 4 & echo "+planted+"'")
	if took := time.Since(start); got != planted || err != nil || took > 3*time.Second {
		t.Errorf("%q, %v after %s", got, err, took)
	}
}
