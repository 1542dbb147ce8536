//go:build unix

package child

import (
	"errors"
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/authctl/authctl/internal/secret"
)

// Handover holds texts that one program reads once, each from a file of a name of its own. Here they are pipes: a text
// is on no disk, and gone when it was read.
type Handover struct {
	pipes []pipe
	first int        // the number of the first pipe in the program
	files []*os.File // what the program gets behind its three streams
}

type pipe struct {
	text        secret.String
	read, write *os.File
}

// Hand makes a handover. Close it.
func Hand(texts ...secret.String) (*Handover, error) {
	h := &Handover{files: inherited()}
	h.first = 3 + len(h.files)
	for _, text := range texts {
		r, w, err := os.Pipe()
		if err != nil {
			return nil, errors.Join(err, h.Close())
		}
		h.pipes = append(h.pipes, pipe{text, r, w})
		h.files = append(h.files, r)
	}
	return h, nil
}

// Path is the name of the file that holds the i-th text.
func (h *Handover) Path(i int) string { return "/dev/fd/" + strconv.Itoa(h.first+i) }

// feed writes once the program holds the pipes. A program that does not read is not waited for: the end of the last
// reader ends the writing.
func (h *Handover) feed() {
	for _, p := range h.pipes {
		_ = p.read.Close()
		go func() {
			_, _ = p.write.WriteString(p.text.Reveal())
			_ = p.write.Close()
		}()
	}
}

// Close frees what the handover holds.
func (h *Handover) Close() error {
	for _, p := range h.pipes {
		_ = p.read.Close()
		_ = p.write.Close()
	}
	return nil
}

// inherited lists the files behind the three streams that the caller handed down to this process, as far as the first
// gap: the program shall find them under their numbers (`-d @/dev/fd/3 3<file`).
func inherited() []*os.File {
	var files []*os.File
	for fd := uintptr(3); ; fd++ {
		flags, err := unix.FcntlInt(fd, unix.F_GETFD, 0)
		if err != nil || flags&unix.FD_CLOEXEC != 0 { // this process's own are all closed on the way to another program
			return files
		}
		files = append(files, os.NewFile(fd, "inherited"))
	}
}
