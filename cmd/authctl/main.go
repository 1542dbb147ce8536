// Command authctl gets OAuth tokens and makes authenticated HTTP calls.
package main

import (
	"context"
	"io"
	"log"
	"os"
	"os/signal"
	"sync"
	"time"

	"github.com/authctl/authctl/internal/cli"
)

// version is set by the linker.
var version = "dev"

func main() { os.Exit(run()) }

// run is main with an exit status, so that the tests can be the program.
func run() int {
	// GODEBUG=http2debug=1 makes net/http print request headers, the bearer among them, through the standard logger.
	log.SetOutput(io.Discard)
	ctx, listen, stop := untilSignal(context.Background(), armAfter(os.Args))
	defer stop()
	return newApp(listen).Run(ctx, os.Args[1:])
}

// armAfter is how long the program lives before it listens for signals, unless it asks for a token sooner. Go starts
// threads for that, which cost a twentieth of a warm `token get`. A command that is over by then has nothing to tidy up,
// and the default action ends it as well. A call listens beside its first steps, which change nothing; all others listen
// before they begin.
func armAfter(args []string) time.Duration {
	if len(args) < 2 {
		return 0
	}
	switch args[1] {
	case "token", "profile", "version":
		return 20 * time.Millisecond
	case "call":
		return time.Nanosecond
	}
	return 0
}

// retelling is how long a signal may be told again. GNU timeout and some supervisors signal the program and then its
// whole group, and what was cut short needs a moment to be put in order.
const retelling = 250 * time.Millisecond

// untilSignal gives a context that the first signal ends, with the signal as its cause; a later one kills. Signals are
// listened to after that time, or from a call of listen on.
func untilSignal(parent context.Context, after time.Duration) (ctx context.Context, listen, stop func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 1)
	listen = sync.OnceFunc(func() {
		signal.Notify(signals, terminating()...)
		outliveReaders()
		go func() {
			select {
			case s := <-signals:
				cancel(cli.Signal{Number: number(s), Name: s.String()})
				time.Sleep(retelling)
				signal.Stop(signals)
			case <-ctx.Done():
			}
		}()
	})
	if after == 0 {
		listen()
		return ctx, listen, func() { cancel(nil) }
	}
	arm := time.AfterFunc(after, listen)
	return ctx, listen, func() { arm.Stop(); cancel(nil) }
}
