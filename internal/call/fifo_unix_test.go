//go:build !windows

package call

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestAPipeByNameIsAStream(t *testing.T) {
	for _, c := range []struct {
		content    string
		flag       DataFlag
		want       string
		replayable bool
	}{
		{"a\r\nb", Form, "ab", true},
		{"a\r\nb", Binary, "a\r\nb", true},
		{strings.Repeat("x", bufferedBody+1), Binary, strings.Repeat("x", bufferedBody+1), false},
	} {
		fifo := filepath.Join(t.TempDir(), "fifo")
		if err := syscall.Mkfifo(fifo, 0o600); err != nil {
			t.Fatal(err)
		}
		go func() {
			if f, err := os.OpenFile(fifo, os.O_WRONLY, 0); err == nil {
				_, _ = io.WriteString(f, c.content)
				_ = f.Close()
			}
		}()
		var d Data
		if err := d.Add(c.flag, "@"+fifo); err != nil {
			t.Fatal(err)
		}
		got, size := readBody(t, d.Body())
		if got != c.want || (size == int64(len(c.want))) != c.replayable || d.Body().Replayable() != c.replayable {
			t.Errorf("%d bytes, length %d, replayable %v", len(got), size, d.Body().Replayable())
		}
	}
}

func TestAFileThatSaysNoSizeIsSentAllTheSame(t *testing.T) {
	const file = "/proc/version"
	want, err := os.ReadFile(file)
	if err != nil {
		t.Skip(err)
	}
	for _, flag := range []DataFlag{Binary, Upload, JSON} {
		arg := "@" + file
		if flag == Upload {
			arg = file
		}
		var d Data
		if err := d.Add(flag, arg); err != nil {
			t.Fatal(err)
		}
		if got, size := readBody(t, d.Body()); got != string(want) || size != int64(len(want)) || !d.Body().Replayable() {
			t.Errorf("%s: %q (%d)", flag, got, size)
		}
	}
}

func TestAnOutputPipeIsWrittenToDirectly(t *testing.T) {
	if got := throughPipe(t, Output{}); got != "through\x1b\n" {
		t.Errorf("%q", got)
	}
}

func TestATerminalByNameGetsTheBytesVisible(t *testing.T) {
	isTerminal := func(*os.File) bool { return true }
	if got := throughPipe(t, Output{Terminal: isTerminal}); got != "through\\x1b\n" {
		t.Errorf("%q", got)
	}
	if got := throughPipe(t, Output{Terminal: isTerminal, Include: true}); !strings.HasPrefix(got, "HTTP/1.1 200 O\\x1bK\r\n") {
		t.Errorf("%q", got)
	}
}

func TestAnOutputKnowsWhetherItIsATerminal(t *testing.T) {
	isTerminal := func(*os.File) bool { return true }
	for name, c := range map[string]struct {
		out  Output
		want bool
	}{
		"standard output on one":    {Output{TTY: true}, true},
		"standard output elsewhere": {Output{Terminal: isTerminal}, false},
		"a device that is one":      {Output{Path: os.DevNull, Terminal: isTerminal}, true},
		"a device that is none":     {Output{Path: os.DevNull, TTY: true}, false},
		"a file, beside a terminal": {Output{Path: filepath.Join(t.TempDir(), "f"), TTY: true, Terminal: isTerminal}, false},
	} {
		sink, err := c.out.Open()
		if err != nil {
			t.Fatal(err)
		}
		if got := sink.Terminal(); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
		sink.Close()
	}
}

// throughPipe saves an answer by the name of a pipe, and gives what comes out of it.
func throughPipe(t *testing.T, o Output) string {
	t.Helper()
	o.Path = filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(o.Path, 0o600); err != nil {
		t.Fatal(err)
	}
	got := make(chan string, 1)
	go func() {
		content, _ := os.ReadFile(o.Path)
		got <- string(content)
	}()
	if _, err := save(o, strings.NewReader("through\x1b\n")); err != nil {
		t.Fatal(err)
	}
	return <-got
}
