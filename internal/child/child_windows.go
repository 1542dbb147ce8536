package child

import (
	"errors"
	"os"
	"strings"
)

func forwarded() []os.Signal { return []os.Signal{os.Interrupt} }

// seenByChild is always true: the console sends its events to every program on it.
func seenByChild(os.Signal) bool { return true }

func deliver(*os.Process, os.Signal) error { return nil }

func exitStatus(s *os.ProcessState) int { return s.ExitCode() }

// Replaces says that a program can take this process's place.
const Replaces = false

// Replace is not possible on Windows.
func (c *Command) Replace() error { return errors.ErrUnsupported }

// SameName reports whether two names are one variable.
func SameName(a, b string) bool { return strings.EqualFold(a, b) }
