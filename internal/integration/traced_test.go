//go:build integration && linux

package integration

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
)

// call is a system call by which a process does something that others could see, such as "fsync temporary".
type call struct {
	name string
	done bool // it has returned; else it is about to be made
}

// tracee is a run of the program that stops before and after each system call, by ptrace(2): a test can end it between
// any two of them, and the program knows nothing of it. A machine must let a process trace its own children.
type tracee struct {
	pid    int
	answer string                     // the file of its stdout
	inside map[int]string             // its threads that are in a call, and in which; "" is one that nobody sees
	kill   func(c call) (strike bool) // is asked at each call; it may do whatever must be done before
	killed bool

	sockets map[string]string // what each is connected to: "server", or "bus" on this machine
}

// traced runs the program until it ends or kill says so, and gives whether it was killed.
func (u *user) traced(t *testing.T, kill func(call) bool, args ...string) bool {
	t.Helper()
	p := &tracee{answer: filepath.Join(t.TempDir(), "answer"), inside: map[int]string{}, kill: kill, sockets: map[string]string{}}
	// What traces is one thread, which must not go elsewhere meanwhile.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := p.start(u, args); err != nil {
		t.Fatalf("this machine lets no process trace its children: %v", err)
	}
	ended := false
	defer func() {
		if !ended {
			_ = syscall.Kill(p.pid, syscall.SIGKILL)
		}
	}()
	for {
		var status syscall.WaitStatus
		thread, err := syscall.Wait4(-p.pid, &status, syscall.WALL, nil)
		switch {
		case err == syscall.EINTR:
			continue
		case err != nil:
			t.Fatal(err)
		case thread == p.pid && (status.Exited() || status.Signaled()):
			ended = true
			return status.Signaled()
		case status.Stopped():
			p.stopped(thread, status)
		}
	}
}

// start has the program stop at its first instruction, in a process group by which its threads can be waited for.
func (p *tracee) start(u *user, args []string) error {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer func() { _ = null.Close() }()
	answer, err := os.Create(p.answer)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Close() }()
	p.pid, err = syscall.ForkExec(os.Getenv("AUTHCTL_BIN"), append([]string{"authctl"}, args...), &syscall.ProcAttr{
		Dir: u.dir, Env: u.env, Files: []uintptr{null.Fd(), answer.Fd(), null.Fd()},
		Sys: &syscall.SysProcAttr{Ptrace: true, Setpgid: true},
	})
	if err != nil {
		return err
	}
	if _, err := syscall.Wait4(p.pid, nil, syscall.WALL, nil); err != nil {
		return err
	}
	const exitKill = 0x100000 // PTRACE_O_EXITKILL: it does not outlive the test
	if err := syscall.PtraceSetOptions(p.pid, syscall.PTRACE_O_TRACESYSGOOD|syscall.PTRACE_O_TRACECLONE|exitKill); err != nil {
		return err
	}
	return syscall.PtraceSyscall(p.pid, 0)
}

// stopped looks at why a thread stopped and lets it go on.
func (p *tracee) stopped(thread int, status syscall.WaitStatus) {
	signal := int(status.StopSignal())
	switch {
	case signal == int(syscall.SIGTRAP)|0x80:
		signal = 0
		p.stepped(thread)
	case signal == int(syscall.SIGTRAP), signal == int(syscall.SIGSTOP): // a new thread
		signal = 0
	}
	_ = syscall.PtraceSyscall(thread, signal) // one that was killed meanwhile is waited for
}

func (p *tracee) stepped(thread int) {
	name, done := p.inside[thread]
	if done {
		delete(p.inside, thread)
	} else {
		name = p.calling(thread)
		p.inside[thread] = name
	}
	if name != "" && !p.killed && p.kill(call{name, done}) {
		p.killed = true
		_ = syscall.Kill(p.pid, syscall.SIGKILL)
	}
}

// calling names the call that a thread is about to make, by what it does to which kind of file.
func (p *tracee) calling(thread int) string {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/syscall", thread))
	var number int
	var a [4]uintptr
	if n, _ := fmt.Sscan(string(text), &number, &a[0], &a[1], &a[2], &a[3]); n != 5 {
		return ""
	}
	switch number {
	case syscall.SYS_OPENAT:
		return p.does("open", p.text(thread, a[1]))
	case syscall.SYS_RENAMEAT:
		return p.does("rename", p.text(thread, a[1]))
	case syscall.SYS_UNLINKAT:
		return p.does("unlink", p.text(thread, a[1]))
	case syscall.SYS_FLOCK:
		if a[1] == syscall.LOCK_UN {
			return p.does("unlock", p.opened(a[0]))
		}
		return p.does("lock", p.opened(a[0]))
	case syscall.SYS_CONNECT:
		p.sockets[p.opened(a[0])] = "server"
		if family := p.memory(thread, a[1], 2); len(family) == 2 && binary.NativeEndian.Uint16(family) == syscall.AF_UNIX {
			p.sockets[p.opened(a[0])] = "bus"
		}
		return p.does("connect", p.opened(a[0]))
	case syscall.SYS_READ:
		return p.does("read", p.opened(a[0]))
	case syscall.SYS_WRITE, syscall.SYS_SENDMSG:
		return p.does("write", p.opened(a[0]))
	case syscall.SYS_FSYNC:
		return p.does("fsync", p.opened(a[0]))
	}
	return ""
}

func (p *tracee) does(what, file string) string {
	kinds := map[string]string{".tok": "record", ".tmp": "temporary", ".lock": "lock", ".state": "note"}
	switch kind := kinds[filepath.Ext(file)]; {
	case kind != "":
		return what + " " + kind
	case p.sockets[file] != "":
		return what + " " + p.sockets[file]
	case filepath.Base(file) == "v1":
		return what + " folder"
	case file == p.answer:
		return what + " answer"
	}
	return ""
}

// opened is what a file descriptor stands for.
func (p *tracee) opened(fd uintptr) string {
	file, _ := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", p.pid, fd))
	return file
}

// text reads a path in the memory of a thread.
func (p *tracee) text(thread int, at uintptr) string {
	text, _, _ := bytes.Cut(p.memory(thread, at, 512), []byte{0})
	return string(text)
}

func (*tracee) memory(thread int, at uintptr, length int) []byte {
	memory := make([]byte, length)
	n, _ := syscall.PtracePeekData(thread, at, memory)
	return memory[:max(n, 0)]
}
