package keyring

import (
	"context"
	"errors"
	"fmt"
	"os"

	gokeyring "github.com/zalando/go-keyring"

	"github.com/authctl/authctl/internal/tokenstore"
)

// system is the Secret Service of the session bus. What reads never prompts; what writes is go-keyring, and only
// after the service said that it is there and open, since go-keyring would start a bus, raise a prompt, or wait for
// ever without a word.
type system struct {
	getenv  func(name string) string
	prompts bool
}

func (s *system) Get(ctx context.Context, account string) (string, error) {
	value, err := s.read(ctx, account)
	if !s.prompts || !errors.Is(err, tokenstore.ErrLocked) {
		return value, err
	}
	if err := s.handOver(); err != nil {
		return "", err
	}
	if value, err = gokeyring.Get(Service, account); err != nil {
		return "", s.classify(ctx, err)
	}
	return value, nil
}

func (s *system) Set(ctx context.Context, account, value string) error {
	if err := s.ready(ctx); err != nil {
		return err
	}
	before, _ := s.read(ctx, account)
	if err := gokeyring.Set(Service, account, value); err != nil {
		return s.classify(ctx, err)
	}
	// go-keyring takes a prompt that was dismissed for success. Another process may have written since.
	after, err := s.read(ctx, account)
	if errors.Is(err, tokenstore.ErrNotFound) || err == nil && after != value && after == before {
		return fmt.Errorf("%w: it did not keep the item", tokenstore.ErrUnavailable)
	}
	return err
}

func (s *system) Delete(ctx context.Context, account string) error {
	if err := s.ready(ctx); err != nil {
		return err
	}
	if err := gokeyring.Delete(Service, account); err != nil {
		return s.classify(ctx, err)
	}
	return nil
}

// dial opens a connection for one call.
func (s *system) dial(ctx context.Context) (service, error) {
	address, ok := busAddress(s.getenv)
	if !ok {
		return service{}, ErrAbsent
	}
	return connect(ctx, address)
}

func (s *system) read(ctx context.Context, account string) (string, error) {
	svc, err := s.dial(ctx)
	if err != nil {
		return "", err
	}
	defer svc.close()
	return svc.lookup(ctx, account)
}

func (s *system) open(ctx context.Context) error {
	svc, err := s.dial(ctx)
	if err != nil {
		return err
	}
	defer svc.close()
	return svc.open(ctx)
}

// ready is nil where go-keyring may be called: the service is open, or a person can open it.
func (s *system) ready(ctx context.Context) error {
	if err := s.open(ctx); err != nil && (!s.prompts || !errors.Is(err, tokenstore.ErrLocked)) {
		return err
	}
	return s.handOver()
}

// handOver tells go-keyring which bus to use. It asks the process's environment alone, and where that says nothing
// it would start a bus.
func (s *system) handOver() error {
	address, ok := busAddress(s.getenv)
	if !ok {
		return ErrAbsent
	}
	return os.Setenv(busVariable, address)
}

// classify finds out what an error of go-keyring means: one text of it stands for a locked collection, an absent one
// and a dismissed prompt.
func (s *system) classify(ctx context.Context, err error) error {
	if errors.Is(err, gokeyring.ErrNotFound) {
		return tokenstore.ErrNotFound
	}
	if state := s.open(ctx); state != nil {
		return state
	}
	return busError(ctx, err)
}
