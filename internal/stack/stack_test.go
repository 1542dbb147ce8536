package stack

import (
	"os"
	"testing"
	"unsafe"
)

var firstMoved bool

func TestMain(m *testing.M) {
	firstMoved = moves(func() {})
	os.Exit(m.Run())
}

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

// moves reports whether deep work moves the stack of this goroutine, which begins with prepare.
func moves(prepare func()) bool {
	prepare()
	before := address()
	deep()
	return address() != before
}

func TestAGrownStackDoesNotMove(t *testing.T) {
	another := func(prepare func()) bool {
		moved := make(chan bool)
		go func() { moved <- moves(prepare) }()
		return <-moved
	}
	if !another(func() {}) {
		t.Error("a new goroutine has had room enough: there is nothing to grow")
	}
	if another(Grow) {
		t.Error("the stack moved after it had grown")
	}
	if firstMoved {
		t.Error("the stack of the first goroutine moved: it did not grow before main")
	}
}
