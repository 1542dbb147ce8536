package cli

import (
	"context"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/authctl/authctl/internal/call"
	"github.com/authctl/authctl/internal/call/page"
	"github.com/authctl/authctl/internal/call/shape"
)

// shapeFlags say what is made of a JSON answer.
type shapeFlags struct{ jq, template string }

func (o *shapeFlags) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVarP(&o.jq, "jq", "q", "", "print what the jq `EXPRESSION` makes of the JSON body, strings as they are")
	f.StringVar(&o.template, "template", "", "print the JSON body by a Go `TEMPLATE` with gh's functions")
	cmd.MarkFlagsMutuallyExclusive("jq", "template")
}

// shaper is nil where the body is printed as it came.
func (o *shapeFlags) shaper(a *App) (shape.Shaper, error) {
	switch {
	case o.jq != "":
		return asShaper(shape.ParseQuery("--jq", o.jq))
	case o.template != "":
		return asShaper(shape.ParseTemplate(o.template, a.Clock))
	}
	return nil, nil
}

// asShaper keeps a nil pointer from becoming a Shaper that is not nil.
func asShaper[S shape.Shaper](s S, err error) (shape.Shaper, error) {
	if err != nil {
		return nil, err
	}
	return s, nil
}

// view is how an answer is shown: as it came, or shaped, alone or with the pages behind it.
type view struct {
	shaper shape.Shaper
	pages  *page.Options // nil: one answer
	noFail bool
}

// view checks the flags before anything is sent.
func (g *globals) view(o *callOptions, request *call.Request) (*view, error) {
	shaper, err := o.shape.shaper(g.app)
	if err != nil {
		return nil, err
	}
	pages, err := o.pages.options(g.app, request)
	if err != nil {
		return nil, err
	}
	if pages != nil {
		pages.Shaper = shaper
	}
	if o.save.resume != "" && (shaper != nil || pages != nil) {
		return nil, usage("-C is for a body as it comes, not for --jq, --template or --paginate")
	}
	if o.save.include && o.pages.slurp {
		return nil, usage("-i and --slurp do not go together").Hint("-D FILE writes the headers to a file of their own")
	}
	return &view{shaper, pages, o.save.noFail}, nil
}

// plain reports whether an answer is shown as it came, and alone.
func (v *view) plain() bool { return v.shaper == nil && v.pages == nil }

// of gives res the body that is shown in place of its own. That of a failure, and one that cannot be, stay as they are.
func (v *view) of(ctx context.Context, client *call.Client, request *call.Request, res *http.Response) *http.Response {
	bodyless := request.Method == http.MethodHead || shape.Bodyless(res.StatusCode)
	if res.StatusCode >= http.StatusBadRequest || bodyless && v.pages == nil || v.shaper == nil && v.pages == nil {
		return res
	}
	shown := *res
	shown.ContentLength = -1
	if v.pages == nil {
		shown.Body = shape.Body(ctx, res.Body, v.shaper)
		return &shown
	}
	o := *v.pages
	o.Doer, o.Request = client, request
	o.Failed = func(request *call.Request, res *http.Response) error {
		if v.noFail && !o.Slurp { // an array without its end is no answer
			return nil
		}
		return statusFault(client, request, res)
	}
	shown.Body = page.Body(ctx, o, res)
	return &shown
}
