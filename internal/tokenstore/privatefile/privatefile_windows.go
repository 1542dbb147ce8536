package privatefile

import (
	"errors"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/windows"
)

// NoFollow adds nothing here: links need a privilege, and the profile's folders inherit lists that admit the user alone.
const NoFollow = 0

func openError(_ string, err error) error { return err }

// Owners and modes say nothing on Windows; the user's own folders are closed to others by inheritance.
func ownedByUser(fs.FileInfo) bool { return true }

func openToOthers(fs.FileInfo, fs.FileMode) bool { return false }

// rename replaces, and tries again for a moment while a reader or a scanner holds the old file open.
func rename(from, to string) error {
	var err error
	for range 20 {
		err = os.Rename(from, to)
		if !errors.Is(err, windows.ERROR_SHARING_VIOLATION) && !errors.Is(err, windows.ERROR_ACCESS_DENIED) {
			return err
		}
		time.Sleep(10 * time.Millisecond)
	}
	return err
}

// A rename is journalled; folders cannot be flushed.
func syncFolder(string, Durability) error { return nil }
