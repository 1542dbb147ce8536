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

func TestADeviceIsRefused(t *testing.T) {
	_, err := resolve(t, resolver(t), "file:/dev/zero")
	if got := unresolved(t, err, fault.Config); !strings.Contains(got, "it is neither a file nor a pipe") {
		t.Error(got)
	}
}
