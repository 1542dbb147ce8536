//go:build unix

package relay

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/authctl/authctl/internal/fault"
)

// socketMode lets the user alone connect.
const socketMode = 0o600

// listenUnix makes a socket that nobody else can connect to or replace. It takes the place of one that a dead proxy
// left behind, and of nothing else.
func listenUnix(ctx context.Context, path string) (*Door, error) {
	if path == "" {
		return nil, fault.New(fault.Usage, "usage.listen", "unix: is followed by no path").Hint("--listen unix:PATH")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, socketFault(path, "%w", err)
	}
	if err := checkFolder(filepath.Dir(path)); err != nil {
		return nil, err
	}
	if err := removeStale(ctx, path); err != nil {
		return nil, err
	}
	config := net.ListenConfig{Control: func(_, _ string, conn syscall.RawConn) error {
		// On Linux the file gets the socket's own mode, so that there is no moment in which others may connect.
		return conn.Control(func(fd uintptr) { _ = syscall.Fchmod(int(fd), socketMode) })
	}}
	l, err := config.Listen(ctx, "unix", path)
	if err != nil {
		return nil, socketFault(path, "%w", err)
	}
	if err := os.Chmod(path, socketMode); err != nil {
		_ = l.Close()
		return nil, socketFault(path, "%w", err)
	}
	return unixDoor(l), nil
}

// checkFolder wants a folder in which no other user can put another socket in the place of ours; an absent one is made,
// with the folders above it.
func checkFolder(dir string) error {
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		if err = makeFolder(dir); err == nil {
			return nil
		}
	}
	if err != nil {
		return socketFault(dir, "%w", err)
	}
	owner, known := info.Sys().(*syscall.Stat_t)
	switch {
	case !info.IsDir():
		return socketFault(dir, "it is not a folder")
	case !known || owner.Uid != 0 && int(owner.Uid) != os.Geteuid():
		return socketFault(dir, "the folder belongs to another user").Hint("choose a folder of your own")
	case info.Mode()&0o022 != 0 && info.Mode()&fs.ModeSticky == 0:
		return socketFault(dir, "others may replace files in the folder").
			Hint("--listen unix:%s makes a folder for you alone", filepath.Join(dir, "authctl", "api.sock"))
	}
	return nil
}

// makeFolder takes none that somebody else makes meanwhile, unlike [os.MkdirAll].
func makeFolder(dir string) error {
	err := os.Mkdir(dir, 0o700)
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := makeFolder(filepath.Dir(dir)); err != nil {
		return err
	}
	return os.Mkdir(dir, 0o700)
}

// removeStale removes a socket that its proxy left behind.
func removeStale(ctx context.Context, path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return socketFault(path, "%w", err)
	}
	owner, known := info.Sys().(*syscall.Stat_t)
	if info.Mode().Type() != fs.ModeSocket || !known || int(owner.Uid) != os.Geteuid() {
		return socketFault(path, "there is something else than a socket of yours").Hint("choose another path")
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "unix", path)
	if err == nil {
		_ = conn.Close()
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return socketFault(path, "another program listens there").Hint("stop it, or choose another path")
	}
	if err := os.Remove(path); err != nil {
		return socketFault(path, "%w", err)
	}
	return nil
}
