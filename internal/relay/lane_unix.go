//go:build unix

package relay

import (
	"net"
	"syscall"
)

// isQuiet reports whether a connection that waits is open and has nothing to say. What a server says unasked, such as
// 408 before it hangs up, would be taken for the answer to the next request.
func isQuiet(conn net.Conn) bool {
	raw, ok := conn.(syscall.Conn)
	if !ok {
		return false
	}
	socket, err := raw.SyscallConn()
	if err != nil {
		return false
	}
	quiet := false
	var one [1]byte
	err = socket.Control(func(fd uintptr) { // Read would go by a deadline that is long past
		_, _, err := syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK)
		quiet = err == syscall.EAGAIN || err == syscall.EWOULDBLOCK
	})
	return err == nil && quiet
}
