package cli

import (
	"net/http"

	"github.com/spf13/cobra"

	"github.com/authctl/authctl/internal/call"
	"github.com/authctl/authctl/internal/call/page"
)

// defaultPages ends a run over pages that nobody bounded and that a server makes up as it goes.
const defaultPages = 1000

// pageFlags say which pages of a result are wanted and how they are put together.
type pageFlags struct {
	paginate, slurp bool
	next, nextParam string
	max             int

	bounded func() bool // --max-pages was given
	strays  func() string
}

func (o *pageFlags) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&o.paginate, "paginate", false, "get the following pages as well, as the Link header or --next names them")
	f.BoolVar(&o.slurp, "slurp", false, "with --paginate: make one JSON array of all pages; --jq sees that array")
	f.IntVar(&o.max, "max-pages", defaultPages, "with --paginate: get at most `N` pages; 0 is no limit")
	f.StringVar(&o.next, "next", "", "with --paginate: the `FIELD` of the body, or a jq expression, that holds the next page's URL or cursor")
	f.StringVar(&o.nextParam, "next-param", "", "with --next: the query parameter that takes the cursor (default: FIELD without a leading next_)")
	o.bounded = func() bool { return f.Changed("max-pages") }
	o.strays = func() string {
		for _, name := range []string{"slurp", "max-pages", "next", "next-param"} {
			if f.Changed(name) {
				return name
			}
		}
		return ""
	}
}

// options is nil where one answer is all that is wanted.
func (o *pageFlags) options(a *App, request *call.Request) (*page.Options, error) {
	if !o.paginate {
		if name := o.strays(); name != "" {
			return nil, usage("--%s goes together with --paginate", name).Hint("add --paginate")
		}
		return nil, nil
	}
	switch {
	case request.Method != "" && request.Method != http.MethodGet || request.Body != nil:
		return nil, usage("--paginate is for GET without a body")
	case o.max < 0:
		return nil, usage("--max-pages is a number, 0 for no limit")
	case o.nextParam != "" && o.next == "":
		return nil, usage("--next-param goes together with --next").Hint("add --next FIELD")
	}
	opts := &page.Options{Max: o.max, Slurp: o.slurp, Stopped: func() {
		if !o.bounded() {
			a.warn("stopped after %d pages, and there are more: --max-pages 0 gets them all", defaultPages)
		}
	}}
	if o.next == "" {
		return opts, nil
	}
	var err error
	opts.Next, err = page.ParseNext(o.next, o.nextParam)
	return opts, err
}
