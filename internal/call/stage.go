package call

import (
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/authctl/authctl/internal/fault"
)

// maxLinks is how many symbolic links are followed to a file that does not exist yet.
const maxLinks = 40

// stagedFile is a file that is written beside its target and takes its place when it is whole.
type stagedFile struct {
	file   *os.File
	target string
	note   string // the name of what says of which version the file is the beginning, and lets it outlive a failure; or empty
	source string // the hash of what it is fetched from, with note
}

// openTarget opens path for writing: a regular or a new file by a staged one, anything else directly. An existing file
// is opened first, unharmed, to learn what it is and whether it may be written. Links are written through, as by curl.
func openTarget(path string) (*stagedFile, *os.File, error) {
	existing, err := os.OpenFile(path, os.O_WRONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		target, err := followLinks(path)
		if err != nil {
			return nil, nil, err
		}
		stage, err := newStage(target, 0o666) // for the umask to narrow
		return stage, nil, err
	}
	if err != nil {
		return nil, nil, err
	}
	info, err := existing.Stat()
	if err == nil && !info.Mode().IsRegular() {
		return nil, existing, nil
	}
	_ = existing.Close()
	if err != nil {
		return nil, nil, err
	}
	stage, err := replacement(path, info.Mode().Perm())
	return stage, nil, err
}

// stream is the one of the process's own streams that Path is another name of (/dev/stdout), where that goes to a file:
// what others wrote to that file must not be replaced. Nil: none of them.
func (o Output) stream() io.Writer {
	info, err := os.Stat(o.Path)
	if err != nil || !info.Mode().IsRegular() {
		return nil
	}
	for _, w := range []io.Writer{o.Stdout, o.Stderr} {
		if f, ok := w.(*os.File); ok {
			if own, err := f.Stat(); err == nil && os.SameFile(own, info) {
				return f
			}
		}
	}
	return nil
}

// replacement stages what will take the place of the file that path leads to, with that file's mode.
func replacement(path string, mode fs.FileMode) (*stagedFile, error) {
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil, err
	}
	stage, err := newStage(target, mode)
	if err != nil {
		return nil, err
	}
	if err := stage.file.Chmod(mode); err != nil { // the umask is for new files
		stage.discard()
		return nil, err
	}
	return stage, nil
}

// newStage makes the file under a name that nobody can guess, in the target's folder, so that the rename is atomic.
func newStage(target string, mode fs.FileMode) (*stagedFile, error) {
	if base := filepath.Base(target); base == "." || base == string(filepath.Separator) {
		return nil, fault.New(fault.IO, "io.write", "%s is a directory", target)
	}
	name := filepath.Join(filepath.Dir(target), ".authctl-"+rand.Text()+".part")
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if failed, ok := errors.AsType[*fs.PathError](err); ok {
		failed.Path = target // the name that the user knows
	}
	if err != nil {
		return nil, err
	}
	return &stagedFile{file: f, target: target}, nil
}

// commit puts the file in its place. A close that fails (a full disk, a quota) leaves what was there.
func (s *stagedFile) commit() error {
	err := s.file.Close()
	if err == nil {
		err = os.Rename(s.file.Name(), s.target)
	}
	if err != nil {
		_ = os.Remove(s.file.Name())
	}
	if s.note != "" {
		_ = os.Remove(s.note)
	}
	return err
}

// discard leaves nothing, unless there is a note by which the rest can be asked for.
func (s *stagedFile) discard() {
	_ = s.file.Close()
	if s.note != "" {
		if _, err := os.Lstat(s.note); err == nil {
			return
		}
	}
	_ = os.Remove(s.file.Name())
}

// followLinks gives the name that a chain of dangling symbolic links ends in.
func followLinks(path string) (string, error) {
	for range maxLinks {
		link, err := os.Readlink(path)
		if err != nil {
			return path, nil //nolint:nilerr // no link, or nothing: opening it will tell
		}
		if !filepath.IsAbs(link) {
			link = filepath.Join(filepath.Dir(path), link)
		}
		path = link
	}
	return "", errors.New("too many symbolic links: " + path)
}
