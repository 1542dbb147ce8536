package curl

import (
	"errors"
	"slices"
	"testing"

	"github.com/authctl/authctl/internal/fault"
)

func TestAFileOfHeadersIsLookedThroughAndGoesThroughThePipe(t *testing.T) {
	r := reader(t)
	r.ReadFile = func(name string) ([]byte, error) {
		switch name {
		case "good", "-":
			return []byte("X-One: 1\r\n\r\nX-Two;\n"), nil
		case "bad":
			return []byte("X-One: 1\nauthorization: Bearer mine\n"), nil
		case "odd":
			return []byte("X-One: 1\x00\n"), nil
		}
		return nil, errors.New("no such file")
	}
	plan, err := r.Read([]string{"-sH@good", "--header", "@-", "-H", "X-Three: 3", "/x"})
	want := []string{"X-One: 1", "X-Two;", "X-One: 1", "X-Two;"}
	if err != nil || !slices.Equal(plan.Lines, want) || !slices.Equal(plan.Args, []string{"-s", "-H", "X-Three: 3", base + "/x"}) {
		t.Fatalf("%+v, %v", plan, err)
	}
	for _, name := range []string{"x-one", "x-two", "x-three"} {
		if !plan.Named[name] {
			t.Errorf("%s was not noticed", name)
		}
	}
	for _, name := range []string{"bad", "odd"} {
		if _, err := r.Read([]string{"-H@" + name, "/x"}); !fault.Is(err, fault.Policy) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := r.Read([]string{"-H", "@gone", "/x"}); err == nil {
		t.Error("a file that cannot be read is nothing")
	}
}

func TestProfileHeadersDoNotFollowRedirects(t *testing.T) {
	r := reader(t)
	r.Headers = true
	checkFollowsNothing(t, r)
}

func TestAProfilesCertificateDoesNotFollowRedirects(t *testing.T) {
	r := reader(t)
	r.Certificate = true
	checkFollowsNothing(t, r)
}

// checkFollowsNothing holds a reader to refusing all that follows redirects.
func checkFollowsNothing(t *testing.T, r *Reader) {
	t.Helper()
	for _, args := range [][]string{{"-L", "/x"}, {"--location", "/x"}, {"--follow", "/x"}, {"-sL", "/x"}} {
		if _, err := r.Read(args); !fault.Is(err, fault.Policy) {
			t.Errorf("%q: %v", args, err)
		}
	}
	if _, err := r.Read([]string{"--no-location", "/x"}); err != nil {
		t.Error(err)
	}
}

func TestAMethodIsOneWhoseAnswerDoesNotShowTheToken(t *testing.T) {
	r := reader(t)
	for method, fine := range map[string]bool{"PATCH": true, "TRACED": true, "TRACE": false, "trace": false, "GET /y": false, "": false} {
		if _, err := r.Read([]string{"-X", method, "/x"}); (err == nil) != fine || err != nil && !fault.Is(err, fault.Policy) {
			t.Errorf("-X %q: %v", method, err)
		}
	}
}
