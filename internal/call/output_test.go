package call

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"

	"github.com/authctl/authctl/internal/fault"
)

func response(body io.Reader) *http.Response {
	return &http.Response{
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Status: "200 O\x1bK", StatusCode: 200, ContentLength: -1,
		Header: http.Header{"X-B": {"2\u202e"}, "X-A": {"1", "0"}}, Body: io.NopCloser(body),
	}
}

// save opens o, saves an answer with body and closes, as a command does.
func save(o Output, body io.Reader) (int64, error) {
	sink, err := o.Open()
	if err != nil {
		return 0, err
	}
	defer sink.Close()
	return sink.Save(response(body))
}

// onlyFile asserts that the folder of file holds nothing else, and gives the file's content.
func onlyFile(t *testing.T, file string) string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(file))
	if err != nil || len(entries) > 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
	content, _ := os.ReadFile(file)
	return string(content)
}

func TestABodyThatEndsTooEarlyLeavesTheFileAsItWas(t *testing.T) {
	file := filepath.Join(t.TempDir(), "out")
	cut := func() io.Reader {
		return io.MultiReader(strings.NewReader("half"), iotest.ErrReader(io.ErrUnexpectedEOF))
	}
	if _, err := save(Output{Path: file}, cut()); !fault.Is(err, fault.Protocol) || onlyFile(t, file) != "" {
		t.Errorf("new file: %v", err)
	}
	if err := os.WriteFile(file, []byte("before"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := save(Output{Path: file}, cut()); !fault.Is(err, fault.Protocol) || onlyFile(t, file) != "before" {
		t.Errorf("existing file: %v, %q", err, onlyFile(t, file))
	}
	sink, err := Output{Path: file}.Open() // and the request fails
	if err != nil {
		t.Fatal(err)
	}
	sink.Close()
	sink.Close()
	if got := onlyFile(t, file); got != "before" {
		t.Errorf("%q", got)
	}
}

func TestAWholeBodyTakesTheFilesPlace(t *testing.T) {
	file := filepath.Join(t.TempDir(), "out")
	const body = "x\x00\x1b\r\n\xff"
	if n, err := save(Output{Path: file, TTY: true}, strings.NewReader(body)); err != nil || n != int64(len(body)) || onlyFile(t, file) != body {
		t.Fatalf("%d, %v, %q", n, err, onlyFile(t, file))
	}
	if runtime.GOOS == "windows" {
		return
	}
	umask := syscallUmask(0)
	syscallUmask(umask)
	if mode := modeOf(t, file); mode != 0o666&^fs.FileMode(umask) {
		t.Errorf("a new file has mode %o", mode)
	}
	for _, mode := range []fs.FileMode{0o600, 0o640, 0o666} {
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := save(Output{Path: file}, strings.NewReader("y")); err != nil || modeOf(t, file) != mode || onlyFile(t, file) != "y" {
			t.Errorf("%v: mode %o becomes %o", err, mode, modeOf(t, file))
		}
	}
}

func TestAFileThatWasNotModifiedStays(t *testing.T) {
	t.Parallel()
	for _, o := range []Output{{}, {Resume: "x"}, {Include: true}} {
		file := filepath.Join(t.TempDir(), "out")
		o.Path = file
		for _, before := range []string{"<none>", "before"} {
			if before != "<none>" {
				if err := os.WriteFile(file, []byte(before), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			s := newWire(t, "HTTP/1.1 304 Not Modified\r\nEtag: \"v1\"\r\n\r\n")
			var heads bytes.Buffer
			o.Head, o.Stdout = "-", &heads
			sink, err := o.Open()
			if err != nil {
				t.Fatal(err)
			}
			c, _ := newClient(t, s.base)
			_, err = c.Fetch(t.Context(), &Request{URL: parse(t, s.base)}, sink)
			sink.Close()
			onlyFile(t, file)
			if got := content(t, file); err != nil || got != before || !strings.HasPrefix(heads.String(), "HTTP/1.1 304 ") {
				t.Errorf("%+v: %v, %q, %q", o, err, got, &heads)
			}
		}
	}
}

func TestAnotherNameOfAStreamIsThatStream(t *testing.T) {
	t.Parallel()
	for _, flags := range []int{os.O_WRONLY, os.O_WRONLY | os.O_APPEND} {
		name := filepath.Join(t.TempDir(), "log")
		stream, err := os.OpenFile(name, flags|os.O_CREATE, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = stream.WriteString("before\n")
		for _, o := range []Output{{Path: name, Stdout: stream}, {Path: name, Stderr: stream, TTY: true}, {Head: name, Stdout: io.Discard, Stderr: stream}} {
			if _, err := save(o, strings.NewReader("\x1b\n")); err != nil {
				t.Error(err)
			}
		}
		_, _ = stream.WriteString("after\n")
		_ = stream.Close()
		head := "HTTP/1.1 200 O\x1bK\r\nX-A: 1\r\nX-A: 0\r\nX-B: 2\u202e\r\n\r\n"
		if got := onlyFile(t, name); got != "before\n\x1b\n\x1b\n"+head+"after\n" {
			t.Errorf("%q", got)
		}
	}
}

func modeOf(t *testing.T, file string) fs.FileMode {
	t.Helper()
	info, err := os.Lstat(file)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode()
}

func TestALinkIsWrittenThrough(t *testing.T) {
	dir, elsewhere := t.TempDir(), t.TempDir()
	link, target := filepath.Join(dir, "link"), filepath.Join(elsewhere, "target")
	if err := os.Symlink(target, filepath.Join(dir, "hop")); err != nil {
		t.Skip("this file system has no symbolic links: ", err)
	}
	if err := os.Symlink("hop", link); err != nil {
		t.Fatal(err)
	}
	for _, body := range []string{"dangling", "existing"} {
		if _, err := save(Output{Path: link}, strings.NewReader(body)); err != nil {
			t.Fatal(err)
		}
		if got := onlyFile(t, target); got != body || modeOf(t, link)&fs.ModeSymlink == 0 {
			t.Errorf("%q, %v", got, modeOf(t, link))
		}
	}
	loop := filepath.Join(dir, "loop")
	_ = os.Symlink(loop, loop)
	if _, err := save(Output{Path: loop}, strings.NewReader("x")); !fault.Is(err, fault.IO) {
		t.Errorf("a loop: %v", err)
	}
}

func TestAPlaceThatCannotBeWrittenToIsKnownAtOnce(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{dir, filepath.Join(dir, "none", "out"), dir + "/new/", "."} {
		if _, err := (Output{Path: path}).Open(); !fault.Is(err, fault.IO) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 0 {
		t.Errorf("left behind: %v", entries)
	}
}

func TestADeviceIsWrittenToDirectly(t *testing.T) {
	if n, err := save(Output{Path: os.DevNull}, strings.NewReader("gone")); n != 4 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if _, err := os.Stat("/dev/full"); err != nil {
		return // only Linux has a device that is always full
	}
	if _, err := save(Output{Path: "/dev/full"}, strings.NewReader("x")); !fault.Is(err, fault.IO) || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("a full device: %v", err)
	}
}

func TestStdoutGetsTheBytesAndATerminalGetsThemVisible(t *testing.T) {
	const body = "a\x1b[31m\r\n\xe2\x82"
	var pipe, tty bytes.Buffer
	for _, path := range []string{"", "-"} {
		pipe.Reset()
		if n, err := save(Output{Path: path, Stdout: &pipe}, iotest.OneByteReader(strings.NewReader(body))); n != int64(len(body)) || err != nil || pipe.String() != body {
			t.Errorf("%d, %v, %q", n, err, &pipe)
		}
	}
	if _, err := save(Output{Stdout: &tty, TTY: true}, iotest.OneByteReader(strings.NewReader(body))); err != nil || tty.String() != "a\\x1b[31m\\x0d\n\\xe2\\x82" {
		t.Errorf("%v, %q", err, &tty)
	}
}

func TestHeadersAreIncludedInCurlsForm(t *testing.T) {
	var pipe, tty bytes.Buffer
	if _, err := save(Output{Stdout: &pipe, Include: true}, strings.NewReader("b")); err != nil ||
		pipe.String() != "HTTP/1.1 200 O\x1bK\r\nX-A: 1\r\nX-A: 0\r\nX-B: 2\u202e\r\n\r\nb" {
		t.Errorf("%v, %q", err, &pipe)
	}
	if _, err := save(Output{Stdout: &tty, Include: true, TTY: true}, strings.NewReader("b")); err != nil ||
		tty.String() != "HTTP/1.1 200 O\\x1bK\r\nX-A: 1\r\nX-A: 0\r\nX-B: 2\\u202e\r\n\r\nb" {
		t.Errorf("%v, %q", err, &tty)
	}
	res := response(strings.NewReader("b"))
	res.ProtoMajor, res.TransferEncoding = 2, []string{"chunked"}
	pipe.Reset()
	sink, _ := Output{Stdout: &pipe, Include: true}.Open()
	if _, err := sink.Save(res); err != nil || !strings.HasPrefix(pipe.String(), "HTTP/2 200 \r\ntransfer-encoding: chunked\r\nx-a: 1\r\n") {
		t.Errorf("%v, %q", err, &pipe)
	}
}

type brokenWriter struct{ err error }

func (w brokenWriter) Write([]byte) (int, error) { return 0, w.err }

func TestALostReaderIsToldFromAFullDisk(t *testing.T) {
	_, err := save(Output{Stdout: brokenWriter{&fs.PathError{Op: "write", Err: syscall.EPIPE}}}, strings.NewReader("x"))
	if f := fault.From(err); f.Kind != fault.IO || (runtime.GOOS != "windows" && f.Code != "io.pipe") {
		t.Errorf("%#v", err)
	}
	for _, o := range []Output{{Include: true}, {TTY: true}, {}} {
		o.Stdout = brokenWriter{syscall.ENOSPC}
		_, err := save(o, strings.NewReader("x\xe2"))
		if f := fault.From(err); f.Kind != fault.IO || f.Code != "io.write" || !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("%#v", err)
		}
	}
}

func TestAPlaceThatCannotBeWrittenToIsCalledByTheNameThatWasGiven(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "none", "out")
	_, err := save(Output{Path: file}, strings.NewReader("x"))
	if !fault.Is(err, fault.IO) || !strings.Contains(err.Error(), "open "+file+": ") || strings.Contains(err.Error(), ".part") {
		t.Errorf("%v", err)
	}
}
