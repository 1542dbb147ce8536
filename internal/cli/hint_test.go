package cli

import (
	"testing"

	"github.com/authctl/authctl/internal/fault"
)

func TestEveryFailureHasAHint(t *testing.T) {
	for kind := fault.Internal; kind < fault.Canceled; kind++ {
		e := fault.New(kind, "", "why")
		hint(e, "authctl call")
		if len(e.Hints) != 1 {
			t.Errorf("%s: %q", kind, e.Hints)
		}
		hint(e, "authctl call")
		if len(e.Hints) != 1 {
			t.Errorf("%s: another one beside it: %q", kind, e.Hints)
		}
	}
}
