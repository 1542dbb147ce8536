//go:build unix

package iostreams

import (
	"io"
	"strings"
	"syscall"
	"testing"
	"time"
)

// bash lets a program go on with a mode that echoes, whatever the program's own mode was when Ctrl-Z stopped it.
func TestASecretIsNotEchoedAfterAStop(t *testing.T) {
	looks, again := 0, make(chan any, 1)
	s := &Streams{
		In: strings.NewReader(""), Err: io.Discard, InTTY: true, ErrTTY: true,
		mode: func() any {
			looks++
			return map[bool]string{true: "echoes", false: "quiet"}[looks == 1]
		},
		setMode: func(mode any) {
			select {
			case again <- mode:
			default: // one is enough
			}
		},
	}
	s.readSecret = func() ([]byte, error) {
		deadline := time.After(10 * time.Second)
		for { // the first ones may come before anybody listens
			if err := syscall.Kill(syscall.Getpid(), syscall.SIGCONT); err != nil {
				return nil, err
			}
			select {
			case mode := <-again:
				return []byte(mode.(string)), nil
			case <-deadline:
				return nil, io.ErrNoProgress
			case <-time.After(5 * time.Millisecond):
			}
		}
	}
	if mode, err := s.Password(t.Context(), "password"); err != nil || mode != "quiet" {
		t.Errorf("set to %q, %v", mode, err)
	}
}
