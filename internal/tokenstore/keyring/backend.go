package keyring

import (
	"context"
	"errors"
	"fmt"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/tokenstore"
)

// Service is the name under which every item of the program lies in a keyring.
const Service = "authctl"

// Backend is the items of [Service] in one keyring. A call may last for ever, whatever ctx says: the store gives up
// on it. Errors are those of tokenstore; only an item that is known to be absent is [tokenstore.ErrNotFound].
type Backend interface {
	Get(ctx context.Context, account string) (string, error)
	Set(ctx context.Context, account, value string) error
	Delete(ctx context.Context, account string) error
}

// ErrAbsent is a keyring that does not exist here: no session bus, or no service on it. It is
// [tokenstore.ErrUnavailable] too.
var ErrAbsent = fmt.Errorf("%w: no keyring answers here", tokenstore.ErrUnavailable)

// What a user can do without this keyring: tokens may lie in another store, a secret may be no item of a keyring at all.
const (
	otherStore = "choose another store: --storage file or --storage memory"
	otherPlace = "let profiles.yaml take the secret from elsewhere: env:NAME, file:PATH or command:ARGV"
)

// explain gives an error the exit code and the next steps that a user needs, instead being the one without this keyring.
// What is an answer, or a cancelled wait, stays as it is.
func explain(err error, instead string) error {
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return err
	}
	switch {
	case err == nil, errors.Is(err, tokenstore.ErrNotFound), errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, tokenstore.ErrLocked):
		return storeFault("store.locked", err).
			Hint("unlock the keyring and try again, or %s", instead)
	case errors.Is(err, tokenstore.ErrTimedOut), errors.Is(err, context.DeadlineExceeded):
		e := storeFault("store.timeout", err)
		e.Retryable = true
		return e.Hint("unlock or restart the keyring service, or %s", instead)
	case errors.Is(err, tokenstore.ErrTooBig):
		return storeFault("store.too_big", err)
	}
	return storeFault("store.unavailable", err).
		Hint("start a keyring service (gnome-keyring, KWallet), or %s", instead)
}

func storeFault(code string, err error) *fault.Error {
	return (&fault.Error{Kind: fault.Store, Code: code, Err: err}).Doing("keyring")
}
