package keyring

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
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

// connect opens a connection of the program's own. It outlives ctx, which bounds only how long it may take. It does
// not wait for the bus's welcome: the first question travels with it, and fails where there is none.
func connect(ctx context.Context, address string) (*dbus.Conn, error) {
	conn, err := dial(ctx, address)
	if err != nil {
		return nil, dialError(ctx, err)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	if err := conn.Auth([]dbus.Auth{dbus.AuthExternal(strconv.Itoa(os.Geteuid()))}); err != nil {
		_ = conn.Close()
		return nil, busError(ctx, err)
	}
	conn.BusObject().GoWithContext(ctx, "org.freedesktop.DBus.Hello", 0, make(chan *dbus.Call, 1))
	return conn, nil
}

func dial(ctx context.Context, address string) (*dbus.Conn, error) {
	path, ok := socketOf(address)
	if !ok {
		return dbus.Dial(address)
	}
	socket, err := (&net.Dialer{}).DialContext(ctx, "unix", path)
	if err != nil {
		return nil, err
	}
	return dbus.NewConn(&eagerConn{Conn: socket})
}

// dialError tells a bus that is not there from one that cannot be reached now.
func dialError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	errno, ok := errors.AsType[syscall.Errno](err)
	if !ok { // an address that cannot be read
		return fmt.Errorf("%w: session bus: %w", ErrAbsent, err)
	}
	switch errno {
	case syscall.EAGAIN: // nobody accepts, and the queue is full
		return tokenstore.ErrTimedOut
	case syscall.ENOENT, syscall.ENOTDIR, syscall.ECONNREFUSED, syscall.EACCES, syscall.EPERM, syscall.EINVAL:
		return fmt.Errorf("%w: session bus: %w", ErrAbsent, err)
	}
	return fmt.Errorf("%w: session bus: %w", tokenstore.ErrUnavailable, err)
}

// socketOf gives the socket of an address that is nothing but that, as a session bus's is.
func socketOf(address string) (string, bool) {
	keys, isUnix := strings.CutPrefix(address, "unix:")
	if !isUnix || strings.Contains(keys, ";") {
		return "", false
	}
	for pair := range strings.SplitSeq(keys, ",") {
		kind, escaped, _ := strings.Cut(pair, "=")
		name, err := dbus.UnescapeBusAddressValue(escaped)
		switch {
		case err != nil || name == "":
			return "", false
		case kind == "path":
			return name, true
		case kind == "abstract":
			return "@" + name, true
		}
	}
	return "", false
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
