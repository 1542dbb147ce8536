package batch

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/authctl/authctl/internal/call"
	"github.com/authctl/authctl/internal/fault"
)

// heading is the first line of a journal.
const heading = "authctl batch 1\n"

// syncLines is after how many lines the journal is brought to the disk. Until then it survives the end of this program,
// though not that of the machine.
const syncLines = 256

// Journal is the file by which a batch that was cut short goes on where it was: a line for each line of the input whose
// result was handed over, with a mark of that line's text, so that another input is not taken for the same. It is only
// ever appended to; a last line that was cut short does not count.
type Journal struct {
	file  *os.File
	marks []uint64 // by index; 0: not done
	fresh int      // lines that may not be on the disk yet
}

// entry is one line of the input that was done.
type entry struct {
	index int
	mark  uint64
}

// patience is how long the end of another run is waited for: one that was killed may not be gone yet.
const patience = time.Second

// OpenJournal opens the journal at path for this process alone, and makes it where there is none. Close it at the end.
func OpenJournal(ctx context.Context, path string) (*Journal, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, journalFault(err)
	}
	j := &Journal{file: f}
	if err = j.claim(ctx); err == nil {
		err = j.load()
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return j, nil
}

// claim keeps a second run out, which would send the same lines again and write over what this one notes.
func (j *Journal) claim(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fault.New(fault.IO, "io.busy", "the file of --resume is in use by another process").
		Hint("wait for its end, or name another file"))
	defer cancel()
	for call.LockFile(j.file) != nil {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(patience / 100):
		}
	}
	return nil
}

func journalFault(err error) *fault.Error {
	return fault.New(fault.IO, "io.resume", "the file of --resume: %w", err)
}

func otherInput() *fault.Error {
	return fault.New(fault.Usage, "usage.resume", "the input is not the one that the file of --resume tells of").
		Hint("give the same input again, or name a new file")
}

// load reads what was done and cuts off a line that has no end.
func (j *Journal) load() error {
	info, err := j.file.Stat()
	switch {
	case err != nil:
		return journalFault(err)
	case !info.Mode().IsRegular():
		return notJournal("is no regular file")
	case info.Size() < int64(len(heading)):
		return j.begin()
	}
	in := bufio.NewReader(j.file)
	for whole := int64(0); ; {
		line, err := in.ReadSlice('\n')
		switch {
		case whole == 0 && (err != nil || string(line) != heading):
			return notJournal("is something else")
		case err != nil: // the end, or a line that was cut short
			return wrapJournal(j.goOn(whole))
		case whole > 0:
			e, ok := parseEntry(line)
			if !ok {
				return notJournal("is damaged")
			}
			j.note(e)
		}
		whole += int64(len(line))
	}
}

// goOn makes size the end of the file, and the place where it is written to.
func (j *Journal) goOn(size int64) error {
	if err := j.file.Truncate(size); err != nil {
		return err
	}
	_, err := j.file.Seek(size, io.SeekStart)
	return err
}

// begin writes the heading, over one that was cut short at most.
func (j *Journal) begin() error {
	start, err := io.ReadAll(io.LimitReader(j.file, int64(len(heading))))
	if err != nil {
		return journalFault(err)
	}
	if !strings.HasPrefix(heading, string(start)) {
		return notJournal("is something else")
	}
	_, err = j.file.WriteString(heading[len(start):])
	return wrapJournal(err)
}

func notJournal(what string) error {
	return fault.New(fault.Usage, "usage.resume", "the file of --resume %s", what).Hint("name a new file; authctl makes it")
}

func parseEntry(line []byte) (entry, bool) {
	index, mark, ok := strings.Cut(strings.TrimSuffix(string(line), "\n"), " ")
	i, err := strconv.ParseUint(index, 10, 30)
	m, markErr := strconv.ParseUint(mark, 16, 64)
	return entry{int(i), m}, ok && err == nil && markErr == nil && len(mark) == 16
}

func wrapJournal(err error) error {
	if err != nil {
		return journalFault(err)
	}
	return nil
}

func (j *Journal) note(e entry) {
	for e.index >= len(j.marks) {
		j.marks = append(j.marks, make([]uint64, max(1024, len(j.marks)))...)
	}
	j.marks[e.index] = e.mark
}

type state uint8

const (
	open     state = iota // to be sent
	finished              // done before
	another               // another line was done in its place
)

func (j *Journal) state(index int, mark uint64) state {
	switch {
	case index >= len(j.marks) || j.marks[index] == 0:
		return open
	case j.marks[index] == mark:
		return finished
	}
	return another
}

// beyond reports whether a line behind the first n was done.
func (j *Journal) beyond(n int) bool {
	for i := n; i < len(j.marks); i++ {
		if j.marks[i] != 0 {
			return true
		}
	}
	return false
}

// add notes lines whose results have been handed over.
func (j *Journal) add(entries []entry) error {
	var text []byte
	for _, e := range entries {
		text = fmt.Appendf(text, "%d %016x\n", e.index, e.mark)
	}
	if _, err := j.file.Write(text); err != nil {
		return journalFault(err)
	}
	if j.fresh += len(entries); j.fresh < syncLines {
		return nil
	}
	return j.sync()
}

func (j *Journal) sync() error {
	j.fresh = 0
	return wrapJournal(j.file.Sync())
}

// Close brings the journal to the disk.
func (j *Journal) Close() error {
	err := j.sync()
	if closed := j.file.Close(); err == nil {
		err = wrapJournal(closed)
	}
	return err
}

// markOf tells lines apart; it is never 0.
func markOf(line []byte) uint64 {
	sum := sha256.Sum256(line)
	return max(1, binary.BigEndian.Uint64(sum[:8]))
}
