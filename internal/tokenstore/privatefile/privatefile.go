// Package privatefile reads and writes small files that belong to one user alone. What another user could have
// planted or changed is refused: a symbolic link, a pipe, a file of another owner, a file that others may read.
// It never writes into a file that is there: a new one takes its place whole.
package privatefile

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// UntrustedError is a path that must not be used as it is.
type UntrustedError struct {
	Path string
	Why  string // "belongs to another user"
	Fix  string // a command that the user can type; empty where there is none
}

func (e *UntrustedError) Error() string { return e.Path + " " + e.Why }

// ErrTooLong is a file that holds more than the reader expects.
var ErrTooLong = errors.New("the file is too long")

const tempSuffix = ".tmp"

// IsTemp reports whether a file's name is one that Replace uses while it writes. One that is left after a crash is
// nobody's.
func IsTemp(name string) bool {
	return strings.HasPrefix(name, ".") && strings.HasSuffix(name, tempSuffix)
}

// Read gives the content of a private file. It opens without following a link and without waiting for a pipe's
// writer; a file longer than limit is an error. An absent file is [fs.ErrNotExist].
func Read(path string, limit int64) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|NoFollow, 0)
	if err != nil {
		return nil, openError(path, err)
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if err := trusted(path, info); err != nil {
		return nil, err
	}
	if info.Size() > limit {
		return nil, fmt.Errorf("%s: %d bytes: %w", path, info.Size(), ErrTooLong)
	}
	data := make([]byte, info.Size())
	if _, err := io.ReadFull(f, data); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return data, nil
}

func trusted(path string, info fs.FileInfo) error {
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		return &UntrustedError{Path: path, Why: "is a symbolic link"}
	case !info.Mode().IsRegular():
		return &UntrustedError{Path: path, Why: "is not a regular file"}
	case !ownedByUser(info):
		return &UntrustedError{Path: path, Why: "belongs to another user"}
	case openToOthers(info, 0o077):
		return &UntrustedError{Path: path, Why: "can be used by other users", Fix: "chmod 600 " + path}
	}
	return nil
}

// Durability says what a crash of the machine may cost.
type Durability uint8

// The durabilities.
const (
	Expendable Durability = iota // the file may be lost: what it holds can be got again
	Durable                      // the file is on the disk when the call returns
)

// Replace puts a file of mode 0600 in the place of whatever is at path, whole or not at all. The folder must be there.
func Replace(path string, data []byte, d Durability) error {
	temp, err := writeTemp(filepath.Dir(path), data, d)
	if err != nil {
		return err
	}
	if err := rename(temp, path); err != nil {
		_ = os.Remove(temp)
		return err
	}
	return syncFolder(filepath.Dir(path), d)
}

// Create puts a file of mode 0600 at path, whole, unless something is there: that is [fs.ErrExist], and of many who
// try at once one wins.
func Create(path string, data []byte) error {
	temp, err := writeTemp(filepath.Dir(path), data, Durable)
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temp) }()
	err = os.Link(temp, path)
	switch {
	case err == nil:
		return syncFolder(filepath.Dir(path), Durable)
	case errors.Is(err, fs.ErrExist):
		return err
	}
	// A file system without hard links. The caller's lock is what is left.
	if _, statErr := os.Lstat(path); statErr == nil {
		return fs.ErrExist
	}
	if err := os.Rename(temp, path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path), Durable)
}

func writeTemp(folder string, data []byte, d Durability) (name string, err error) {
	name = filepath.Join(folder, "."+rand.Text()+tempSuffix)
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	_, err = f.Write(data)
	if err == nil && d == Durable {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		_ = os.Remove(name)
		return "", err
	}
	return name, nil
}
