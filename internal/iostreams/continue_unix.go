//go:build unix

package iostreams

import (
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// onContinue calls f each time that the program goes on after a stop, until stop has returned.
func onContinue(f func()) (stop func()) {
	resumed, over := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(resumed, syscall.SIGCONT)
	var listening sync.WaitGroup
	listening.Go(func() {
		for {
			select {
			case <-resumed:
				f()
			case <-over:
				return
			}
		}
	})
	return func() {
		signal.Stop(resumed)
		close(over)
		listening.Wait()
	}
}
