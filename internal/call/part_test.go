package call

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/fault"
)

const tagged = "Etag: \"v1\"\r\nAccept-Ranges: bytes\r\n"

// cut is an answer of a body of ten bytes that breaks off after four.
func cut(headers string) string {
	return "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n" + headers + "Connection: close\r\n\r\n0123"
}

func rest(contentRange, headers, body string) string {
	return fmt.Sprintf("HTTP/1.1 206 Partial Content\r\nContent-Range: %s\r\nContent-Length: %d\r\n%s\r\n%s", contentRange, len(body), headers, body)
}

func whole(body, headers string) string {
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n%s\r\n%s", len(body), headers, body)
}

// fetch makes one run with -C - -o file.
func fetch(t *testing.T, s *wire, file string, retry Retry) (*http.Response, error) {
	t.Helper()
	c, _ := newClient(t, s.base)
	c.Retry = retry
	c.Sleep = func(context.Context, time.Duration) error { return nil }
	sink, err := Output{Path: file, Resume: s.base + "/f"}.Open()
	if err != nil {
		return nil, err
	}
	defer sink.Close()
	return c.Fetch(t.Context(), &Request{URL: parse(t, s.base+"/f")}, sink)
}

func content(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		return "<none>"
	}
	return string(text)
}

func TestADownloadIsContinuedOnlyWhereItIsTheSameVersion(t *testing.T) {
	t.Parallel()
	dated := "Last-Modified: Mon, 02 Jan 2006 15:04:05 GMT\r\nDate: Mon, 02 Jan 2006 16:04:05 GMT\r\n"
	for _, tc := range []struct {
		name, first, second string
		ask, want           string // the If-Range that is sent; the file, or the code of the error
	}{
		{"the rest", cut(tagged), rest("bytes 4-9/10", "Etag: \"v1\"\r\n", "456789"), `If-Range: "v1"`, "0123456789"},
		{"the rest of unknown size", cut(tagged), rest("bytes 4-9/*", "", "456789"), `If-Range: "v1"`, "0123456789"},
		{"by date", cut(dated), rest("bytes 4-9/10", "", "456789"), "If-Range: Mon, 02 Jan 2006 15:04:05 GMT", "0123456789"},
		{"another version", cut(tagged), whole("ABCDE", ""), `If-Range: "v1"`, "ABCDE"},
		{"nothing missing", "HTTP/1.1 200 OK\r\n" + tagged + "Transfer-Encoding: chunked\r\n\r\n4\r\n0123\r\n", "HTTP/1.1 416 No\r\nContent-Range: bytes */4\r\nContent-Length: 0\r\n\r\n", "Range: bytes=4-", "0123"},
		{"weak tag", cut("Etag: W/\"v1\"\r\n"), whole("ABCDE", ""), "", "ABCDE"},
		{"no tag", cut(""), whole("ABCDE", ""), "", "ABCDE"},
		{"fresh date", cut(strings.Replace(dated, "16:04", "15:04", 1)), whole("ABCDE", ""), "", "ABCDE"},
		{"no ranges", cut("Etag: \"v1\"\r\nAccept-Ranges: none\r\n"), whole("ABCDE", ""), "", "ABCDE"},
		{"another tag in the part", cut(tagged), rest("bytes 4-9/10", "Etag: \"v2\"\r\n", "456789"), "If-Range", "protocol.range"},
		{"another date in the part", cut(dated), rest("bytes 4-9/10", "Last-Modified: Tue, 03 Jan 2006 15:04:05 GMT\r\n", "456789"), "If-Range", "protocol.range"},
		{"the same date in the part", cut(dated), rest("bytes 4-9/10", "Etag: \"v2\"\r\nLast-Modified: Mon, 02 Jan 2006 15:04:05 GMT\r\n", "456789"), "If-Range", "0123456789"},
		{"a part unasked", cut(""), rest("bytes 4-9/10", "", "456789"), "", "protocol.range"},
		{"all of it as a part", cut(""), rest("bytes 0-5/6", tagged, "456789"), "", "456789"},
		{"another beginning", cut(tagged), rest("bytes 3-9/10", "", "3456789"), "If-Range", "protocol.range"},
		{"another size", cut(tagged), rest("bytes 4-10/11", "", "4567890"), "If-Range", "protocol.range"},
		{"not to the end", cut(tagged), rest("bytes 4-8/10", "", "45678"), "If-Range", "protocol.range"},
		{"longer than said", cut(tagged), rest("bytes 4-9/10", "", "456789xx"), "If-Range", "protocol.range"},
		{"no Content-Range", cut(tagged), strings.Replace(rest("x", "", "456789"), "Content-Range: x\r\n", "", 1), "If-Range", "protocol.range"},
		{"nonsense", cut(tagged), rest("bytes +4--9/10", "", "456789"), "If-Range", "protocol.range"},
		{"many ranges", cut(tagged), rest("bytes 4-9/10\r\nContent-Range: bytes 4-9/10", "", "456789"), "If-Range", "protocol.range"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := newWire(t, tc.first, tc.second)
			file := filepath.Join(t.TempDir(), "out")
			if _, err := fetch(t, s, file, Retry{}); err == nil || content(t, file) != "<none>" {
				t.Fatalf("half a body: %v, %q", err, content(t, file))
			}
			_, err := fetch(t, s, file, Retry{})
			if head := s.heads[1]; tc.ask == "" && strings.Contains(head, "Range") || !strings.Contains(head, tc.ask) {
				t.Errorf("asked for %q", head)
			}
			if got := content(t, file); err == nil && got != tc.want || err != nil && fault.From(err).Code != tc.want {
				t.Errorf("%v, %q", err, got)
			}
			if err == nil {
				onlyFile(t, file)
			}
		})
	}
}

