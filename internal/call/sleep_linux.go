package call

import (
	"time"

	"golang.org/x/sys/unix"
)

// sleep keeps a thread in the kernel for d, or until a signal. It is no timer of Go's runtime; see [watch.attend].
func sleep(d time.Duration) {
	t := unix.NsecToTimespec(int64(d))
	_ = unix.Nanosleep(&t, nil) // interrupted: whoever sleeps looks again
}
