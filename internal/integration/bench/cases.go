//go:build unix

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/authctl/authctl/internal/integration/rig"
)

const (
	transferBytes = 512 << 20
)

func (b *bench) helloWorld() command { return command{name: "hello-world", argv: []string{b.hello}} }

// starts compares what needs no token with the least that a Go program costs.
func (b *bench) starts(ctx context.Context, t *table) error {
	for _, row := range []struct {
		what   string
		argv   []string
		target float64
	}{
		{"version", []string{"version"}, 2.5},
		{"profile list, 8 profiles", []string{"profile", "list"}, 3.2},
	} {
		if err := b.row(ctx, t, row.what, b.authctl(b.env, row.argv...), b.helloWorld(), 100, row.target); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) row(ctx context.Context, t *table, what string, ours, peer command, n int, target float64) error {
	our, their, err := alternate(ctx, ours, peer, n)
	if err == nil {
		t.compare(what, peer.name, our, their, target)
	}
	return err
}

func (b *bench) cachedFile(ctx context.Context, t *table) error {
	return b.row(ctx, t, "token get, warm, file", b.authctl(b.env, "token", "get"), b.helloWorld(), 100, 3.0)
}

// curl prepares the peer: the same request with the same token, handed over in a file.
func (b *bench) curl(ctx context.Context, profile, ca string, args ...string) (command, error) {
	header, err := b.authctl(b.env, "token", "get", "-p", profile, "--format", "header").output(ctx)
	if err != nil {
		return command{}, err
	}
	file := filepath.Join(b.dir, profile+".header")
	argv := append([]string{"curl", "-q", "-sS", "--fail", "--cacert", ca, "-H", "@" + file}, args...)
	return command{name: "curl", env: b.env, argv: argv}, os.WriteFile(file, []byte(header+"\n"), 0o600)
}

// servers lists the two protocols.
func (b *bench) servers() []server {
	return []server{
		{"h1", "HTTP/1.1", b.h1, b.h1CA, 1.0, 16 << 20}, {"h2", "HTTP/2", b.h2, b.h2CA, 0.95, 28 << 20},
	}
}

// server is one of the two, and what a long transfer with it may take of curl's time and of memory.
type server struct {
	profile, protocol, url, ca string
	ratio                      float64
	peak                       int64
}

func (b *bench) calls(ctx context.Context, t *table) error {
	if !t.has("calls", "apt-get install -y curl", "curl") {
		return nil
	}
	for _, s := range b.servers() {
		peer, err := b.curl(ctx, s.profile, s.ca, s.url+"/small")
		if err != nil {
			return err
		}
		ours := b.authctl(b.env, "call", "GET", "/small", "-p", s.profile)
		if err := b.row(ctx, t, "call GET, warm, "+s.protocol, ours, peer, 150, 0.55); err != nil {
			return err
		}
	}
	return nil
}

// transfers compares long bodies both ways, in time with curl's and in memory with a bound.
func (b *bench) transfers(ctx context.Context, t *table) error {
	if !t.has("transfers", "apt-get install -y curl", "curl") {
		return nil
	}
	big := filepath.Join(b.dir, "big")
	if err := os.WriteFile(big, nil, 0o600); err != nil {
		return err
	}
	if err := os.Truncate(big, transferBytes); err != nil {
		return err
	}
	path := "/bytes/" + strconv.Itoa(transferBytes)
	for _, s := range b.servers() {
		for _, way := range []struct {
			what       string
			ours, peer []string
		}{
			{
				"512 MiB to a file",
				[]string{"call", "GET", path, "-o", filepath.Join(b.dir, "ours")},
				[]string{"-o", filepath.Join(b.dir, "theirs"), s.url + path},
			},
			{"512 MiB from a file", []string{"call", "PUT", "/upload", "-T", big}, []string{"-T", big, s.url + "/upload"}},
		} {
			peer, err := b.curl(ctx, s.profile, s.ca, way.peer...)
			if err != nil {
				return err
			}
			ours := b.authctl(b.env, append(way.ours, "-p", s.profile)...)
			// Whatever replaces a file gives its memory back, and at a time of its own.
			ours.out, peer.out = filepath.Join(b.dir, "ours"), filepath.Join(b.dir, "theirs")
			our, their, err := alternate(ctx, ours, peer, 21)
			if err != nil {
				return err
			}
			what := way.what + ", " + s.protocol
			t.compare(what, "curl", our, their, s.ratio)
			t.state("  peak memory", fmt.Sprintf("%.1f MiB (curl %.1f MiB)", mib(peak(our)), mib(peak(their))),
				fmt.Sprintf("<=%d", s.peak>>20), peak(our) <= s.peak)
		}
	}
	return nil
}

func mib(n int64) float64 { return float64(n) / (1 << 20) }

func (b *bench) stampedeFile(ctx context.Context, t *table) error {
	env, err := b.user("stampede")
	if err != nil {
		return err
	}
	return b.stampede(ctx, t, "50 cold processes, file", env)
}

// stampede starts 50 processes that all want the token that is not there yet.
func (b *bench) stampede(ctx context.Context, t *table, what string, env []string) error {
	before, err := b.asked(ctx)
	if err != nil {
		return err
	}
	errs := make(chan error, 50)
	for range cap(errs) {
		go func() {
			_, err := b.authctl(env, "token", "get").once(ctx)
			errs <- err
		}()
	}
	for range cap(errs) {
		if err := <-errs; err != nil {
			return err
		}
	}
	after, err := b.asked(ctx)
	t.state(what, fmt.Sprintf("%d token requests", after-before), "=1", after-before == 1)
	return err
}

func (b *bench) asked(ctx context.Context) (int, error) {
	text, err := b.authctl(b.env, "call", "--no-auth", "GET", "/count").output(ctx)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(text)
}

// keyring measures on a private session bus, against secret-tool and an item of the same size.
func (b *bench) keyring(ctx context.Context, t *table) error {
	const install = "apt-get install -y --no-install-recommends gnome-keyring dbus libsecret-tools"
	if !t.has("keyring", install, "dbus-daemon", "gnome-keyring-daemon", "secret-tool") {
		return nil
	}
	session, err := rig.StartSession(ctx, filepath.Join(b.dir, "session"))
	if err != nil {
		return err
	}
	defer session.Close()
	env := append(session.Environ(), "AUTHCTL_STORAGE=keyring", "AUTHCTL_CONFIG="+filepath.Join(b.dir, "user", "profiles.yaml"))
	if err := b.stampede(ctx, t, "50 cold processes, keyring", env); err != nil {
		return err
	}
	size, err := storeAlike(ctx, env)
	if err != nil {
		return err
	}
	peer := command{name: "secret-tool", env: env, argv: []string{"secret-tool", "lookup", "bench", "item"}}
	return b.row(ctx, t, fmt.Sprintf("token get, warm, keyring (%d B)", size), b.authctl(env, "token", "get"), peer, 50, 0.5)
}

// storeAlike stores an item of the size of authctl's for secret-tool to look up.
func storeAlike(ctx context.Context, env []string) (int, error) {
	found, err := command{env: env, argv: []string{"secret-tool", "search", "--all", "service", "authctl"}}.output(ctx)
	if err != nil {
		return 0, err
	}
	size := 0
	for line := range strings.Lines(found) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), "secret = "); ok {
			size = max(size, len(value))
		}
	}
	if size == 0 {
		return 0, fmt.Errorf("no item of authctl in the keyring")
	}
	cmd := exec.CommandContext(ctx, "secret-tool", "store", "--label", "bench", "bench", "item")
	cmd.Env, cmd.Stdin, cmd.Stderr = env, strings.NewReader(strings.Repeat("x", size)), os.Stderr
	return size, cmd.Run()
}
