package config

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/authctl/authctl/internal/fault"
)

// replace writes data beside the file and renames it, so that a reader sees the old file or the new one. A symbolic
// link stays one: what it points at is replaced. A file that somebody changed since it was read is left alone.
func (l *Loader) replace(path string, src source, data []byte) error {
	target := realPath(path)
	if err := os.MkdirAll(filepath.Dir(target), 0o700); err != nil {
		return unwritten(path, err)
	}
	clearLeftovers(target)
	temp, err := writeBeside(target, src, data)
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

// realPath is what a path leads to through symbolic links, whether or not that is there yet: each file has one name, by
// which it is locked and replaced.
func realPath(path string) string {
	const most = 40 // links that lead to links, as on Linux
	for range most {
		if resolved, err := filepath.EvalSymlinks(path); err == nil {
			return resolved
		}
		next, err := os.Readlink(path)
		if folder := filepath.Dir(path); err != nil && folder != path {
			return filepath.Join(realPath(folder), filepath.Base(path))
		}
		if err != nil {
			return path
		}
		if !filepath.IsAbs(next) {
			next = filepath.Join(filepath.Dir(path), next)
		}
		path = next
	}
	return path
}

// A temporary file of profiles.yaml is .profiles.yaml.authctl-123.tmp.
const tempEnd = ".tmp"

func tempStart(target string) string { return "." + filepath.Base(target) + ".authctl-" }

// isTemp tells target's temporary files from its neighbours' and from the user's own.
func isTemp(target, name string) bool {
	number, ours := strings.CutPrefix(name, tempStart(target))
	number, ended := strings.CutSuffix(number, tempEnd)
	return ours && ended && number != "" && strings.Trim(number, "0123456789") == ""
}

// clearLeftovers takes away what a process that was killed left behind, which may hold secrets. Whoever else writes this
// file waits for its lock.
func clearLeftovers(target string) {
	entries, _ := os.ReadDir(filepath.Dir(target)) // no folder, nothing left in it
	for _, e := range entries {
		if isTemp(target, e.Name()) && e.Type().IsRegular() {
			_ = os.Remove(filepath.Join(filepath.Dir(target), e.Name()))
		}
	}
}

// writeBeside writes a temporary file in target's folder, which nobody else can read before it has the mode
// of the one before.
func writeBeside(target string, before source, data []byte) (name string, err error) {
	f, err := os.CreateTemp(filepath.Dir(target), tempStart(target)+"*"+tempEnd)
	if err != nil {
		return "", err
	}
	keepGroup(f, before.info)
	_, err = f.Write(data)
	if err == nil {
		err = f.Chmod(before.mode)
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
	return fault.New(fault.IO, "io.write", "%w", err).Doing("writing %s", path).
		Hint("ls -ld %s", quoted(filepath.Dir(path))).Hint("or name another file with --config FILE or AUTHCTL_CONFIG")
}
