package config

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/authctl/authctl/internal/fault"
)

const maxFile = 1 << 20

// source is the file as it was read.
type source struct {
	data    []byte
	mode    fs.FileMode
	info    fs.FileInfo // nil: there was no file
	private bool        // its owner alone can read it
}

// open reads profiles.yaml once, after it has judged what it opened: nobody but the user and root may be able to
// change it, or they could send the user's tokens where they like.
func (l *Loader) open(path string) (source, error) {
	if path != "" && os.IsPathSeparator(path[len(path)-1]) {
		return source{}, notAFile(path)
	}
	// Asked before opening, since opening a pipe or a device may wait or have effects.
	info, err := os.Stat(path)
	if err != nil {
		return source{}, missing(path, err)
	}
	if err := l.judge(path, info); err != nil {
		return source{}, err
	}
	f, err := os.OpenFile(path, os.O_RDONLY|nonblock, 0)
	if err != nil {
		return source{}, missing(path, err)
	}
	defer func() { _ = f.Close() }()
	if info, err = f.Stat(); err != nil {
		return source{}, missing(path, err)
	}
	if err := l.judge(path, info); err != nil {
		return source{}, err
	}
	var data bytes.Buffer
	data.Grow(int(min(info.Size(), maxFile)) + bytes.MinRead)
	if _, err := data.ReadFrom(io.LimitReader(f, maxFile+1)); err != nil {
		return source{}, missing(path, err)
	}
	if data.Len() > maxFile {
		return source{}, tooLarge(path)
	}
	return source{data: data.Bytes(), mode: info.Mode().Perm(), info: info, private: isPrivate(info)}, nil
}

func (l *Loader) judge(path string, info fs.FileInfo) error {
	switch {
	case !info.Mode().IsRegular():
		return notAFile(path)
	case ownedByOther(info, l.UID):
		return fault.New(fault.Config, "config.permissions", "%s: it belongs to another user, who could send your tokens elsewhere", path).
			Hint("copy it: cp %s FILE, then --config FILE", quoted(path))
	case writableByOthers(info):
		return fault.New(fault.Config, "config.permissions", "%s: others than its owner can change it", path).
			Hint("chmod go-w %s", quoted(path))
	case info.Size() > maxFile:
		return tooLarge(path)
	}
	return nil
}

func notAFile(path string) error {
	return fault.New(fault.Config, "config.not_a_file", "%s: it is not an ordinary file", path).
		Hint("name another file with --config FILE or AUTHCTL_CONFIG")
}

func tooLarge(path string) error {
	return fault.New(fault.Config, "config.too_large", "%s: it is larger than 1 MiB", path)
}

func missing(path string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fault.New(fault.Config, codeNotFound, "%s: there is no such file", path).
			Hint("authctl profile add").Hint("or name another file with --config FILE or AUTHCTL_CONFIG")
	}
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		err = e.Err
	}
	return fault.New(fault.Config, "config.unreadable", "%s: %w", path, err).Hint("ls -l %s", quoted(path))
}

// quoted makes a path one word of a shell.
func quoted(path string) string {
	plain := func(r rune) bool {
		return r == '/' || r == '.' || r == '_' || r == '-' || r == '~' || r == ':' || r == '\\' ||
			'0' <= r && r <= '9' || 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z'
	}
	if path != "" && strings.IndexFunc(path, func(r rune) bool { return !plain(r) }) < 0 {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}
