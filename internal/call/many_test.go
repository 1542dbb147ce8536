package call

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/fault"
)

// moods answers whole, or stalls in the middle of the body where it is asked to.
func moods(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/stall" {
			_, _ = io.WriteString(w, "whole")
			return
		}
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, "half")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestOneOfManyCallsIsWatchedAsTheFirst(t *testing.T) {
	base := moods(t)
	c, _ := newClient(t, base)
	c.Many, c.IdleTimeout = &Many{}, 60*time.Millisecond
	brief, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for i, step := range []struct {
		ctx        context.Context //nolint:containedctx // a table
		path, body string
		code       string
	}{
		{t.Context(), "/", "whole", ""},
		{t.Context(), "/", "whole", ""},
		{t.Context(), "/stall", "half", "timeout.idle"},
		{t.Context(), "/", "whole", ""},
		{brief, "/", "whole", ""},
		{brief, "/stall", "half", "timeout.idle"},
		{t.Context(), "/stall", "half", "timeout.idle"},
	} {
		res, err := c.Do(step.ctx, &Request{URL: parse(t, base+step.path)})
		if err != nil {
			t.Fatalf("%d: %v", i, err)
		}
		body, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if string(body) != step.body || (err != nil) != (step.code != "") || err != nil && fault.From(err).Code != step.code {
			t.Errorf("%d: %q, %v", i, body, err)
		}
	}
}

func TestOneOfManyCallsThatIsGivenUpGivesItsConnectionBack(t *testing.T) {
	base := moods(t)
	c, _ := newClient(t, base)
	c.Many = &Many{}
	for range 3 {
		res, err := c.Do(t.Context(), &Request{URL: parse(t, base+"/stall")})
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if w, ok := c.Many.watches.Get().(*watch); ok {
			t.Errorf("%v is kept for the next call", w)
		}
	}
}
