package stack

import (
	"testing"
	"unsafe"
)

//go:noinline
func address() uintptr {
	var here byte
	return uintptr(unsafe.Pointer(&here))
}

//go:noinline
func deep() byte {
	var room [frame - 4<<10]byte
	room[address()%uintptr(len(room))] = 1
	return room[0]
}

// moves reports whether deep work moves the stack of a goroutine that began with prepare.
func moves(prepare func()) bool {
	moved := make(chan bool)
	go func() {
		prepare()
		before := address()
		deep()
		moved <- address() != before
	}()
	return <-moved
}

func TestAGrownStackDoesNotMove(t *testing.T) {
	if !moves(func() {}) {
		t.Error("a new goroutine has had room enough: there is nothing to grow")
	}
	if moves(Grow) {
		t.Error("the stack moved after it had grown")
	}
}
