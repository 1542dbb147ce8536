package keyring

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/godbus/dbus/v5"
	gokeyring "github.com/zalando/go-keyring"

	"github.com/authctl/authctl/internal/tokenstore"
)

// system is the Secret Service of the session bus. What reads never prompts; what writes is go-keyring, and only
// after the service said that it is there and open, since go-keyring would start a bus, raise a prompt, or wait for
// ever without a word.
type system struct {
	getenv  func(name string) string
	prompts bool

	mu  sync.Mutex
	svc *service // of a connection that lasts as long as the process and the bus
}

func (s *system) Get(ctx context.Context, account string) (string, error) {
	svc, err := s.service(ctx)
	if err != nil {
		return "", err
	}
	value, err := svc.lookup(ctx, account)
	if !s.prompts || !errors.Is(err, tokenstore.ErrLocked) {
		return value, err
	}
	if err := s.handOver(ctx); err != nil {
		return "", err
	}
	if value, err = gokeyring.Get(Service, account); err != nil {
		return "", classify(ctx, svc, err)
	}
	return value, nil
}

func (s *system) Set(ctx context.Context, account, value string) error {
	svc, err := s.ready(ctx)
	if err != nil {
		return err
	}
	before, _ := svc.lookup(ctx, account)
	if err := gokeyring.Set(Service, account, value); err != nil {
		return classify(ctx, svc, err)
	}
	// go-keyring takes a prompt that was dismissed for success. Another process may have written since.
	after, err := svc.lookup(ctx, account)
	if errors.Is(err, tokenstore.ErrNotFound) || err == nil && after != value && after == before {
		return fmt.Errorf("%w: it did not keep the item", tokenstore.ErrUnavailable)
	}
	return err
}

func (s *system) Delete(ctx context.Context, account string) error {
	svc, err := s.ready(ctx)
	if err != nil {
		return err
	}
	if err := gokeyring.Delete(Service, account); err != nil {
		return classify(ctx, svc, err)
	}
	return nil
}

// service gives the open connection, or a new one.
func (s *system) service(ctx context.Context) (*service, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.svc != nil && s.svc.conn.Connected() {
		return s.svc, nil
	}
	address, ok := busAddress(s.getenv)
	if !ok {
		return nil, ErrAbsent
	}
	conn, err := connect(ctx, address)
	if err != nil {
		return nil, err
	}
	svc, err := openService(ctx, conn)
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	s.svc = svc
	return svc, nil
}

// ready is nil where go-keyring may be called: the service is open, or a person can open it.
func (s *system) ready(ctx context.Context) (*service, error) {
	svc, err := s.service(ctx)
	if err != nil {
		return nil, err
	}
	if err := writable(ctx, svc.conn); err != nil && (!s.prompts || !errors.Is(err, tokenstore.ErrLocked)) {
		return nil, err
	}
	return svc, s.handOver(ctx)
}

// handOver prepares the connection that go-keyring uses. It asks the process's environment alone for the address,
// and where that says nothing it would start a bus.
func (s *system) handOver(ctx context.Context) error {
	address, ok := busAddress(s.getenv)
	if !ok {
		return ErrAbsent
	}
	if err := os.Setenv(busVariable, address); err != nil {
		return err
	}
	conn, err := dbus.SessionBus()
	if err != nil {
		return busError(ctx, err)
	}
	return greet(ctx, conn)
}

// classify finds out what an error of go-keyring means: one text of it stands for a locked collection, an absent one
// and a dismissed prompt.
func classify(ctx context.Context, svc *service, err error) error {
	if errors.Is(err, gokeyring.ErrNotFound) {
		return tokenstore.ErrNotFound
	}
	if state := writable(ctx, svc.conn); state != nil {
		return state
	}
	return busError(ctx, err)
}
