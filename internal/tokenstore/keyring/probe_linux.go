package keyring

import (
	"context"
	"errors"
	"slices"

	"github.com/authctl/authctl/internal/tokenstore"
)

// Probe says whether a keyring answers, without making it prompt or start. A bus that is mute or breaks off is an
// error, never Absent: a keyring that may hold tokens must not be passed over because it is slow.
func Probe(ctx context.Context, getenv func(name string) string) (State, error) {
	limited, cancel := context.WithTimeout(ctx, probeBudget)
	defer cancel()
	err := probe(limited, getenv)
	switch {
	case err == nil:
		return Ready, nil
	case ctx.Err() != nil:
		return Absent, ctx.Err()
	case errors.Is(err, ErrAbsent):
		return Absent, nil
	case errors.Is(err, tokenstore.ErrLocked):
		return Locked, nil
	case errors.Is(err, context.DeadlineExceeded):
		err = tokenstore.ErrTimedOut
	}
	return Absent, explain(err, otherStore)
}

// probe is nil where the service is open, or is not running and can be started: what it is then only its start tells.
func probe(ctx context.Context, getenv func(name string) string) error {
	address, ok := busAddress(getenv)
	if !ok {
		return ErrAbsent
	}
	conn, err := connect(ctx, address)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	var running bool
	if err := conn.BusObject().CallWithContext(ctx, "org.freedesktop.DBus.NameHasOwner", 0, secretsName).Store(&running); err != nil {
		return busError(ctx, err)
	}
	if running {
		if err := greet(ctx, conn); err != nil {
			return err
		}
		return writable(ctx, conn)
	}
	var names []string
	if err := conn.BusObject().CallWithContext(ctx, "org.freedesktop.DBus.ListActivatableNames", 0).Store(&names); err != nil {
		return busError(ctx, err)
	}
	if !slices.Contains(names, secretsName) {
		return ErrAbsent
	}
	return nil
}
