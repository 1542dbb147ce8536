//go:build !windows

package lock_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/tokenstore/lock"
	"github.com/authctl/authctl/internal/tokenstore/privatefile"
)

const holderFolder = "LOCK_TEST_FOLDER"

// TestMain lets the test program stand for another process that holds a lock until it is killed.
func TestMain(m *testing.M) {
	folder := os.Getenv(holderFolder)
	if folder == "" {
		os.Exit(m.Run())
	}
	fmt.Println(hold(folder))
	os.Exit(1)
}

// hold has the lock until the process is killed.
func hold(folder string) error {
	unlock, err := lock.New(lock.Dirs{Shared: folder}).Lock(context.Background(), "name")
	if err != nil {
		return err
	}
	defer unlock() // the collector would close a file that nobody refers to any more
	fmt.Println("held")
	time.Sleep(time.Minute) // an endless wait, with no other goroutine about, ends as a deadlock
	return errors.New("nobody came to kill the holder")
}

func holder(t *testing.T, folder string) *os.Process {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), holderFolder+"="+folder)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "held\n" {
		t.Fatalf("the holder says %q, %v", line, err)
	}
	return cmd.Process
}

func TestALockIsFreeWhenItsHolderIsKilled(t *testing.T) {
	l, folder := locker(t)
	p := holder(t, folder)
	if err := p.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	unlock, err := l.Lock(within(t, 5*time.Second), "name")
	if err != nil {
		t.Fatal(err)
	}
	unlock()
}

func TestAStoppedHolderIsWaitedForNoLongerThanAsked(t *testing.T) {
	l, folder := locker(t)
	if err := holder(t, folder).Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Lock(within(t, 100*time.Millisecond), "name"); fault.From(err).Code != "store.lock_timeout" {
		t.Fatalf("Lock = %v", err)
	}
}

func TestAPlantedFolderOrFileIsRefused(t *testing.T) {
	victim := t.TempDir()
	planted := filepath.Join(t.TempDir(), "locks")
	if err := os.Symlink(victim, planted); err != nil {
		t.Fatal(err)
	}
	_, err := lock.New(lock.Dirs{Shared: planted}).Lock(t.Context(), "name")
	if _, ok := errors.AsType[*privatefile.UntrustedError](err); !ok || !fault.Is(err, fault.Store) {
		t.Errorf("a linked folder: %v", err)
	}

	l, folder := locker(t)
	unlock, err := l.Lock(t.Context(), "name")
	if err != nil {
		t.Fatal(err)
	}
	unlock()
	files, err := filepath.Glob(filepath.Join(folder, "*.lock"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	if err := errors.Join(os.Remove(files[0]), os.Symlink(filepath.Join(victim, "made"), files[0])); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Lock(t.Context(), "name"); !fault.Is(err, fault.Store) {
		t.Errorf("a linked lock file: %v", err)
	}
	if entries, _ := os.ReadDir(victim); len(entries) != 0 {
		t.Errorf("a link was followed: %v", entries)
	}
}

func TestARuntimeFolderOfAnotherUserIsNotUsed(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: only root can give a folder to another user")
	}
	runtime, shared := t.TempDir(), filepath.Join(t.TempDir(), "shared")
	if err := os.Chown(runtime, 12345, 12345); err != nil {
		t.Fatal(err)
	}
	unlock, err := lock.New(lock.Dirs{Runtime: runtime, Shared: shared}).Lock(t.Context(), "name")
	if err != nil {
		t.Fatal(err)
	}
	unlock()
	if entries, _ := os.ReadDir(runtime); len(entries) != 0 {
		t.Errorf("it was used: %v", entries)
	}
}
