package call

import (
	"io/fs"
	"os"
)

// isOwn leaves it to the folder's access list, which is inherited.
func isOwn(fs.FileInfo) bool { return true }

// LockFile does nothing: of a part, the rename at the end fails while another process has the file open.
func LockFile(*os.File) error { return nil }
