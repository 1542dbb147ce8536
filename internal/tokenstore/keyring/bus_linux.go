package keyring

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/godbus/dbus/v5"

	"github.com/authctl/authctl/internal/tokenstore"
)

const busVariable = "DBUS_SESSION_BUS_ADDRESS"

// busAddress finds the session bus that runs. It never asks for one to be started: a bus that a command starts
// outlives it, and holds no keyring.
func busAddress(getenv func(string) string) (string, bool) {
	address := getenv(busVariable)
	switch {
	case strings.HasPrefix(address, "disabled:"):
		return "", false
	case address != "" && !strings.HasPrefix(address, "autolaunch:"):
		return address, true
	}
	for _, folder := range []string{getenv("XDG_RUNTIME_DIR"), "/run/user/" + strconv.Itoa(os.Geteuid())} {
		path := filepath.Join(folder, "bus")
		if info, err := os.Stat(path); filepath.IsAbs(path) && err == nil && info.Mode()&fs.ModeSocket != 0 {
			return "unix:path=" + dbus.EscapeBusAddressValue(path), true
		}
	}
	return "", false
}

// connect opens a connection of the program's own. It outlives ctx, which bounds only how long it may take.
func connect(ctx context.Context, address string) (*dbus.Conn, error) {
	conn, err := dbus.Dial(address)
	switch {
	case errors.Is(err, syscall.EAGAIN): // nobody accepts, and the queue is full
		return nil, tokenstore.ErrTimedOut
	case err != nil:
		return nil, fmt.Errorf("%w: session bus: %w", ErrAbsent, err)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	err = conn.Auth([]dbus.Auth{dbus.AuthExternal(strconv.Itoa(os.Geteuid()))})
	if err == nil {
		err = conn.Hello()
	}
	if err != nil {
		_ = conn.Close()
		return nil, busError(ctx, err)
	}
	return conn, nil
}

// busError gives a failure of the bus or of the service behind it one of the store's names.
func busError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	e, ok := errors.AsType[dbus.Error](err)
	if !ok {
		return fmt.Errorf("%w: %w", tokenstore.ErrUnavailable, err)
	}
	switch e.Name {
	case "org.freedesktop.DBus.Error.ServiceUnknown", "org.freedesktop.DBus.Error.NameHasNoOwner":
		return ErrAbsent
	case "org.freedesktop.DBus.Error.NoReply", "org.freedesktop.DBus.Error.Timeout", "org.freedesktop.DBus.Error.TimedOut":
		return tokenstore.ErrTimedOut
	case "org.freedesktop.Secret.Error.IsLocked":
		return tokenstore.ErrLocked
	}
	return fmt.Errorf("%w: %s", tokenstore.ErrUnavailable, e.Name)
}
