package keyring_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/tokenstore"
	"github.com/authctl/authctl/internal/tokenstore/keyring"
	"github.com/authctl/authctl/internal/tokenstore/storetest"
)

// noBus is an environment in which no bus can be found, and in which starting one would leave a trace: the file that
// it gives.
func noBus(t *testing.T) (env map[string]string, trace string) {
	t.Helper()
	if _, err := os.Stat(filepath.Join("/run/user", strconv.Itoa(os.Geteuid()), "bus")); err == nil {
		t.Skip("SKIPPED: this user has a session bus at its well-known place")
	}
	bin := t.TempDir()
	trace = filepath.Join(bin, "started")
	script := "#!/bin/sh\n: > " + trace + "\n"
	if err := os.WriteFile(filepath.Join(bin, "dbus-launch"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "")
	return map[string]string{"XDG_RUNTIME_DIR": t.TempDir()}, trace
}

func getenv(env map[string]string) func(string) string {
	return func(name string) string { return env[name] }
}

// all gives the errors of everything that a store does.
func all(t *testing.T, s *keyring.Store) map[string]error {
	t.Helper()
	r := storetest.Record("ann", 10)
	_, getErr := s.Get(t.Context(), r.Key)
	_, secretErr := s.Secrets().Get(t.Context(), "account")
	return map[string]error{"Get": getErr, "Put": s.Put(t.Context(), r), "Delete": s.Delete(t.Context(), r.Key), "a secret": secretErr}
}

func TestWithoutABusTheKeyringIsAbsentAndNoneIsStarted(t *testing.T) {
	env, trace := noBus(t)
	closed := filepath.Join(t.TempDir(), "bus")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: closed, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{"", "autolaunch:", "autolaunch:scope=*user", "disabled:", "garbage", "unix:", "unix:path=/nonexistent/bus", "unix:path=" + closed, "unix:abstract=authctl-test-nobody"} {
		env["DBUS_SESSION_BUS_ADDRESS"] = address
		for what, err := range all(t, keyring.Open(keyring.Config{Getenv: getenv(env), Dir: t.TempDir()})) {
			if !errors.Is(err, keyring.ErrAbsent) || !errors.Is(err, tokenstore.ErrUnavailable) || !fault.Is(err, fault.Store) {
				t.Errorf("%q: %s = %v", address, what, err)
			}
		}
		if state, err := keyring.Probe(t.Context(), getenv(env)); state != keyring.Absent || err != nil {
			t.Errorf("%q: Probe = %v, %v", address, state, err)
		}
	}
	if _, err := os.Stat(trace); err == nil {
		t.Error("a bus was started")
	}
}

func TestAnEndedContextIsNeverAnAbsentKeyring(t *testing.T) {
	env, _ := noBus(t)
	env["DBUS_SESSION_BUS_ADDRESS"] = "unix:path=/nonexistent/bus"
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := keyring.Open(keyring.Config{Getenv: getenv(env), Dir: t.TempDir()})
	if _, err := s.Get(ctx, storetest.Key("ann")); !errors.Is(err, context.Canceled) {
		t.Errorf("Get = %v", err)
	}
	if _, err := keyring.Probe(ctx, getenv(env)); !errors.Is(err, context.Canceled) {
		t.Errorf("Probe = %v", err)
	}
}

// bus listens where a bus would and treats each connection as told.
func bus(t *testing.T, treat func(net.Conn)) (env map[string]string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bus")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go treat(conn)
		}
	}()
	return map[string]string{"DBUS_SESSION_BUS_ADDRESS": "unix:path=" + path + ",guid=00"}
}

func TestAMuteBusIsATimeoutAndNeverAbsent(t *testing.T) {
	t.Parallel()
	env := bus(t, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
	start := time.Now()
	s := keyring.Open(keyring.Config{Getenv: getenv(env), Dir: t.TempDir(), Budget: 100 * time.Millisecond})
	for what, err := range all(t, s) {
		if !errors.Is(err, tokenstore.ErrTimedOut) || errors.Is(err, keyring.ErrAbsent) {
			t.Errorf("%s = %v", what, err)
		}
	}
	if _, err := keyring.Probe(t.Context(), getenv(env)); !errors.Is(err, tokenstore.ErrTimedOut) || !fault.Is(err, fault.Store) {
		t.Errorf("Probe = %v", err)
	}
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestABusThatBreaksOffOrRefusesIsUnavailableAndNeverAbsent(t *testing.T) {
	for name, treat := range map[string]func(net.Conn){
		"closes at once":      func(c net.Conn) { _ = c.Close() },
		"refuses the user":    answer("REJECTED EXTERNAL\r\n"),
		"closes after the OK": answer("OK 00\r\n"),
		"speaks otherwise":    answer("HTTP/1.1 400 Bad Request\r\n\r\n"),
		"sends garbage":       answer("OK 00\r\nxxxxxxxxxxxxxxxxxxxxxxxx"),
	} {
		t.Run(name, func(t *testing.T) {
			env := bus(t, treat)
			s := keyring.Open(keyring.Config{Getenv: getenv(env), Dir: t.TempDir(), Budget: time.Second})
			if _, err := s.Get(t.Context(), storetest.Key("ann")); !errors.Is(err, tokenstore.ErrUnavailable) || errors.Is(err, keyring.ErrAbsent) {
				t.Errorf("Get = %v", err)
			}
			if _, err := keyring.Probe(t.Context(), getenv(env)); !errors.Is(err, tokenstore.ErrUnavailable) {
				t.Errorf("Probe = %v", err)
			}
		})
	}
}

// answer reads what a client sends first, says its line, and closes.
func answer(line string) func(net.Conn) {
	return func(c net.Conn) {
		defer func() { _ = c.Close() }()
		_, _ = c.Read(make([]byte, 4096))
		_, _ = io.WriteString(c, line)
		_ = c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		_, _ = io.Copy(io.Discard, c)
	}
}

func TestTheRuntimeFoldersBusIsFound(t *testing.T) {
	env, _ := noBus(t)
	path := filepath.Join(env["XDG_RUNTIME_DIR"], "bus")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	for _, address := range []string{"", "autolaunch:"} {
		env["DBUS_SESSION_BUS_ADDRESS"] = address
		if _, err := keyring.Probe(t.Context(), getenv(env)); !errors.Is(err, tokenstore.ErrTimedOut) {
			t.Errorf("%q: Probe of a bus that accepts nobody = %v", address, err)
		}
	}
	env["DBUS_SESSION_BUS_ADDRESS"] = "disabled:"
	if state, err := keyring.Probe(t.Context(), getenv(env)); state != keyring.Absent || err != nil {
		t.Errorf("disabled: Probe = %v, %v", state, err)
	}
}
