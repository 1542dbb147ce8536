package call

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"io"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/authctl/authctl/internal/fault"
)

func packed(t *testing.T, text string, open func(io.Writer) io.WriteCloser) string {
	t.Helper()
	var b bytes.Buffer
	w := open(&b)
	if _, err := io.WriteString(w, text); err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	return b.String()
}

func gzipped(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }
func zlibbed(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) }
func flated(w io.Writer) io.WriteCloser  { f, _ := flate.NewWriter(w, 9); return f }

func encoded(encoding, body string) string {
	return "HTTP/1.1 200 OK\r\nContent-Encoding: " + encoding + "\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body
}

func TestACompressedAnswerIsUnpackedWhereThatWasAskedFor(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("text ", 1000)
	gz := packed(t, text, gzipped)
	for name, tc := range map[string]struct {
		reply, want string
		code        string
	}{
		"gzip":     {encoded("gzip", gz), text, ""},
		"x-gzip":   {encoded("X-GZip", gz), text, ""},
		"zlib":     {encoded("deflate", packed(t, text, zlibbed)), text, ""},
		"bare":     {encoded("deflate", packed(t, text, flated)), text, ""},
		"identity": {encoded("identity", text), text, ""},
		"twice":    {encoded("gzip, gzip", packed(t, gz, gzipped)), text, ""},
		"empty":    {encoded("gzip", ""), "", ""},
		"unknown":  {encoded("br", gz), "", "protocol.encoding"},
		"six":      {encoded("gzip,gzip,gzip,gzip,gzip,gzip", gz), "", "protocol.encoding"},
		"cut":      {encoded("gzip", gz[:len(gz)-10]), "", "protocol.encoding"},
		"no gzip":  {encoded("gzip", text), "", "protocol.encoding"},
		"lost":     {strings.Replace(encoded("gzip", gz[:20]), "Content-Length: 20", "Content-Length: 900\r\nConnection: close", 1), "", "protocol.truncated"},
	} {
		s := newWire(t, tc.reply)
		c, _ := newClient(t, s.base)
		_, body, err := do(t, c, &Request{URL: parse(t, s.base), Compressed: true})
		if tc.code == "" && (err != nil || body != tc.want) || tc.code != "" && (err == nil || fault.From(err).Code != tc.code) {
			t.Errorf("%s: %d bytes, %v", name, len(body), err)
		}
		if !strings.Contains(s.heads[0], "Accept-Encoding: deflate, gzip\r\n") {
			t.Errorf("%s: asked by %q", name, s.heads[0])
		}
	}
	s := newWire(t, encoded("gzip", gz))
	c, _ := newClient(t, s.base)
	if _, body, err := do(t, c, &Request{URL: parse(t, s.base)}); err != nil || body != gz || strings.Contains(s.heads[0], "Accept-Encoding") {
		t.Errorf("not asked for: %d bytes, %v", len(body), err)
	}
}

func TestABombTakesNoMemory(t *testing.T) { // not beside others: it looks at the memory of all
	const size = 64 << 20
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.CopyN(w, zeros{}, size); err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	s := newWire(t, encoded("gzip", b.String()))
	c, _ := newClient(t, s.base)
	res, err := c.Do(t.Context(), &Request{URL: parse(t, s.base), Compressed: true})
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	n, err := io.Copy(io.Discard, res.Body)
	runtime.ReadMemStats(&after)
	if n != size || err != nil || after.HeapSys > before.HeapSys+32<<20 {
		t.Errorf("%d bytes, %v, heap from %d to %d", n, err, before.HeapSys, after.HeapSys)
	}
}
