package child

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/authctl/authctl/internal/secret"
)

// File is a private file that a program reads when it likes, with a text that may change under it.
type File struct{ dir string }

// NewFile makes a folder that is the user's alone below parent ("" is the folder for temporary files), and in it the
// file. Remove it.
func NewFile(parent string, text secret.String) (*File, error) {
	dir, err := os.MkdirTemp(parent, "authctl-")
	if err != nil {
		return nil, err
	}
	f := &File{dir: dir}
	if err := f.Replace(text); err != nil {
		return nil, errors.Join(err, f.Remove())
	}
	return f, nil
}

// Path is the file's name.
func (f *File) Path() string { return filepath.Join(f.dir, "token") }

// Replace changes the text. Who reads at that moment reads the old one or the new one, whole.
func (f *File) Replace(text secret.String) error {
	next := f.Path() + ".next"
	if err := os.Remove(next); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := writeNew(next, text); err != nil {
		return err
	}
	return os.Rename(next, f.Path())
}

// Remove takes file and folder away.
func (f *File) Remove() error { return os.RemoveAll(f.dir) }

// writeNew makes a file that nobody else can read, where none is.
func writeNew(path string, text secret.String) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text.Reveal())
	return errors.Join(err, f.Close())
}
