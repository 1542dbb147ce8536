//go:build unix

package main

import (
	"os"
	"os/signal"
	"slices"
	"syscall"
)

// terminating lists the signals that end the program, but for those that the caller wants ignored (nohup). SIGQUIT is
// one of them: Go's own answer to it is a dump, and would leave a terminal that asks for a secret without echo.
func terminating() []os.Signal {
	return slices.DeleteFunc([]os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT}, signal.Ignored)
}

// outliveReaders makes a write whose reader has gone an error like any other. Go's own answer to it, on standard output
// and standard error, is to die of SIGPIPE on the spot, which leaves behind what was begun: half a download, a token's
// file and the command that reads it. A command that is run gets the default action all the same.
func outliveReaders() { signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) }

func number(s os.Signal) int {
	if n, ok := s.(syscall.Signal); ok {
		return int(n)
	}
	return int(syscall.SIGINT)
}