func TestAPartOfAnotherURLIsNotContinued(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "out")
	_, _ = fetch(t, newWire(t, cut(tagged)), file, Retry{})
	other := newWire(t, whole("ABCDE", ""))
	if _, err := fetch(t, other, file, Retry{}); err != nil || content(t, file) != "ABCDE" || strings.Contains(other.heads[0], "Range") {
		t.Errorf("%v, %q", err, content(t, file))
	}
	onlyFile(t, file)
}

func TestAnErrorIsNotPartOfAFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "out")
	s := newWire(t, cut(tagged), answer(404), rest("bytes 4-9/10", "", "456789"))
	_, _ = fetch(t, s, file, Retry{})
	if res, err := fetch(t, s, file, Retry{}); err != nil || res.StatusCode != 404 || content(t, file) != "ok" {
		t.Fatalf("%v, %q", err, content(t, file))
	}
	if _, err := fetch(t, s, file, Retry{}); err != nil || content(t, file) != "0123456789" {
		t.Errorf("%v, %q", err, content(t, file))
	}
}

func TestAPartThatHasNoRestIsGivenUp(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "out")
	s := newWire(t, cut(tagged), "HTTP/1.1 416 No\r\nContent-Range: bytes */2\r\nContent-Length: 2\r\n\r\nno", whole("AB", tagged))
	_, _ = fetch(t, s, file, Retry{})
	if res, err := fetch(t, s, file, Retry{}); err != nil || res.StatusCode != 416 {
		t.Fatalf("%v", err)
	}
	if _, err := fetch(t, s, file, Retry{}); err != nil || onlyFile(t, file) != "AB" || strings.Contains(s.heads[2], "Range") {
		t.Errorf("%v, %q, asked by %q", err, content(t, file), s.heads[2])
	}
}

func TestARetryFetchesTheRestOfABody(t *testing.T) {
	t.Parallel()
	for name, output := range map[string]string{"-o": "", "-C": "resume"} {
		s := newWire(t, cut(tagged), rest("bytes 4-9/10", "", "456789"))
		file := filepath.Join(t.TempDir(), "out")
		c, _ := newClient(t, s.base)
		impatient(c, Retry{Max: 1})
		sink, err := Output{Path: file, Resume: output}.Open()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Fetch(t.Context(), &Request{URL: parse(t, s.base)}, sink); err != nil || onlyFile(t, file) != "0123456789" {
			t.Errorf("%s: %v, %q", name, err, content(t, file))
		}
		sink.Close()
	}
}

