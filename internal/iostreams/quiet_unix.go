//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package iostreams

import (
	"os"

	"golang.org/x/sys/unix"
)

// readQuiet reads a line from a terminal that does not echo meanwhile. It stands in for [term.ReadPassword], which
// takes no notice of the end of input (Ctrl-D), so that who typed it waits for ever.
func readQuiet(terminal *os.File) ([]byte, error) {
	fd := int(terminal.Fd())
	before, err := unix.IoctlGetTermios(fd, getTermios)
	if err != nil {
		return nil, err
	}
	quiet := *before
	quiet.Lflag &^= unix.ECHO
	quiet.Lflag |= unix.ICANON | unix.ISIG
	quiet.Iflag |= unix.ICRNL
	if err := unix.IoctlSetTermios(fd, setTermios, &quiet); err != nil {
		return nil, err
	}
	defer func() { _ = unix.IoctlSetTermios(fd, setTermios, before) }()
	line, err := readLine(terminal)
	return erased(line), err
}

// erased carries out the backspaces in a line: not every terminal erases by the key that the person has.
func erased(line []byte) []byte {
	kept := line[:0]
	for _, b := range line {
		switch {
		case b != '\b':
			kept = append(kept, b)
		case len(kept) > 0:
			kept = kept[:len(kept)-1]
		}
	}
	return kept
}
