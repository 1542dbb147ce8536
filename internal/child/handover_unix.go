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
	files []*os.File // what the program gets behind its three streams
}

type pipe struct {
	text        secret.String
	number      int // in the program
	read, write *os.File
}

// Hand makes a handover. Close it. The pipes get the numbers that the caller left free: what it handed down to this
// process, the program shall find under its number (`-d @/dev/fd/4 4<file`).
func Hand(texts ...secret.String) (*Handover, error) {
	h := &Handover{}
	for _, text := range texts {
		h.files = append(h.files, inherited(3+len(h.files))...)
		r, w, err := os.Pipe()
		if err != nil {
			return nil, errors.Join(err, h.Close())
		}
		h.pipes = append(h.pipes, pipe{text, 3 + len(h.files), r, w})
		h.files = append(h.files, r)
	}
	return h, nil
}

// Path is the name of the file that holds the i-th text.
func (h *Handover) Path(i int) string { return "/dev/fd/" + strconv.Itoa(h.pipes[i].number) }

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

// inherited lists the files that the caller handed down to this process, from one number to the next free one. Those
// behind it go on to the program by themselves.
func inherited(from int) []*os.File {
	var files []*os.File
	for fd := uintptr(from); ; fd++ {
		flags, err := unix.FcntlInt(fd, unix.F_GETFD, 0)
		if err != nil || flags&unix.FD_CLOEXEC != 0 { // this process's own are all closed on the way to another program
			return files
		}
		files = append(files, os.NewFile(fd, "inherited"))
	}
}