func TestABodyThatBreaksOffCountsAsTheOtherRetriesDo(t *testing.T) {
	t.Parallel()
	broken := "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 4-9/10\r\nContent-Length: 6\r\nConnection: close\r\n\r\n"
	for _, tc := range []struct {
		name   string
		retry  Retry
		script []string
		want   int // requests
		code   string
	}{
		{"none left", Retry{Max: 1}, []string{answer(503), cut(tagged), rest("bytes 4-9/10", "", "456789")}, 2, "protocol.truncated"},
		{"behind another", Retry{Max: 2}, []string{answer(503), cut(tagged), rest("bytes 4-9/10", "", "456789")}, 3, ""},
		{"before others", Retry{Max: 2}, []string{cut(tagged), answer(503), broken, rest("bytes 4-9/10", "", "456789")}, 3, "protocol.truncated"},
		{"too late", Retry{Max: 9, Within: 90 * time.Second}, []string{cut(tagged), broken, broken, rest("bytes 4-9/10", "", "456789")}, 3, "protocol.truncated"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := newWire(t, tc.script...)
			c, _ := newClient(t, s.base)
			pauses, now := impatient(c, tc.retry), time.Now()
			c.Clock = func() time.Time { return now.Add(time.Duration(s.hits()) * 40 * time.Second) }
			file := filepath.Join(t.TempDir(), "out")
			sink, err := Output{Path: file, Resume: "x"}.Open()
			if err != nil {
				t.Fatal(err)
			}
			defer sink.Close()
			trip := &Trip{}
			_, err = c.Fetch(t.Context(), &Request{URL: parse(t, s.base), Trip: trip}, sink)
			if got := fault.From(err); tc.code == "" && err != nil || tc.code != "" && (err == nil || got.Code != tc.code) {
				t.Errorf("%v", err)
			}
			if s.hits() != tc.want || trip.Retries != tc.want-1 || len(*pauses) != tc.want-1 || !trip.Began.Equal(now) {
				t.Errorf("%d requests, %d retries told of, pauses %v, begun at %v", s.hits(), trip.Retries, *pauses, trip.Began.Sub(now))
			}
		})
	}
}

func TestABodyOnItsWayToAPipeIsNotBegunAnew(t *testing.T) {
	t.Parallel()
	s := newWire(t, cut(tagged), whole("0123456789", ""))
	c, _ := newClient(t, s.base)
	c.Retry = Retry{Max: 3}
	var out strings.Builder
	sink, _ := Output{Stdout: &out}.Open()
	if _, err := c.Fetch(t.Context(), &Request{URL: parse(t, s.base)}, sink); !fault.Is(err, fault.Protocol) || out.String() != "0123" || s.hits() != 1 {
		t.Errorf("%v, %q, %d requests", err, out.String(), s.hits())
	}
}

func TestAPartThatOthersCouldHavePlantedIsRefused(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("links need a privilege on Windows; the folder's access list is what guards the part there")
	}
	dir := t.TempDir()
	file, victim := filepath.Join(dir, "out"), filepath.Join(dir, "victim")
	for name, plant := range map[string]func(from, to string) error{"symbolic": os.Symlink, "hard": os.Link} {
		if err := os.WriteFile(victim, []byte("precious"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := plant(victim, file+".authctl-part"); err != nil {
			t.Fatal(err)
		}
		s := newWire(t, whole("ABCDE", ""))
		if _, err := fetch(t, s, file, Retry{}); !fault.Is(err, fault.IO) || s.hits() != 0 || content(t, victim) != "precious" {
			t.Errorf("%s link: %v, %q", name, err, content(t, victim))
		}
		_ = os.Remove(file + ".authctl-part")
	}
}

func TestTwoRunsDoNotWriteOnePart(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("there the second one fails when it renames")
	}
	file := filepath.Join(t.TempDir(), "out")
	sink, err := Output{Path: file, Resume: "x"}.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer sink.Close()
	if _, err := (Output{Path: file, Resume: "x"}).Open(); fault.From(err).Code != "io.busy" {
		t.Errorf("%v", err)
	}
}

func TestANoteTellsNoURL(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "out")
	_, _ = fetch(t, newWire(t, cut(tagged)), file, Retry{})
	if text := content(t, file+".authctl-part.json"); !strings.Contains(text, `"size":10`) || strings.Contains(text, "127.0.0.1") {
		t.Errorf("%s", text)
	}
}

func FuzzAPartIsExactlyTheRest(f *testing.F) {
	for _, seed := range []string{"bytes 4-9/10", "bytes 4-9/*", "bytes */10", "bytes 4-9/9", "items 1-2/3", "bytes 4-18446744073709551615/10", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		first, last, total, ok := contentRange([]string{value})
		if ok && (first < 0 || last < first || total >= 0 && last >= total) {
			t.Errorf("%q: %d-%d/%d", value, first, last, total)
		}
	})
}
