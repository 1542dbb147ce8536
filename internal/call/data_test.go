package call

import (
	"bytes"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/authctl/authctl/internal/fault"
)

type flagArg struct {
	flag DataFlag
	arg  string
}

func writeFile(t *testing.T, content string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "data file")
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestBodiesAreWhatCurlMakesOfTheFlags(t *testing.T) {
	file := "@" + writeFile(t, "a\r\nb\x00c\n")
	for _, c := range []struct {
		name   string
		flags  []flagArg
		stdin  string
		want   string
		method string
		kind   string
	}{
		{"none", nil, "", "<nil>", "GET", ""},
		{"data", []flagArg{{Form, "a=1"}, {Form, "b=2"}}, "", "a=1&b=2", "POST", "application/x-www-form-urlencoded"},
		{"empty data", []flagArg{{Form, ""}}, "", "", "POST", "application/x-www-form-urlencoded"},
		{"a literal keeps its lines", []flagArg{{Form, "a\r\nb"}}, "", "a\r\nb", "POST", "application/x-www-form-urlencoded"},
		{"a file loses them", []flagArg{{Form, file}}, "", "abc", "POST", "application/x-www-form-urlencoded"},
		{"stdin loses them", []flagArg{{Form, "@-"}}, "x\r\ny\x00", "xy", "POST", "application/x-www-form-urlencoded"},
		{"binary keeps them", []flagArg{{Binary, file}}, "", "a\r\nb\x00c\n", "POST", "application/x-www-form-urlencoded"},
		{"raw has no files", []flagArg{{Raw, "@-"}}, "x", "@-", "POST", "application/x-www-form-urlencoded"},
		{"mixed", []flagArg{{Form, file}, {Binary, "@-"}, {Raw, "@r"}}, "s\n", "abc&s\n&@r", "POST", "application/x-www-form-urlencoded"},
		{"json", []flagArg{{JSON, `{"a":`}, {JSON, "1}"}}, "", `{"a":1}`, "POST", "application/json"},
		{"json of a file", []flagArg{{JSON, file}}, "", "a\r\nb\x00c\n", "POST", "application/json"},
		{"json behind data", []flagArg{{Form, "a"}, {JSON, "b"}}, "", "ab", "POST", "application/json"},
		{"data behind json", []flagArg{{JSON, "b"}, {Form, "a"}}, "", "b&a", "POST", "application/json"},
		{"stdin twice", []flagArg{{Form, "@-"}, {Form, "@-"}}, "s", "s&", "POST", "application/x-www-form-urlencoded"},
		{"upload", []flagArg{{Upload, file[1:]}}, "", "a\r\nb\x00c\n", "PUT", ""},
		{"upload of stdin", []flagArg{{Upload, "-"}}, "x\n", "x\n", "PUT", ""},
		{"upload of stdin by its other name", []flagArg{{Upload, "."}}, "x\n", "x\n", "PUT", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := &Data{Stdin: iotest.OneByteReader(strings.NewReader(c.stdin))}
			for _, f := range c.flags {
				if err := d.Add(f.flag, f.arg); err != nil {
					t.Fatal(err)
				}
			}
			if d.Method() != c.method || d.Implied().Get("Content-Type") != c.kind {
				t.Errorf("%s, %q", d.Method(), d.Implied())
			}
			body := d.Body()
			if body == nil {
				return
			}
			for range 2 { // each of these can be sent again
				got, size := readBody(t, body)
				if got != c.want || size != int64(len(c.want)) || !body.Replayable() {
					t.Errorf("%q, length %d; want %q", got, size, c.want)
				}
			}
		})
	}
}

func readBody(t *testing.T, body Body) (string, int64) {
	t.Helper()
	r, size, err := body.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	content, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(content), size
}

