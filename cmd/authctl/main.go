// Command authctl gets OAuth tokens and makes authenticated HTTP calls.
package main

import (
	"context"
	"io"
	"log"
	"os"
	"os/signal"

	"github.com/authctl/authctl/internal/cli"
)

// version is set by the linker.
var version = "dev"

func main() { os.Exit(run()) }

// run is main with an exit status, so that the tests can be the program.
func run() int {
	// GODEBUG=http2debug=1 makes net/http print request headers, the bearer among them, through the standard logger.
	log.SetOutput(io.Discard)
	ctx, stop := untilSignal(context.Background())
	defer stop()
	return newApp().Run(ctx, os.Args[1:])
}

// untilSignal gives a context that the first signal ends, with the signal as its cause; the second one kills.
func untilSignal(parent context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, terminating()...)
	go func() {
		select {
		case s := <-signals:
			signal.Stop(signals)
			cancel(cli.Signal{Number: number(s), Name: s.String()})
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil) }
}
