//go:build unix

package browser_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/browser"
	"github.com/authctl/authctl/internal/fault"
)

const page = "https://idp.example.com/authorize?client_id=a&state=b%20c"

// recorder puts a program called name into the one folder of PATH. It says through a pipe what it was called with.
type recorder struct {
	dir  string
	pipe *os.File
}

func newRecorder(t *testing.T) *recorder {
	t.Helper()
	r := &recorder{dir: t.TempDir()}
	name := filepath.Join(r.dir, "pipe")
	if err := syscall.Mkfifo(name, 0o600); err != nil {
		t.Fatal(err)
	}
	pipe, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pipe.Close() })
	r.pipe = pipe
	t.Setenv("PATH", r.dir)
	return r
}

// program makes an executable that writes its name, arguments and AUTHCTL_ variables, one a line, then END.
func (r *recorder) program(t *testing.T, name string) {
	t.Helper()
	script := "#!/bin/sh\n{ printf '%s\\n' \"${0##*/}\" \"$@\"; env | grep ^AUTHCTL_; echo END; } >" + filepath.Join(r.dir, "pipe") + "\n"
	script = strings.ReplaceAll(script, "env | grep", "/usr/bin/env | /bin/grep")
	if err := os.WriteFile(filepath.Join(r.dir, name), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
}

// called is what a program was called with.
func (r *recorder) called(t *testing.T) []string {
	t.Helper()
	_ = r.pipe.SetReadDeadline(time.Now().Add(10 * time.Second))
	var text string
	for !strings.HasSuffix(text, "END\n") {
		chunk := make([]byte, 4096)
		n, err := r.pipe.Read(chunk)
		if err != nil {
			t.Fatalf("no program was run: %v (after %q)", err, text)
		}
		text += string(chunk[:n])
	}
	return strings.Split(strings.TrimSuffix(text, "\nEND\n"), "\n")
}

func TestTheUsersCommandGetsTheAddressWhereItSays(t *testing.T) {
	for name, c := range map[string]struct {
		command string
		want    []string
	}{
		"appended":      {"firefox", []string{"firefox", page}},
		"after options": {`firefox --profile "my own" --`, []string{"firefox", "--profile", "my own", "--", page}},
		"placed":        {`firefox '--url=%s' -new`, []string{"firefox", "--url=" + page, "-new"}},
		"placed twice":  {"firefox %s %s", []string{"firefox", page, page}},
		"no expansion":  {"firefox $HOME '`id`' \\$x", []string{"firefox", "$HOME", "`id`", "$x", page}},
		"no comment":    {"firefox #x", []string{"firefox", "#x", page}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRecorder(t)
			r.program(t, "firefox")
			b := &browser.Browser{Command: c.command, Platform: "linux", Environ: []string{"AUTHCTL_STORAGE_KEY=CANARY"}}
			if err := b.Open(t.Context(), page); err != nil {
				t.Fatal(err)
			}
			if got := r.called(t); !slices.Equal(got, c.want) {
				t.Errorf("called with %q, want %q", got, c.want)
			}
		})
	}
}

func TestThePlatformsOwnOpenerIsTheFirstThatExists(t *testing.T) {
	for name, c := range map[string]struct {
		platform  string
		installed []string
		want      []string
	}{
		"linux":    {"linux", []string{"xdg-open", "gio"}, []string{"xdg-open", page}},
		"gnome":    {"linux", []string{"gio"}, []string{"gio", "open", page}},
		"wsl":      {"linux", []string{"wslview", "xdg-open"}, []string{"wslview", page}},
		"mac":      {"darwin", []string{"open", "xdg-open"}, []string{"open", page}},
		"windows":  {"windows", []string{"rundll32"}, []string{"rundll32", "url.dll,FileProtocolHandler", page}},
		"any unix": {"freebsd", []string{"xdg-open"}, []string{"xdg-open", page}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRecorder(t)
			for _, program := range c.installed {
				r.program(t, program)
			}
			if err := (&browser.Browser{Platform: c.platform, Command: " "}).Open(t.Context(), page); err != nil {
				t.Fatal(err)
			}
			if got := r.called(t); !slices.Equal(got, c.want) {
				t.Errorf("called with %q, want %q", got, c.want)
			}
		})
	}
}

