// Package rig sets up what the integration tests and the benchmark need around the program: a session bus with a
// keyring of its own, a throw-away certificate authority, and a server that issues tokens and counts. It knows nothing
// of authctl's own code, and it never touches the user's bus, keyring or home.
package rig

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"
)

const (
	secretService = "org.freedesktop.secrets"
	collection    = "/org/freedesktop/secrets/aliases/default"

	// busConfig is a bus that starts no services: else it would start another keyring in place of one that is gone.
	busConfig = `<busconfig>
  <type>session</type>
  <listen>unix:path=%s</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
`
)

// Session is a session bus with an unlocked gnome-keyring on it.
type Session struct {
	Address string // of the bus
	dir     string
	bus     *exec.Cmd
	keyring *exec.Cmd
}

// StartSession starts both in a folder of their own; they end with ctx at the latest.
func StartSession(ctx context.Context, dir string) (*Session, error) {
	s := &Session{dir: dir}
	for _, sub := range []string{"run", "data", "config", "cache"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			return nil, err
		}
	}
	if err := s.startBus(ctx); err != nil {
		return nil, err
	}
	if err := s.startKeyring(ctx); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Session) startBus(ctx context.Context) error {
	config := filepath.Join(s.dir, "bus.conf")
	text := fmt.Sprintf(busConfig, filepath.Join(s.dir, "run", "bus"))
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return err
	}
	s.bus = exec.CommandContext(ctx, "dbus-daemon", "--config-file="+config, "--nofork", "--nopidfile", "--print-address=1")
	s.bus.Env = s.environ()
	out, err := s.bus.StdoutPipe()
	if err != nil {
		return err
	}
	if err := s.bus.Start(); err != nil {
		return err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return fmt.Errorf("dbus-daemon gave no address: %w", err)
	}
	s.Address = strings.TrimSpace(line)
	return nil
}

func (s *Session) startKeyring(ctx context.Context) error {
	s.keyring = exec.CommandContext(ctx, "gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets")
	s.keyring.Env = s.Environ()
	s.keyring.Stdin = strings.NewReader("test") // the new keyring's password
	if err := s.keyring.Start(); err != nil {
		return err
	}
	return s.withBus(ctx, waitUnlocked)
}

// waitUnlocked waits until the service answers that its default collection is open.
func waitUnlocked(ctx context.Context, conn *dbus.Conn) error {
	for {
		var owned bool
		_ = conn.BusObject().CallWithContext(ctx, "org.freedesktop.DBus.NameHasOwner", 0, secretService).Store(&owned)
		if owned {
			locked, err := conn.Object(secretService, collection).GetProperty("org.freedesktop.Secret.Collection.Locked")
			if err == nil && locked.Value() == false {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return errors.New("gnome-keyring-daemon did not open its collection in time")
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Lock locks the default collection; nobody is there to answer the prompt that would open it.
func (s *Session) Lock(ctx context.Context) error {
	return s.withBus(ctx, func(ctx context.Context, conn *dbus.Conn) error {
		service := conn.Object(secretService, "/org/freedesktop/secrets")
		var locked []dbus.ObjectPath
		var prompt dbus.ObjectPath
		err := service.CallWithContext(ctx, "org.freedesktop.Secret.Service.Lock", 0, []dbus.ObjectPath{collection}).Store(&locked, &prompt)
		if err == nil && len(locked) != 1 {
			err = errors.New("the collection did not lock")
		}
		return err
	})
}

// withBus connects for one use, which has 10 s.
func (s *Session) withBus(ctx context.Context, use func(context.Context, *dbus.Conn) error) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	conn, err := dbus.Dial(s.Address, dbus.WithContext(ctx))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if err := conn.Auth(nil); err != nil {
		return err
	}
	if err := conn.Hello(); err != nil {
		return err
	}
	return use(ctx, conn)
}

// Dir is the session's own folder, with its home, data, config, cache and run folders.
func (s *Session) Dir() string { return s.dir }

// Environ is the environment of a program in the session: what it may find, and nothing of the user's.
func (s *Session) Environ() []string {
	return append(s.environ(), "DBUS_SESSION_BUS_ADDRESS="+s.Address)
}

func (s *Session) environ() []string {
	return []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + s.dir,
		"XDG_RUNTIME_DIR=" + filepath.Join(s.dir, "run"), "XDG_DATA_HOME=" + filepath.Join(s.dir, "data"),
		"XDG_CONFIG_HOME=" + filepath.Join(s.dir, "config"), "XDG_CACHE_HOME=" + filepath.Join(s.dir, "cache"),
	}
}

// StopBus ends the bus at once, as a crash would.
func (s *Session) StopBus() {
	if s.bus != nil && s.bus.Process != nil {
		_ = s.bus.Process.Kill()
		_ = s.bus.Wait()
		s.bus = nil
	}
}

// Close ends both processes.
func (s *Session) Close() {
	if s.keyring != nil && s.keyring.Process != nil {
		_ = s.keyring.Process.Kill()
		_ = s.keyring.Wait()
		s.keyring = nil
	}
	s.StopBus()
}
