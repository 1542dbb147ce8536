//go:build unix

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// bench is the setting: the program, its peers' tools and two servers.
type bench struct {
	program, dir, hello string
	h1, h2              string // URLs of the servers
	h1CA, h2CA          string
	env                 []string // of a user whose tokens lie in sealed files
	stop                []func()
}

func newBench(ctx context.Context, program, dir string) (*bench, error) {
	b := &bench{program: program, dir: dir}
	if err := b.install(ctx); err != nil {
		return nil, err
	}
	b.h1CA, b.h2CA = filepath.Join(dir, "h1.pem"), filepath.Join(dir, "h2.pem")
	for _, server := range []struct {
		url          *string
		ca, protocol string
	}{{&b.h1, b.h1CA, "http/1.1"}, {&b.h2, b.h2CA, "h2"}} {
		url, stop, err := startServer(ctx, server.ca, server.protocol)
		if err != nil {
			b.close()
			return nil, err
		}
		*server.url = url
		b.stop = append(b.stop, stop)
	}
	var err error
	b.env, err = b.user("user")
	return b, err
}

// install builds the least program there is and puts it beside authctl, copied as that is.
func (b *bench) install(ctx context.Context) error {
	linked := filepath.Join(b.dir, "hello")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", linked, "./internal/integration/bench/hello")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("hello-world: %w\n%s", err, out)
	}
	code, err := os.ReadFile(linked)
	if err != nil {
		return err
	}
	b.hello = filepath.Join(filepath.Dir(b.program), "bench-hello")
	b.stop = append(b.stop, func() { _ = os.Remove(b.hello) })
	return os.WriteFile(b.hello, code, 0o700) //nolint:gosec // G306, G703: a program, beside the one that the user named
}

func (b *bench) close() {
	for _, stop := range b.stop {
		stop()
	}
}

// user makes a home with a profile file of eight profiles; those named h1 and h2 work.
func (b *bench) user(name string) ([]string, error) {
	home := filepath.Join(b.dir, name)
	if err := os.MkdirAll(filepath.Join(home, "run"), 0o700); err != nil {
		return nil, err
	}
	config := filepath.Join(home, "profiles.yaml")
	return []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "XDG_RUNTIME_DIR=" + filepath.Join(home, "run"),
		"AUTHCTL_CONFIG=" + config, "AUTHCTL_STORAGE=file",
	}, os.WriteFile(config, b.profiles(), 0o600)
}

func (b *bench) profiles() []byte {
	var text bytes.Buffer
	text.WriteString("default_profile: h1\nprofiles:\n")
	add := func(name, url, ca string) {
		fmt.Fprintf(&text, "  - name: %s\n    provider: oauth2\n    token_url: %s/token\n    base_url: %[2]s\n"+
			"    client_id: bench\n    client_secret: bench-secret\n    tls: {ca_file: %[3]s}\n", name, url, ca)
	}
	add("h1", b.h1, b.h1CA)
	add("h2", b.h2, b.h2CA)
	for i := range 6 {
		add(fmt.Sprintf("other-%d", i), fmt.Sprintf("https://idp-%d.example.com", i), b.h1CA)
	}
	return text.Bytes()
}

func (b *bench) authctl(env []string, args ...string) command {
	return command{name: "authctl", env: env, argv: append([]string{b.program}, args...)}
}

// output runs the command and gives its stdout.
func (c command) output(ctx context.Context) (string, error) {
	cmd := exec.CommandContext(ctx, c.argv[0], c.argv[1:]...)
	var stderr bytes.Buffer
	cmd.Env, cmd.Stderr = c.env, &stderr
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("%v: %w\n%s", c.argv, err, stderr.Bytes())
	}
	return strings.TrimSpace(string(out)), err
}
