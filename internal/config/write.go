package config

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/authctl/authctl/internal/fault"
)

// replace writes data beside the file and renames it, so that a reader sees the old file or the new one. A symbolic
// link stays one: what it points at is replaced. A file that somebody changed since it was read is left alone.
func (l *Loader) replace(path string, src source, data []byte) error {
	target := path
	if resolved, err := filepath.EvalSymlinks(path); err == nil {
		target = resolved
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o700); err != nil {
		return unwritten(path, err)
	}
	temp, err := writeBeside(target, src.mode, data)
	if err != nil {
		return unwritten(path, err)
	}
	if err := unchanged(target, src.data); err != nil {
		return errors.Join(err, os.Remove(temp))
	}
	if err := os.Rename(temp, target); err != nil {
		_ = os.Remove(temp)
		return unwritten(path, err)
	}
	return nil
}

// writeBeside writes a temporary file in target's folder, which nobody else can read before it has its mode.
func writeBeside(target string, mode fs.FileMode, data []byte) (name string, err error) {
	f, err := os.CreateTemp(filepath.Dir(target), ".profiles-*.tmp")
	if err != nil {
		return "", err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Chmod(mode)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), nil
}

func unchanged(target string, before []byte) error {
	now, err := os.ReadFile(target)
	if errors.Is(err, fs.ErrNotExist) && before == nil || err == nil && bytes.Equal(now, before) {
		return nil
	}
	return fault.New(fault.Config, "config.changed", "%s: somebody changed it at the same time", target).Hint("try again")
}

func unwritten(path string, err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		err = e.Err
	}
	return fault.New(fault.IO, "io.write", "%w", err).Doing("writing %s", path)
}
