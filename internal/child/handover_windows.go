package child

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"

	"github.com/authctl/authctl/internal/secret"
)

// Handover holds texts that one program reads, each from a file of a name of its own. Windows has no names for pipes
// that a program inherits: they are files in a folder of the user's own, until Close.
type Handover struct {
	dir   string
	files []*os.File
}

// Hand makes a handover. Close it.
func Hand(texts ...secret.String) (*Handover, error) {
	dir, err := os.MkdirTemp("", "authctl-")
	if err != nil {
		return nil, err
	}
	h := &Handover{dir: dir}
	for i, text := range texts {
		if err := writeNew(h.Path(i), text); err != nil {
			return nil, errors.Join(err, h.Close())
		}
	}
	return h, nil
}

// Path is the name of the file that holds the i-th text.
func (h *Handover) Path(i int) string { return filepath.Join(h.dir, strconv.Itoa(i)) }

func (h *Handover) feed() {}

// Close removes the files.
func (h *Handover) Close() error { return os.RemoveAll(h.dir) }
