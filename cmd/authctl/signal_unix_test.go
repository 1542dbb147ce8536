//go:build unix

package main

import (
	"context"
	"errors"
	"syscall"
	"testing"

	"github.com/authctl/authctl/internal/cli"
)

// GNU timeout tells a signal twice: to the program, then to its group. The second telling, unhandled, would end this
// test with a dump of its goroutines.
func TestSignalToldTwiceEndsOnce(t *testing.T) {
	ctx, stop := untilSignal(t.Context(), 0)
	defer stop()
	for range 2 {
		if err := syscall.Kill(syscall.Getpid(), syscall.SIGQUIT); err != nil {
			t.Fatal(err)
		}
		<-ctx.Done()
	}
	if s, ok := errors.AsType[cli.Signal](context.Cause(ctx)); !ok || s.Number != int(syscall.SIGQUIT) {
		t.Errorf("the context ended with %v", context.Cause(ctx))
	}
}
