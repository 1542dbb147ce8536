package lock

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/authctl/authctl/internal/tokenstore/privatefile"
)

// maxState bounds what one name may remember.
const maxState = 4 << 10

// ReadState gives what WriteState last kept for a name. What cannot be read is not there: the state is a courtesy to
// servers, never something to rely on.
func (l *Locker) ReadState(name string) ([]byte, bool) {
	path, err := l.path(name, ".state")
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
	path, err := l.path(name, ".state")
	if err != nil {
		return err
	}
	return privatefile.Replace(path, data, privatefile.Expendable)
}

// ClearState forgets what the name had, if anything.
func (l *Locker) ClearState(name string) error {
	path, err := l.path(name, ".state")
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
