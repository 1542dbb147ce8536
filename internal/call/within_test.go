package call

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/fault"
)

// silence is a standard input that nobody writes to.
func silence(t *testing.T) io.Reader {
	t.Helper()
	r, w := io.Pipe()
	t.Cleanup(func() { _ = w.Close() })
	return r
}

func TestAnInterruptEndsTheWaitForABody(t *testing.T) {
	t.Parallel()
	s := newWire(t, answer(200))
	for _, arg := range []struct {
		flag DataFlag
		text string
	}{{Form, "@-"}, {JSON, "@-"}, {Encoded, "a@-"}, {Upload, "-"}, {Multi, "a=@-"}} {
		c, _ := newClient(t, s.base)
		c.Retry.Max = 3
		d := Data{Stdin: silence(t)}
		if err := d.Add(arg.flag, arg.text); err != nil {
			t.Fatal(err)
		}
		req := &Request{Method: "POST", URL: parse(t, s.base), Body: d.Body()}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(10*time.Millisecond, cancel)
		if _, err := c.Do(ctx, req); !fault.Is(err, fault.Canceled) {
			t.Errorf("%s %s: %v", arg.flag, arg.text, err)
		}
		cancel()
	}
	if s.hits() != 0 {
		t.Errorf("%d requests", s.hits())
	}
}

func TestTheTimeOfACallCountsWhileItsBodyIsRead(t *testing.T) {
	t.Parallel()
	s := newWire(t, answer(200))
	c, _ := newClient(t, s.base)
	d := Data{Stdin: silence(t)}
	if err := d.Add(Form, "@-"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := c.Do(ctx, &Request{Method: "POST", URL: parse(t, s.base), Body: d.Body()})
	if f := fault.From(err); f.Code != "timeout.total" || !strings.Contains(err.Error(), "reading what is to be sent") || s.hits() != 0 {
		t.Errorf("%v, %d requests", err, s.hits())
	}
}

func TestWithinGivesWhatTheWorkGives(t *testing.T) {
	t.Parallel()
	wrong := errors.New("wrong")
	if n, err := Within(t.Context(), func() (int, error) { return 3, wrong }); n != 3 || !errors.Is(err, wrong) {
		t.Errorf("%d, %v", n, err)
	}
}
