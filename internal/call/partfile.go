package call

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/authctl/authctl/internal/fault"
)

// maxNote bounds the file beside a part.
const maxNote = 16 << 10

// note is what lies beside a part. It holds no URL, which may be a secret, but its hash.
type note struct {
	URL       string `json:"url_sha256"`
	Validator string `json:"if_range"`
	Total     int64  `json:"size"`
}

// openPart opens what is there of path, or begins it: FILE.authctl-part, with FILE.authctl-part.json that says of what
// it is the beginning. Whatever cannot be trusted to be that is begun anew.
func openPart(path, source string) (*stagedFile, *part, error) {
	target, err := partTarget(path)
	if err != nil {
		return nil, nil, err
	}
	name := target + ".authctl-part"
	file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666) //nolint:gosec // G302: as curl, for the umask to narrow
	fresh := err == nil
	if errors.Is(err, fs.ErrExist) {
		file, err = openOwn(name)
	}
	if err != nil {
		return nil, nil, err
	}
	if err := LockFile(file); err != nil {
		_ = file.Close()
		return nil, nil, fault.New(fault.IO, "io.busy", "%s is being written by another process", name)
	}
	stage := &stagedFile{file: file, target: target, note: name + ".json"}
	if !fresh {
		if p := stage.recall(source); p != nil {
			return stage, p, nil
		}
	}
	stage.source = hash(source)
	if err := errors.Join(stage.forget(), stage.rewind()); err != nil {
		stage.discard()
		return nil, nil, err
	}
	return stage, nil, nil
}

// partTarget is the file that path leads to, which must be one that can be replaced.
func partTarget(path string) (string, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return followLinks(path)
	case err != nil:
		return "", err
	case !info.Mode().IsRegular():
		return "", fault.New(fault.IO, "io.write", "%s is no file that could be continued", path)
	}
	return filepath.EvalSymlinks(path)
}

// openOwn opens a plain file of this user's: its name can be guessed, and who else may write to the folder could have
// put anything there.
func openOwn(name string) (*os.File, error) {
	named, err := os.Lstat(name)
	if err != nil {
		return nil, err
	}
	file, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	opened, err := file.Stat()
	if err == nil && (!named.Mode().IsRegular() || !os.SameFile(named, opened) || !isOwn(opened)) {
		err = fault.New(fault.IO, "io.write", "%s is no plain file of yours", name).Hint("remove it")
	}
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	return file, nil
}

// recall reads the note and stands behind what is there; nil where the two do not belong together, or to source.
func (s *stagedFile) recall(source string) *part {
	s.source = hash(source)
	f, err := openOwn(s.note)
	if err != nil {
		return nil
	}
	defer func() { _ = f.Close() }()
	var n note
	if err := json.NewDecoder(io.LimitReader(f, maxNote)).Decode(&n); err != nil {
		return nil
	}
	have, err := s.file.Seek(0, io.SeekEnd)
	if err != nil || have == 0 || n.URL != s.source || !isFieldValue(n.Validator) || n.Validator == "" ||
		n.Total >= 0 && have > n.Total {
		return nil
	}
	return &part{have: have, validator: n.Validator, total: n.Total}
}

// remember writes the note of what is about to be written, or takes it away where the rest could never be asked for.
func (s *Sink) remember() error {
	if s.stage == nil || s.stage.note == "" {
		return nil
	}
	if s.part == nil {
		return outputFaultOrNil(s.stage.forget())
	}
	text, err := json.Marshal(note{URL: s.stage.source, Validator: s.part.validator, Total: s.part.total})
	if err != nil {
		return outputFault(err)
	}
	stage, err := newStage(s.stage.note, 0o600)
	if err != nil {
		return outputFault(err)
	}
	if _, err := stage.file.Write(text); err != nil {
		stage.discard()
		return outputFault(err)
	}
	return outputFaultOrNil(stage.commit())
}

func (s *stagedFile) forget() error {
	if err := os.Remove(s.note); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (s *stagedFile) rewind() error {
	if err := s.file.Truncate(0); err != nil {
		return err
	}
	_, err := s.file.Seek(0, io.SeekStart)
	return err
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func outputFaultOrNil(err error) error {
	if err == nil {
		return nil
	}
	return outputFault(err)
}
