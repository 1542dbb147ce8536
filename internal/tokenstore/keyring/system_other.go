//go:build !linux

package keyring

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"time"

	gokeyring "github.com/zalando/go-keyring"

	"github.com/authctl/authctl/internal/tokenstore"
)

// system is the keyring of macOS or Windows. Its environment is not asked, and its prompts cannot be held back.
type system struct {
	getenv  func(name string) string
	prompts bool
}

func (*system) Get(_ context.Context, account string) (string, error) {
	value, err := gokeyring.Get(Service, account)
	return value, translate(err)
}

// Set tries again where macOS says that the item exists: two processes that add one at the same time see that, and
// the second try replaces.
func (*system) Set(ctx context.Context, account, value string) error {
	err := gokeyring.Set(Service, account, value)
	for wait := 25 * time.Millisecond; exitCode(err) == exitDuplicate && wait <= 200*time.Millisecond; wait *= 2 {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
		err = gokeyring.Set(Service, account, value)
	}
	return translate(err)
}

func (*system) Delete(_ context.Context, account string) error {
	return translate(gokeyring.Delete(Service, account))
}

// Exit codes of macOS `security`: the low byte of the system's error numbers.
const (
	exitNoInteraction = 36
	exitNotFound      = 44
	exitDuplicate     = 45
	exitAuthFailed    = 51
	exitCanceled      = 128
)

func exitCode(err error) int {
	if e, ok := errors.AsType[*exec.ExitError](err); ok {
		return e.ExitCode()
	}
	return 0
}

func translate(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, gokeyring.ErrNotFound), exitCode(err) == exitNotFound:
		return tokenstore.ErrNotFound
	case errors.Is(err, gokeyring.ErrSetDataTooBig):
		return tokenstore.ErrTooBig
	}
	switch exitCode(err) {
	case exitNoInteraction, exitAuthFailed, exitCanceled:
		return tokenstore.ErrLocked
	}
	return fmt.Errorf("%w: %w", tokenstore.ErrUnavailable, err)
}
