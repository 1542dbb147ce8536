package keyring

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/authctl/authctl/internal/tokenstore"
)

const (
	// unattendedBudget leaves room below the 3 s that nobody-is-there commands promise for what comes around it.
	unattendedBudget  = 2 * time.Second
	interactiveBudget = time.Minute
	noticeAfter       = time.Second
	noticeText        = "waiting for the keyring to be unlocked (Ctrl-C to skip)"
	// sickFor is longer than any command but a proxy lives: a command pays for a hung keyring once.
	sickFor = time.Minute
)

// guard puts a deadline on a backend, since keyring libraries have none, and remembers that one passed.
type guard struct {
	backend Backend
	budget  time.Duration
	notice  func(text string)
	instead string // what a user can do without the keyring
	health  *health
}

// health is that of one keyring, whatever lies in it.
type health struct {
	mu        sync.Mutex
	sickUntil time.Time
}

type answer struct {
	value string
	err   error
}

func (g *guard) Get(ctx context.Context, account string) (string, error) {
	return g.run(ctx, func(ctx context.Context) (string, error) { return g.backend.Get(ctx, account) })
}

func (g *guard) Set(ctx context.Context, account, value string) error {
	_, err := g.run(ctx, func(ctx context.Context) (string, error) { return "", g.backend.Set(ctx, account, value) })
	return err
}

func (g *guard) Delete(ctx context.Context, account string) error {
	_, err := g.run(ctx, func(ctx context.Context) (string, error) { return "", g.backend.Delete(ctx, account) })
	return err
}

// run waits for a call until the budget is spent. The call is left behind then: nothing can stop it.
func (g *guard) run(ctx context.Context, call func(ctx context.Context) (string, error)) (string, error) {
	if g.health.isBad() {
		return "", explain(fmt.Errorf("%w a moment ago, and is not asked again", tokenstore.ErrTimedOut), g.instead)
	}
	limited, cancel := context.WithTimeout(ctx, g.budget)
	defer cancel()
	done := make(chan answer, 1)
	go func() { done <- guarded(limited, call) }()

	notice := time.NewTimer(noticeAfter)
	defer notice.Stop()
	for {
		select {
		case a := <-done:
			return a.value, g.judge(ctx, a.err)
		case <-notice.C:
			if g.notice != nil {
				g.notice(noticeText)
			}
		case <-limited.Done():
			return "", g.judge(ctx, limited.Err())
		}
	}
}

// guarded turns a panic of a keyring library, which trusts what a bus sends, into an error.
func guarded(ctx context.Context, call func(ctx context.Context) (string, error)) (a answer) {
	defer func() {
		if p := recover(); p != nil {
			a = answer{err: fmt.Errorf("%w: it sent what cannot be understood", tokenstore.ErrUnavailable)}
		}
	}()
	value, err := call(ctx)
	return answer{value: value, err: err}
}

// judge tells the budget's end from the caller's own.
func (g *guard) judge(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, context.DeadlineExceeded):
		err = tokenstore.ErrTimedOut
	}
	if errors.Is(err, tokenstore.ErrTimedOut) {
		g.health.fail()
	}
	return explain(err, g.instead)
}

func (h *health) fail() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sickUntil = time.Now().Add(sickFor)
}

func (h *health) isBad() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return time.Now().Before(h.sickUntil)
}
