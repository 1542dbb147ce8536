//go:build integration && linux

package integration

import (
	"bytes"
	"context"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// person acts on the address that a login shows: the one that a browser was sent to, or the one of a device code.
type person func(t *testing.T, s *idp, address string)

var (
	formTag   = regexp.MustCompile(`(?is)<form\b[^>]*>.*?</form>`)
	fieldTag  = regexp.MustCompile(`(?is)<(?:input|button)\b[^>]*>`)
	attribute = regexp.MustCompile(`(?i)\b(name|value|action|type)\s*=\s*"([^"]*)"`)
	allowLink = regexp.MustCompile(`location\.href='([^']*allow[^']*)'`)
)

// fillsForms is a person who logs in as alice and agrees to everything, page by page, until the pages are no longer
// the server's.
func fillsForms(password string) person {
	return func(t *testing.T, s *idp, address string) {
		t.Helper()
		client := s.client(t)
		client.Jar, _ = cookiejar.New(nil)
		next := func(res *http.Response, err error) (*url.URL, []byte) {
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = res.Body.Close() }()
			body, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
			if err != nil {
				t.Fatal(err)
			}
			return res.Request.URL, body
		}
		start, _ := url.Parse(address)
		at, page := next(client.Get(address))
		for range 12 {
			if at.Host != start.Host {
				return
			}
			if form := formTag.Find(page); form != nil {
				action, fields := fill(form, password)
				at, page = next(client.PostForm(resolve(at, action), fields))
			} else if link := allowLink.FindSubmatch(page); link != nil {
				at, page = next(client.Get(resolve(at, string(link[1]))))
			} else {
				return
			}
		}
		t.Fatalf("the pages of %s do not end; the last: %s", s.name, page)
	}
}

// fill gives where a form goes and what it says, with the first button pressed.
func fill(form []byte, password string) (action string, fields url.Values) {
	action = attributes(form[:bytes.IndexByte(form, '>')+1])["action"]
	fields = url.Values{}
	pressed := false
	for _, tag := range fieldTag.FindAll(form, -1) {
		a := attributes(tag)
		button := bytes.HasPrefix(bytes.ToLower(tag), []byte("<button")) || a["type"] == "submit"
		if button && pressed || a["name"] == "" {
			continue
		}
		pressed = pressed || button
		switch a["name"] {
		case "login", "username":
			a["value"] = "alice"
		case "password":
			a["value"] = password
		}
		fields.Set(a["name"], a["value"])
	}
	return action, fields
}

func attributes(tag []byte) map[string]string {
	found := map[string]string{}
	for _, match := range attribute.FindAllSubmatch(tag, -1) {
		found[strings.ToLower(string(match[1]))] = html.UnescapeString(string(match[2]))
	}
	return found
}

func resolve(base *url.URL, target string) string {
	u, err := base.Parse(target)
	if err != nil {
		return target
	}
	return u.String()
}

// opens logs in by a browser: $BROWSER is a shim that notes the address, and act does what the browser's user would do.
func (u *user) opens(t *testing.T, s *idp, act person, args ...string) answer {
	t.Helper()
	dir := t.TempDir()
	note, shim := filepath.Join(dir, "address"), filepath.Join(dir, "browser")
	script := "#!/bin/sh\nprintf '%s' \"$1\" > '" + note + ".new' && mv '" + note + ".new' '" + note + "'\n"
	if err := os.WriteFile(shim, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	return u.acts(t, "BROWSER="+shim, func(string) string {
		address, _ := os.ReadFile(note)
		return string(address)
	}, func(_ *os.Process, address string) { act(t, s, address) }, args...)
}

// reads logs in by what is printed: seen finds in it what act needs. The program stands still while the person acts, so
// that no poll falls between.
func (u *user) reads(t *testing.T, s *idp, seen func(printed string) string, act person, args ...string) answer {
	t.Helper()
	return u.acts(t, "BROWSER=false", seen, func(program *os.Process, address string) {
		_ = program.Signal(syscall.SIGSTOP)
		defer func() { _ = program.Signal(syscall.SIGCONT) }()
		act(t, s, address)
	}, args...)
}

// acts runs the program, waits until seen finds something in its stderr or elsewhere, and acts on it.
func (u *user) acts(t *testing.T, env string, seen func(string) string, act func(*os.Process, string), args ...string) answer {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := u.command(ctx, args...)
	cmd.Env = append(cmd.Env, env)
	var stdout, stderr shared
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	began := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	for found := ""; found == ""; {
		select {
		case <-ended:
			t.Fatalf("it ended with %d before a person could act:\n%s", cmd.ProcessState.ExitCode(), stderr.String())
		case <-time.After(10 * time.Millisecond):
			if found = seen(stderr.String()); found != "" {
				act(cmd.Process, found)
			}
		}
	}
	<-ended
	return answer{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode(), time.Since(began)}
}

// shared is a buffer that is read while a process writes to it.
type shared struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *shared) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *shared) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}
