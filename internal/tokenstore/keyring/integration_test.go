//go:build integration && linux

package keyring_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/secret"
	"github.com/authctl/authctl/internal/tokenstore"
	"github.com/authctl/authctl/internal/tokenstore/keyring"
	"github.com/authctl/authctl/internal/tokenstore/storetest"
)

// real opens the keyring of a private session bus. The user's own is never touched: the script that makes the private
// one says so in the environment.
func real(t *testing.T) *keyring.Store {
	t.Helper()
	if os.Getenv("AUTHCTL_TEST_KEYRING") != "1" {
		t.Skip("SKIPPED: no private keyring; run this under keyring-session.sh with AUTHCTL_TEST_KEYRING=1")
	}
	return keyring.Open(keyring.Config{Getenv: os.Getenv, Dir: t.TempDir(), Lock: nil})
}

func run(t *testing.T, stdin string, argv ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %s", argv, err, out)
	}
	return string(out)
}

const (
	secretsName = "org.freedesktop.secrets"
	secretsPath = dbus.ObjectPath("/org/freedesktop/secrets")
	login       = secretsPath + "/collection/login"
)

// lockUntilTheEnd locks the login collection as a screen lock does. The password that opens it again is the one of
// keyring-session.sh; the daemon has a method for it because a prompt needs a display.
func lockUntilTheEnd(t *testing.T) {
	t.Helper()
	conn, err := dbus.ConnectSessionBus()
	if err != nil {
		t.Fatal(err)
	}
	service := conn.Object(secretsName, secretsPath)
	if err := service.Call("org.freedesktop.Secret.Service.Lock", 0, []dbus.ObjectPath{login}).Err; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		defer func() { _ = conn.Close() }()
		var ignored dbus.Variant
		var session dbus.ObjectPath
		err := service.Call("org.freedesktop.Secret.Service.OpenSession", 0, "plain", dbus.MakeVariant("")).Store(&ignored, &session)
		if err != nil {
			t.Fatal(err)
		}
		master := struct {
			Session     dbus.ObjectPath
			Parameters  []byte
			Value       []byte
			ContentType string
		}{session, nil, []byte("test"), "text/plain"}
		const unlock = "org.gnome.keyring.InternalUnsupportedGuiltRiddenInterface.UnlockWithMasterPassword"
		if err := service.Call(unlock, 0, login, master).Err; err != nil {
			t.Fatal(err)
		}
	})
}

func TestIntegrationTheRealKeyringKeepsTheStoresPromises(t *testing.T) {
	storetest.Run(t, func(t *testing.T) tokenstore.Store {
		s := real(t)
		t.Cleanup(func() {
			ctx := context.WithoutCancel(t.Context())
			records, err := s.List(ctx)
			if err != nil {
				t.Error(err)
			}
			for _, r := range records {
				if err := s.Delete(ctx, r.Key); err != nil {
					t.Error(err)
				}
			}
		})
		return s
	})
}

func TestIntegrationSecretsAreSharedWithSecretTool(t *testing.T) {
	secrets := real(t).Secrets()
	run(t, "from-tool", "secret-tool", "store", "--label=x", "service", "authctl", "username", "apic-password")
	got, err := secrets.Get(t.Context(), "apic-password")
	if err != nil || got.Reveal() != "from-tool" {
		t.Fatalf("Get of what secret-tool wrote = %q, %v", got.Reveal(), err)
	}
	if err := secrets.Set(t.Context(), "entra/client_secret", secret.New("from us")); err != nil {
		t.Fatal(err)
	}
	if out := run(t, "", "secret-tool", "lookup", "service", "authctl", "username", "entra/client_secret"); out != "from us" {
		t.Fatalf("secret-tool reads %q", out)
	}
	if err := secrets.Delete(t.Context(), "entra/client_secret"); err != nil {
		t.Fatal(err)
	}
	if _, err := secrets.Get(t.Context(), "entra/client_secret"); !errors.Is(err, tokenstore.ErrNotFound) {
		t.Fatalf("Get after Delete = %v", err)
	}
}

func TestIntegrationALockedKeyringIsAnErrorAtOnceAndNothingIsLost(t *testing.T) {
	s := real(t)
	r := storetest.Record("locked", 1200)
	if err := s.Put(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	lockUntilTheEnd(t)
	start := time.Now()
	_, getErr := s.Get(t.Context(), r.Key)
	_, absentErr := s.Get(t.Context(), storetest.Key("never put"))
	putErr, deleteErr := s.Put(t.Context(), r), s.Delete(t.Context(), r.Key)
	for what, err := range map[string]error{"Get": getErr, "Get of what is absent": absentErr, "Put": putErr, "Delete": deleteErr} {
		if !errors.Is(err, tokenstore.ErrLocked) || !fault.Is(err, fault.Store) {
			t.Errorf("%s of a locked keyring = %v", what, err)
		}
	}
	if state, err := keyring.Probe(t.Context(), os.Getenv); state != keyring.Locked || err != nil {
		t.Errorf("Probe = %v, %v", state, err)
	}
	if took := time.Since(start); took > time.Second {
		t.Errorf("it took %v to say so", took)
	}
}

func TestIntegrationProbeSaysReady(t *testing.T) {
	real(t)
	if state, err := keyring.Probe(t.Context(), os.Getenv); state != keyring.Ready || err != nil {
		t.Fatalf("Probe = %v, %v", state, err)
	}
}

func TestIntegrationAStoppedDaemonIsATimeoutAndIsAskedOnce(t *testing.T) {
	s := real(t)
	pid := processOf(t, secretsName)
	run(t, "", "kill", "-STOP", pid)
	t.Cleanup(func() { _ = exec.Command("kill", "-CONT", pid).Run() })
	start := time.Now()
	for range 3 {
		if _, err := s.Get(t.Context(), storetest.Key("x")); !errors.Is(err, tokenstore.ErrTimedOut) {
			t.Fatalf("Get from a stopped daemon = %v", err)
		}
	}
	if took := time.Since(start); took > 2900*time.Millisecond {
		t.Fatalf("three calls took %v", took)
	}
}

// processOf asks the bus which process answers to a name.
func processOf(t *testing.T, name string) string {
	t.Helper()
	conn, err := dbus.ConnectSessionBus()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	var pid uint32
	if err := conn.BusObject().Call("org.freedesktop.DBus.GetConnectionUnixProcessID", 0, name).Store(&pid); err != nil {
		t.Fatal(err)
	}
	return strconv.Itoa(int(pid))
}

// The bus dies with this test: it must be the last.
func TestIntegrationZTheBusGoneMidwayIsUnavailableAndStartsNoOther(t *testing.T) {
	s := real(t)
	r := storetest.Record("midway", 1200)
	if err := s.Put(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	run(t, "", "kill", "-9", processOf(t, "org.freedesktop.DBus"))
	if _, err := s.Get(t.Context(), r.Key); !errors.Is(err, tokenstore.ErrUnavailable) || !fault.Is(err, fault.Store) {
		t.Errorf("Get = %v", err)
	}
	if err := s.Put(t.Context(), r); !errors.Is(err, tokenstore.ErrUnavailable) {
		t.Errorf("Put = %v", err)
	}
	// A socket that is about to close may still take the connection.
	if state, err := keyring.Probe(t.Context(), os.Getenv); state != keyring.Absent || err != nil && !errors.Is(err, tokenstore.ErrUnavailable) {
		t.Errorf("Probe = %v, %v", state, err)
	}
}
