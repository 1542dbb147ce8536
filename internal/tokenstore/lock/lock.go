// Package lock lets one process at a time do what must be done once: get a token for an identity, make a key. The
// kernel gives a lock back when its holder dies, however it dies. Lock files are never deleted, since a process that
// waits on a deleted file waits for nobody, and their names are hashes. It is no place for secrets.
package lock

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/tokenstore"
	"github.com/authctl/authctl/internal/tokenstore/privatefile"
)

// Dirs says where the lock folder may be.
type Dirs struct {
	Runtime string // $XDG_RUNTIME_DIR; used when it is an absolute path of a folder of the user's own
	Shared  string // the folder to use instead; empty for the platform's per-user one
}

// Locker makes the locks of one user.
type Locker struct{ dirs Dirs }

// New makes a Locker. It touches nothing until the first lock.
func New(dirs Dirs) *Locker { return &Locker{dirs: dirs} }

// patience is how long a lock is waited for: who has it may be in the middle of a token request.
const patience = 30 * time.Second

// Lock waits for the lock of a name for 30 seconds or until ctx ends, and gives the function that releases it, which may
// be called twice. Time that runs out is a typed error which names the lock file; a cancelled ctx is its own error.
//
// A desktop's session has a runtime folder, and a job of cron for the same user has none: who has the lock of the first
// takes that of the second as well, as far as it is to be had.
func (l *Locker) Lock(ctx context.Context, name string) (unlock func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	path, err := l.path(name)
	if err != nil {
		return nil, err
	}
	first, err := take(ctx, path)
	if err != nil {
		return nil, err
	}
	shared := l.shared(path)
	if shared == "" {
		return first, nil
	}
	second, err := take(ctx, shared)
	switch {
	case err == nil:
		return func() { second(); first() }, nil
	case ctx.Err() != nil:
		first()
		return nil, err
	}
	return first, nil // a folder that does not serve keeps nobody from the first one's lock
}

// shared is the same file in the folder that processes without a runtime folder use; empty where there is none other.
func (l *Locker) shared(path string) string {
	folders, err := l.dirs.candidates()
	if err != nil || filepath.Dir(path) != folders[0] || len(folders) == 1 || privatefile.Folder(folders[1]) != nil {
		return ""
	}
	return filepath.Join(folders[1], filepath.Base(path))
}

// take waits for one lock file.
func take(ctx context.Context, path string) (unlock func(), err error) {
	f := flock.New(path, flock.SetFlag(os.O_CREATE|os.O_RDONLY|privatefile.NoFollow))
	for {
		ok, err := f.TryLock()
		if err != nil {
			return nil, unusable(path, err)
		}
		if ok {
			return func() { _ = f.Unlock() }, nil
		}
		if err := pause(ctx); err != nil {
			return nil, notReleased(path, err)
		}
	}
}

// pause waits 5 to 20 ms, so that many waiters do not come back at once.
func pause(ctx context.Context) error {
	t := time.NewTimer(5*time.Millisecond + rand.N(15*time.Millisecond))
	defer t.Stop()
	select {
	case <-t.C:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

func notReleased(path string, err error) error {
	if !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	e := fault.New(fault.Store, "store.lock_timeout", "another authctl process did not release %s in time: %w", path, tokenstore.ErrTimedOut)
	e.Retryable = true
	return e.Hint("see which process holds it: fuser -v %s", path)
}

func unusable(path string, err error) error {
	e := fault.New(fault.Store, "store.lock_unavailable", "no lock at %s: %w", path, err)
	if u, ok := errors.AsType[*privatefile.UntrustedError](err); ok && u.Fix != "" {
		return e.Hint("%s", u.Fix)
	}
	return e.Hint("make %s a folder of your own with mode 0700, or set XDG_RUNTIME_DIR to one", filepath.Dir(path))
}

// path is where the lock file of a name lies, in a folder that is there.
func (l *Locker) path(name string) (string, error) {
	folder, err := l.folder()
	if err != nil {
		return "", err
	}
	return filepath.Join(folder, fileName(name, ".lock")), nil
}

func fileName(name, suffix string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:16]) + suffix
}

// folder finds the folder: below the runtime folder, else the shared one where the first cannot be written to. A folder
// that somebody else could have planted is an error, never a reason to look further.
func (l *Locker) folder() (string, error) {
	candidates, err := l.dirs.candidates()
	if err != nil {
		return "", fault.New(fault.Store, "store.lock_unavailable", "no place for lock files: %w", err)
	}
	var last error
	for _, folder := range candidates {
		err := privatefile.Folder(folder)
		if err == nil {
			return folder, nil
		}
		last = unusable(filepath.Join(folder, "*.lock"), err)
		if _, ok := errors.AsType[*privatefile.UntrustedError](err); ok {
			break
		}
	}
	return "", last
}

func (d Dirs) candidates() ([]string, error) {
	var out []string
	if filepath.IsAbs(d.Runtime) && privatefile.IsOwnFolder(d.Runtime) {
		out = append(out, filepath.Join(d.Runtime, "authctl"))
	}
	if d.Shared != "" {
		return append(out, d.Shared), nil
	}
	shared, err := perUser()
	if err != nil {
		return nil, fmt.Errorf("find the user's folder: %w", err)
	}
	return append(out, shared), nil
}
