package lock

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/authctl/authctl/internal/tokenstore/privatefile"
)

// maxState bounds what one name may remember.
const maxState = 4 << 10

// ReadState gives what WriteState last kept for a name. What cannot be read is not there: the state is a courtesy to
// servers, never something to rely on.
func (l *Locker) ReadState(name string) ([]byte, bool) {
	path, err := l.statePath(name)
	if err != nil {
		return nil, false
	}
	data, err := privatefile.Read(path, maxState)
	return data, err == nil
}

// WriteState keeps a few bytes that hold no secret for later processes, such as the time before which a server wants
// no request. It replaces what the name had.
func (l *Locker) WriteState(name string, data []byte) error {
	if len(data) > maxState {
		return fmt.Errorf("a state of %d bytes is more than %d", len(data), maxState)
	}
	path, err := l.statePath(name)
	if err != nil {
		return err
	}
	return privatefile.Replace(path, data, privatefile.Expendable)
}

// ClearState forgets what the name had, if anything.
func (l *Locker) ClearState(name string) error {
	path, err := l.statePath(name)
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// statePath is where the state of a name lies: in the shared folder, which processes with and without a runtime folder
// have in common; in the runtime folder where the shared one does not serve.
func (l *Locker) statePath(name string) (string, error) {
	candidates, err := l.dirs.candidates()
	if err != nil {
		return "", err
	}
	if shared := candidates[len(candidates)-1]; privatefile.Folder(shared) == nil {
		return filepath.Join(shared, fileName(name, ".state")), nil
	}
	folder, err := l.folder()
	if err != nil {
		return "", err
	}
	return filepath.Join(folder, fileName(name, ".state")), nil
}
