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
	s := &system{getenv: getenv}
	limited, cancel := context.WithTimeout(ctx, probeBudget)
	defer cancel()
	err := s.probe(limited)
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
	return Absent, explain(err)
}

func (s *system) probe(ctx context.Context) error {
	svc, err := s.dial(ctx)
	if err != nil {
		return err
	}
	defer svc.close()
	return svc.probe(ctx)
}

// probe is nil where the service is open, or is not running and can be started: what it is then only its start tells.
func (s service) probe(ctx context.Context) error {
	var running bool
	owner := s.conn.BusObject().CallWithContext(ctx, "org.freedesktop.DBus.NameHasOwner", 0, secretsName)
	if err := owner.Store(&running); err != nil {
		return busError(ctx, err)
	}
	if running {
		return s.open(ctx)
	}
	var names []string
	activatable := s.conn.BusObject().CallWithContext(ctx, "org.freedesktop.DBus.ListActivatableNames", 0)
	if err := activatable.Store(&names); err != nil {
		return busError(ctx, err)
	}
	if !slices.Contains(names, secretsName) {
		return ErrAbsent
	}
	return nil
}
