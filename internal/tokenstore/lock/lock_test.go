package lock_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/tokenstore/lock"
)

func locker(t *testing.T) (*lock.Locker, string) {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "locks")
	return lock.New(lock.Dirs{Shared: folder}), folder
}

func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func TestOneAtATimeHoldsALock(t *testing.T) {
	l, _ := locker(t)
	var wg sync.WaitGroup
	var inside atomic.Int32
	for range 10 {
		wg.Go(func() {
			unlock, err := l.Lock(within(t, 20*time.Second), "name")
			if err != nil {
				t.Error(err)
				return
			}
			if n := inside.Add(1); n != 1 {
				t.Errorf("%d hold the lock", n)
			}
			inside.Add(-1)
			unlock()
			unlock()
		})
	}
	wg.Wait()
}

func TestALockIsWaitedForHalfAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _ := locker(t)
		unlock, err := l.Lock(t.Context(), "name")
		if err != nil {
			t.Fatal(err)
		}
		defer unlock()
		began := time.Now()
		_, err = l.Lock(t.Context(), "name")
		if took := time.Since(began); fault.From(err).Code != "store.lock_timeout" || took != 30*time.Second {
			t.Errorf("after %v: %v", took, err)
		}
	})
}

func TestAHeldLockIsATypedErrorThatNamesTheFile(t *testing.T) {
	l, folder := locker(t)
	unlock, err := l.Lock(t.Context(), "name")
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	_, err = l.Lock(within(t, 50*time.Millisecond), "name")
	e := fault.From(err)
	if e.Kind != fault.Store || e.Code != "store.lock_timeout" || !e.Retryable || !strings.Contains(err.Error(), folder) {
		t.Fatalf("Lock = %v (%+v)", err, e)
	}
	other, err := l.Lock(within(t, time.Second), "another name")
	if err != nil {
		t.Fatalf("another name waits too: %v", err)
	}
	other()
}

func TestACancelledWaitIsCancelled(t *testing.T) {
	l, _ := locker(t)
	unlock, err := l.Lock(t.Context(), "name")
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(30*time.Millisecond, cancel)
	if _, err := l.Lock(ctx, "name"); !errors.Is(err, context.Canceled) || fault.From(err).Kind != fault.Canceled {
		t.Fatalf("Lock = %v", err)
	}
}

func TestLockFilesStayAndTheirNamesSayNothing(t *testing.T) {
	l, folder := locker(t)
	unlock, err := l.Lock(t.Context(), "../secret-name")
	if err != nil {
		t.Fatal(err)
	}
	unlock()
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != 1 || strings.Contains(entries[0].Name(), "secret") || len(entries[0].Name()) != 32+len(".lock") {
		t.Fatalf("%v, %v", entries, err)
	}
}

func TestTheRuntimeFolderIsUsedWhereItIsOne(t *testing.T) {
	runtime, shared := t.TempDir(), filepath.Join(t.TempDir(), "shared")
	for value, want := range map[string]string{
		runtime: filepath.Join(runtime, "authctl"), "": shared, "relative": shared, filepath.Join(runtime, "absent"): shared,
	} {
		l := lock.New(lock.Dirs{Runtime: value, Shared: shared})
		unlock, err := l.Lock(t.Context(), value)
		if err != nil {
			t.Fatal(err)
		}
		unlock()
		if entries, err := os.ReadDir(want); err != nil || len(entries) == 0 {
			t.Errorf("Runtime %q: nothing in %s: %v", value, want, err)
		}
	}
}

func TestNoPlaceForLocksIsATypedError(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	l := lock.New(lock.Dirs{Shared: file})
	_, err := l.Lock(t.Context(), "name")
	if !fault.Is(err, fault.Store) || fault.From(err).Code != "store.lock_unavailable" || !strings.Contains(err.Error(), file) {
		t.Errorf("Lock = %v", err)
	}
	if _, ok := l.ReadState("name"); ok {
		t.Error("a state came from nowhere")
	}
	if l.WriteState("name", nil) == nil || l.ClearState("name") == nil {
		t.Error("what was not done was said to be done")
	}
}

func TestAStateIsReadReplacedAndCleared(t *testing.T) {
	l, _ := locker(t)
	if _, ok := l.ReadState("name"); ok {
		t.Fatal("a state came from nowhere")
	}
	for _, want := range []string{"one", "", strings.Repeat("x", 4<<10)} {
		if err := l.WriteState("name", []byte(want)); err != nil {
			t.Fatal(err)
		}
		if got, ok := l.ReadState("name"); !ok || string(got) != want {
			t.Fatalf("ReadState = %d bytes, %v", len(got), ok)
		}
	}
	if err := l.WriteState("name", make([]byte, 4<<10+1)); err == nil {
		t.Error("a giant state was taken")
	}
	for range 2 {
		if err := l.ClearState("name"); err != nil {
			t.Fatal(err)
		}
	}
	if _, ok := l.ReadState("name"); ok {
		t.Error("the state is still there")
	}
}

func TestWithAndWithoutARuntimeFolderTheLockIsOne(t *testing.T) {
	shared := filepath.Join(t.TempDir(), "shared")
	session, job := lock.New(lock.Dirs{Runtime: t.TempDir(), Shared: shared}), lock.New(lock.Dirs{Shared: shared})
	for _, order := range [][2]*lock.Locker{{session, job}, {job, session}} {
		unlock, err := order[0].Lock(t.Context(), "name")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := order[1].Lock(within(t, 30*time.Millisecond), "name"); fault.From(err).Code != "store.lock_timeout" {
			t.Errorf("both have the lock: %v", err)
		}
		unlock()
		again, err := order[1].Lock(within(t, time.Second), "name")
		if err != nil {
			t.Fatal(err)
		}
		again()
	}
}

func TestASharedFolderThatDoesNotServeKeepsNobodyFromTheRuntimeFolder(t *testing.T) {
	for _, shared := range unfit(t) {
		unlock, err := lock.New(lock.Dirs{Runtime: t.TempDir(), Shared: shared}).Lock(t.Context(), "name")
		if err != nil {
			t.Fatalf("%s: %v", shared, err)
		}
		unlock()
	}
}

// unfit are shared folders that do not serve: a file, and a link that somebody may have planted.
func unfit(t *testing.T) []string {
	t.Helper()
	folder := t.TempDir()
	file, planted := filepath.Join(folder, "file"), filepath.Join(folder, "planted")
	if err := errors.Join(os.WriteFile(file, nil, 0o600), os.Symlink(t.TempDir(), planted)); err != nil {
		t.Fatal(err)
	}
	return []string{file, planted}
}
