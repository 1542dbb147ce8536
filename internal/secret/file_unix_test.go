//go:build unix

package secret_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/secret"
)

func makeFIFO(t *testing.T, path string) {
	t.Helper()
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestAPipeThatNobodyWritesToCostsTheTimeOutAlone(t *testing.T) {
	r := resolver(t)
	r.Timeout = 50 * time.Millisecond
	path := filepath.Join(r.Dir, "fifo")
	makeFIFO(t, path)
	start := time.Now()
	_, err := resolve(t, r, "file:fifo")
	if got := unresolved(t, err, fault.Config); !strings.Contains(got, "longer than 50ms") || time.Since(start) > 5*time.Second {
		t.Errorf("%s after %s", got, time.Since(start))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r.Timeout = time.Minute
	if _, err := r.Resolve(ctx, secret.Ref{Scheme: secret.File, Arg: secret.New("fifo")}, "x"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	go func() { _ = os.WriteFile(path, []byte(planted+"\n"), 0) }()
	if got, err := resolve(t, r, "file:fifo"); got != planted && err == nil {
		t.Errorf("a pipe that is written to: %q, %v", got, err)
	}
}

func TestAPipeIsReadOnceAndAFileAnew(t *testing.T) {
	pipes := &secret.Pipes{}
	r := resolver(t)
	r.Pipes = pipes
	path := filepath.Join(r.Dir, "fifo")
	makeFIFO(t, path)
	go func() { _ = os.WriteFile(path, []byte(planted+"\n"), 0) }()
	regular := put(t, r.Dir, "regular", "first")
	for _, want := range []string{"first", "second"} {
		if got, err := resolve(t, r, "file:fifo"); got != planted || err != nil {
			t.Errorf("%q, %v", got, err)
		}
		if got, err := resolve(t, r, "file:regular"); got != want || err != nil {
			t.Errorf("%q, %v", got, err)
		}
		if err := os.WriteFile(regular, []byte("second"), 0o600); err != nil {
			t.Fatal(err)
		}
		r = resolver(t) // another one of the same run
		r.Pipes, r.Dir = pipes, filepath.Dir(path)
	}
}

func TestAPipeThatGaveNothingIsReadAgain(t *testing.T) {
	r := resolver(t)
	r.Pipes = &secret.Pipes{}
	path := filepath.Join(r.Dir, "fifo")
	makeFIFO(t, path)
	for _, text := range []string{"", planted} {
		go func() { _ = os.WriteFile(path, []byte(text), 0) }()
		if got, err := resolve(t, r, "file:fifo"); got != text || (err == nil) != (text != "") {
			t.Errorf("%q, %v", got, err)
		}
	}
}

func TestADeviceIsRefused(t *testing.T) {
	_, err := resolve(t, resolver(t), "file:/dev/zero")
	if got := unresolved(t, err, fault.Config); !strings.Contains(got, "it is neither a file nor a pipe") {
		t.Error(got)
	}
}