// A shell of the user's own in $BROWSER would obey these, and so do the scripts that some openers are.
func TestNoCharacterOfAnAddressMeansAnythingToAShell(t *testing.T) {
	r := newRecorder(t)
	r.program(t, "firefox")
	b := &browser.Browser{Command: `/bin/sh -c 'firefox "%s"'`, Platform: "linux", Environ: os.Environ()}
	if err := b.Open(t.Context(), "https://idp.example.com/a;$(touch${IFS}x)`id`'\"|<>*!?q=$HOME'(x)\\&r={}^"); err != nil {
		t.Fatal(err)
	}
	got := r.called(t)
	want := "https://idp.example.com/a%3B%24%28touch%24%7BIFS%7Dx%29%60id%60%27%22%7C%3C%3E%2A%21?q=%24HOME%27%28x%29%5C&r=%7B%7D%5E"
	if !slices.Equal(got, []string{"firefox", want}) {
		t.Errorf("called with %q, want %q", got, want)
	}
}

func TestOnlyWebPagesAreOpened(t *testing.T) {
	r := newRecorder(t)
	r.program(t, "firefox")
	b := &browser.Browser{Command: "firefox", Platform: "linux"}
	for _, address := range []string{
		"", "javascript:alert(1)", "file:///etc/passwd", "vscode://x", "ftp://example.com", "data:text/html,x", "-version",
		"--help", "https:", "https:///x", "https:example.com", "//example.com", "example.com", "http://example.com/", "http://127.0.0.1.example.com/",
		"https://user:pass@example.com/", "https://example.com/a b", "https://example.com/\n--x", "https://example.com/\x1b]0;x\x07", "https://example.com/\x00",
		"https://exa mple.com/", "HTTP://example.com", "https://[::1", "https://example.com:0/",
	} {
		if err := b.Open(t.Context(), address); !fault.Is(err, fault.Policy) {
			t.Errorf("%q: %v", address, err)
		}
	}
	for _, address := range []string{"http://127.0.0.1:1234/authorize", "http://localhost/", "http://[::1]:80/"} {
		if err := b.Open(t.Context(), address); err != nil {
			t.Errorf("%q: %v", address, err)
		}
		r.called(t)
	}
}

func TestABrowserThatCannotBeStartedSaysWhatToType(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	for command, kind := range map[string]fault.Kind{
		"": fault.IO, "absent": fault.IO, "/absent/firefox %s": fault.IO, "firefox 'x": fault.Config, "firefox; rm x": fault.Config,
		"firefox | cat": fault.Config, "''": fault.Config,
	} {
		err := (&browser.Browser{Command: command, Platform: "linux"}).Open(t.Context(), page)
		if !fault.Is(err, kind) || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "idp.example.com") {
			t.Errorf("%q: %v", command, err)
		}
	}
}

func TestNothingIsRunFromTheCurrentDirectory(t *testing.T) {
	r := newRecorder(t)
	r.program(t, "firefox")
	t.Chdir(r.dir)
	t.Setenv("PATH", ".")
	if err := (&browser.Browser{Command: "firefox", Platform: "linux"}).Open(t.Context(), page); !fault.Is(err, fault.IO) {
		t.Errorf("%v", err)
	}
}

// The browser waits for the test here, and the test would wait for the browser if Open did.
func TestABrowserIsNotWaitedForAndOutlivesTheLogin(t *testing.T) {
	r := newRecorder(t)
	r.program(t, "firefox")
	gate := filepath.Join(r.dir, "gate")
	if err := syscall.Mkfifo(gate, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	b := &browser.Browser{Command: `/bin/sh -c 'read x <` + gate + `; firefox "%s"'`, Platform: "linux", Environ: os.Environ()}
	if err := b.Open(ctx, page); err != nil {
		t.Fatal(err)
	}
	cancel()
	open, err := os.OpenFile(gate, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	if _, err := open.WriteString("go\n"); err != nil {
		t.Fatal(err)
	}
	if got := r.called(t); !slices.Equal(got, []string{"firefox", page}) {
		t.Errorf("called with %q", got)
	}
}
