package batch

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/call"
	"github.com/authctl/authctl/internal/fault"
)

// resumed runs lines with the journal at path.
func resumed(t *testing.T, a *api, path string, in io.Reader) (string, Count, error) {
	t.Helper()
	j, err := OpenJournal(t.Context(), path)
	if err != nil {
		return "", Count{}, err
	}
	run := over(a)
	run.Journal = j
	var out bytes.Buffer
	count, err := run.Do(t.Context(), in, &out)
	if closed := j.Close(); closed != nil {
		t.Fatal(closed)
	}
	return out.String(), count, err
}

func TestAJournalServesOneRunAtATime(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no lock there")
	}
	path := filepath.Join(t.TempDir(), "journal")
	first, err := OpenJournal(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenJournal(t.Context(), path); fault.From(err).Code != "io.busy" {
		t.Errorf("%v", err)
	}
	time.AfterFunc(patience/10, func() { _ = first.Close() })
	second, err := OpenJournal(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	_ = second.Close()
}

func TestARunThatFailedGoesOnWhereItWas(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	down := true
	a := &api{answer: func(ctx context.Context, req *call.Request) (int, string, error) {
		if down && req.URL.Path == "/12" {
			return 0, "", lost()
		}
		return echo(ctx, req)
	}}
	first, before, err := resumed(t, a, path, input(100))
	if !fault.Is(err, fault.Network) {
		t.Fatal(err)
	}
	down = false
	second, after, err := resumed(t, a, path, input(100))
	if err != nil || after.Skipped != before.Sent-before.Errors || after.Sent+after.Skipped != 100 {
		t.Errorf("%+v, then %+v: %v", before, after, err)
	}
	answered := map[int]int{}
	for _, r := range append(results(t, []byte(first)), results(t, []byte(second))...) {
		if r.Status > 0 {
			answered[r.Index]++
		}
	}
	if len(answered) != 100 || int(a.sent.Load()) != 101 {
		t.Errorf("%d answered, %d sent", len(answered), a.sent.Load())
	}
	third, last, err := resumed(t, a, path, input(100))
	if third != "" || last.Skipped != 100 || err != nil || a.sent.Load() != 101 {
		t.Errorf("%q %+v %v", third, last, err)
	}
}

func TestNewLinesAtTheEndAreSent(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	a := &api{answer: echo}
	if _, _, err := resumed(t, a, path, input(3)); err != nil {
		t.Fatal(err)
	}
	if _, count, err := resumed(t, a, path, input(5)); err != nil || count.Sent != 2 || count.Skipped != 3 {
		t.Errorf("%+v %v", count, err)
	}
}

func TestAnotherInputIsNotTakenForTheSame(t *testing.T) {
	for name, in := range map[string]string{
		"another line":   `{"path":"/0"}` + "\n" + `{"path":"/9"}` + "\n" + `{"path":"/2"}`,
		"another order":  `{"path":"/1"}` + "\n" + `{"path":"/0"}` + "\n" + `{"path":"/2"}`,
		"fewer lines":    `{"path":"/0"}` + "\n" + `{"path":"/1"}`,
		"nothing at all": ``,
	} {
		path := filepath.Join(t.TempDir(), "journal")
		a := &api{answer: echo}
		if _, _, err := resumed(t, a, path, input(3)); err != nil {
			t.Fatal(err)
		}
		out, _, err := resumed(t, a, path, strings.NewReader(in))
		if f := fault.From(err); f.Code != "usage.resume" || out != "" || a.sent.Load() != 3 {
			t.Errorf("%s: %q, %d sent: %v", name, out, a.sent.Load(), err)
		}
	}
}

func TestAJournalThatWasCutShortCountsWhatIsWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	if _, _, err := resumed(t, &api{answer: echo}, path, input(3)); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for size := range whole {
		if err := os.WriteFile(path, whole[:size], 0o600); err != nil {
			t.Fatal(err)
		}
		a := &api{answer: echo}
		_, count, err := resumed(t, a, path, input(3))
		done := max(0, bytes.Count(whole[:size], []byte("\n"))-1)
		if err != nil || count.Skipped != done || int(a.sent.Load()) != 3-done {
			t.Fatalf("%d bytes: %+v: %v", size, count, err)
		}
		if again, _ := os.ReadFile(path); len(again) != len(whole) {
			t.Fatalf("%d bytes became %q", size, again)
		}
	}
}

func TestAFileThatIsNoJournalIsLeftAlone(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a text": "my notes\n", "a short one": "x", "a binary": "\x00\x01", "damage": heading + "0 zz\n", "an index too high": heading + "99999999999 0000000000000001\n",
	} {
		path := filepath.Join(dir, "file")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenJournal(t.Context(), path); !fault.Is(err, fault.Usage) {
			t.Errorf("%s: %v", name, err)
		}
		if now, _ := os.ReadFile(path); string(now) != text {
			t.Errorf("%s became %q", name, now)
		}
	}
	if _, err := OpenJournal(t.Context(), dir); err == nil {
		t.Error("a folder is no journal")
	}
}

func TestAResultThatWasNotHandedOverIsNotNoted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	j, err := OpenJournal(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	run := over(&api{answer: echo})
	run.Journal = j
	full := errors.New("full")
	if _, err := run.Do(t.Context(), input(10_000), &narrow{err: full}); !errors.Is(err, full) {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if text, _ := os.ReadFile(path); string(text) != heading {
		t.Errorf("%q", text)
	}
}

func FuzzJournal(f *testing.F) {
	f.Add([]byte(heading + "0 00000000000000ff\n"))
	f.Add([]byte(heading + "12 0"))
	f.Add([]byte("authctl b"))
	f.Fuzz(func(t *testing.T, text []byte) {
		path := filepath.Join(t.TempDir(), "journal")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		j, err := OpenJournal(t.Context(), path)
		if err != nil {
			if now, _ := os.ReadFile(path); !bytes.Equal(now, text) {
				t.Fatalf("refused, and changed to %q", now)
			}
			return
		}
		if err := j.add([]entry{{1, 2}}); err != nil {
			t.Fatal(err)
		}
		_ = j.Close()
		again, err := OpenJournal(t.Context(), path)
		if err != nil || again.state(1, 2) != finished {
			t.Fatalf("%q: %v", text, err)
		}
		_ = again.Close()
	})
}
