package call

import (
	"context"
	"errors"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/httpx"
)

// Within does what nothing can interrupt, to read standard input or to open a FIFO, and does not wait for it longer than
// ctx lasts. What comes of it later is lost.
func Within[T any](ctx context.Context, work func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		value, err := work()
		done <- result{value, err}
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
	}
	var none T
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return none, fault.New(fault.Timeout, "timeout.total", "the time is up while reading what is to be sent")
	}
	return none, httpx.Failure(context.Cause(ctx))
}