func TestALongStreamIsSentInChunksAndOnce(t *testing.T) {
	s := newWire(t, answer(200))
	c, _ := newClient(t, s.base)
	d := &Data{Stdin: endless(bufferedBody + 5)}
	if err := d.Add(Upload, "-"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := do(t, c, &Request{Method: d.Method(), URL: parse(t, s.base), Body: d.Body()}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(s.heads[0], "Transfer-Encoding: chunked") || len(s.body[0]) != bufferedBody+5 || d.Body().Replayable() {
		t.Errorf("%d bytes\n%s", len(s.body[0]), s.heads[0])
	}
	if _, _, err := d.Body().Open(); !fault.Is(err, fault.IO) {
		t.Errorf("opened twice: %v", err)
	}
	exact := &streamBody{in: endless(bufferedBody)}
	if _, size := readBody(t, exact); size != bufferedBody || !exact.Replayable() {
		t.Errorf("a MiB: length %d", size)
	}
}

func TestAnEmptyBodyHasALength(t *testing.T) {
	s := newWire(t, answer(200))
	c, _ := newClient(t, s.base)
	if _, _, err := do(t, c, &Request{Method: "POST", URL: parse(t, s.base), Body: Text("")}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(s.heads[0], "\r\nContent-Length: 0") {
		t.Error(s.heads[0])
	}
}

func TestAFileThatShrinksIsALocalFailure(t *testing.T) {
	file := writeFile(t, "0123456789")
	r, size, err := (&fileBody{path: file}).Open()
	if err != nil || size != 10 {
		t.Fatal(size, err)
	}
	defer r.Close()
	if err := os.Truncate(file, 4); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(r); !fault.Is(err, fault.IO) {
		t.Errorf("%v", err)
	}
	grown := writeFile(t, "0123")
	r, _, _ = (&fileBody{path: grown}).Open()
	defer r.Close()
	_ = os.WriteFile(grown, []byte("01234567"), 0o600)
	if got, err := io.ReadAll(r); err != nil || len(got) != 4 {
		t.Errorf("a file that grew: %q, %v", got, err)
	}
}

func TestFlagsThatCannotGoTogetherAreRefused(t *testing.T) {
	for _, flags := range [][]flagArg{
		{{Form, "@"}}, {{JSON, "@"}}, {{Upload, ""}}, {{Upload, "a"}, {Form, "b"}}, {{Form, "a"}, {Upload, "b"}}, {{Upload, "a"}, {Upload, "b"}},
	} {
		var d Data
		var err error
		for _, f := range flags {
			err = d.Add(f.flag, f.arg)
		}
		if !fault.Is(err, fault.Usage) {
			t.Errorf("%v: %v", flags, err)
		}
	}
}

func TestNothingIsReadBeforeItIsSent(t *testing.T) {
	stdin := bytes.NewBufferString("data")
	d := &Data{Stdin: stdin}
	_ = d.Add(Form, "@-")
	c, _ := newClient(t, "http://127.0.0.1:1")
	if _, _, err := do(t, c, &Request{URL: parse(t, "https://evil.example"), Body: d.Body()}); !fault.Is(err, fault.Policy) {
		t.Error(err)
	}
	if stdin.Len() != 4 {
		t.Error("standard input was read for a request that is refused")
	}
}

func TestAnUploadToAFolderTakesTheFilesName(t *testing.T) {
	for _, c := range []struct{ url, file, want string }{
		{"https://h.example/", "/x/a b.txt", "https://h.example/a%20b.txt"},
		{"https://h.example/d%2Fe/", "f", "https://h.example/d%2Fe/f"},
		{"https://h.example/d/?q=1", "../f?", "https://h.example/d/f%3F?q=1"},
		{"https://h.example/d/", `..\..\e\f`, "https://h.example/d/f"},
		{"https://h.example/d", "f", "https://h.example/d"},
		{"https://h.example/d/", "-", "https://h.example/d/"},
		{"https://h.example/d/", ".", "https://h.example/d/"},
	} {
		u, _ := url.Parse(c.url)
		if got := UploadURL(u, c.file).String(); got != c.want {
			t.Errorf("%s + %s = %s, want %s", c.url, c.file, got, c.want)
		}
	}
}

func TestAQueryIsAddedBehindWhatIsThere(t *testing.T) {
	u, _ := url.Parse("https://h.example/p?a=%7E+b")
	if err := AddQuery(u, []string{"k=v w", "x=a=b&c", "é=+", "e="}); err != nil {
		t.Fatal(err)
	}
	if want := "a=%7E+b&k=v%20w&x=a%3Db%26c&%C3%A9=%2B&e="; u.RawQuery != want {
		t.Errorf("%s, want %s", u.RawQuery, want)
	}
	for _, bad := range []string{"", "k", "=v"} {
		if err := AddQuery(u, []string{bad}); !fault.Is(err, fault.Usage) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
