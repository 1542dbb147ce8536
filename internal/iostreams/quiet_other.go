//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package iostreams

import (
	"os"

	"golang.org/x/term"
)

func readQuiet(terminal *os.File) ([]byte, error) { return term.ReadPassword(int(terminal.Fd())) }
