package callback

import (
	"errors"
	"syscall"
)

// exclusive keeps other programs from listening on the same port beside this one, which Windows lets them do
// (SO_EXCLUSIVEADDRUSE).
func exclusive(_, _ string, conn syscall.RawConn) error {
	var failed error
	err := conn.Control(func(fd uintptr) {
		failed = syscall.SetsockoptInt(syscall.Handle(fd), syscall.SOL_SOCKET, ^syscall.SO_REUSEADDR, 1)
	})
	return errors.Join(err, failed)
}

// The codes of Winsock, which package syscall does not name.
const (
	wsaEACCES        syscall.Errno = 10013 // another program has the port for itself
	wsaEAFNOSUPPORT  syscall.Errno = 10047
	wsaEADDRINUSE    syscall.Errno = 10048
	wsaEADDRNOTAVAIL syscall.Errno = 10049
)

// inUse reports whether another program has the port.
func inUse(err error) bool { return errors.Is(err, wsaEADDRINUSE) || errors.Is(err, wsaEACCES) }

// absent reports whether the machine does not have the address at all.
func absent(err error) bool {
	return errors.Is(err, wsaEADDRNOTAVAIL) || errors.Is(err, wsaEAFNOSUPPORT)
}
