// Package stack makes room on a goroutine's stack before the work begins that needs it.
package stack

import "runtime"

// frame is more than what a request to a token endpoint or an API takes, from the command line to the handshake's
// arithmetic.
const frame = 24 << 10

// init grows the first goroutine's stack. Packages begin in the order of their paths, this one before the libraries, of
// which some compile regular expressions then.
func init() { Grow() }

// Grow gives the goroutine that calls it a stack of 32 KiB. A stack that is too small is copied in the middle of the
// work, where it is deep, and each frame on it is looked up in the tables of the program: a short call was 4 % slower
// for that, and had 0.8 MiB more of those tables in memory.
//
//go:noinline
func Grow() {
	if runtime.NumCPU() > 0 { // always: to begin a function with such a frame is what makes a stack grow
		return
	}
	var room [frame]byte
	use(&room)
}

//go:noinline
func use(room *[frame]byte) { clear(room[:]) }
