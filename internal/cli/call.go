package cli

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/authctl/authctl/internal/call"
	"github.com/authctl/authctl/internal/profile"
)

type callOptions struct {
	method, target string

	send  sendFlags
	way   wayFlags
	again againFlags
	save  saveFlags
	show  showFlags

	shape shapeFlags
	pages pageFlags
	batch batchFlags
	view  *view // what shape and pages say
}

func newCall(g *globals) *cobra.Command {
	var o callOptions
	cmd := &cobra.Command{
		Use:   "call [METHOD] PATH|URL",
		Short: "Make one authenticated HTTP request",
		Long: "Make one HTTP request with the profile's token and print the body of the answer as it came. A PATH goes to the profile's\n" +
			"base_url; a URL must be within the origin of base_url or allowed_origins. METHOD is GET, or POST with a body. A refused token\n" +
			"is renewed once. HTTP status 400 and more is exit code 22, with the body printed all the same. Flags mean what they mean to\n" +
			"curl; docs/call.md tells where they do not. Nothing is retried without --retry, and no redirect followed without -L.",
		Example: "  authctl call GET /api/v1/things --profile tnco --query limit=10\n" +
			"  authctl call PUT /api/v1/things/7 --json @thing.json -p entra -o answer.json\n" +
			"  authctl call /big.iso -p entra -o big.iso -C - --retry 3",
		Args: callArgs(&o),
		RunE: func(cmd *cobra.Command, _ []string) error { return g.runCall(cmd.Context(), &o) },
	}
	cmd.SetFlagErrorFunc(callFlagFault)
	for _, group := range []interface{ addFlags(cmd *cobra.Command) }{&o.send, &o.way, &o.again, &o.save, &o.show, &o.shape, &o.pages, &o.batch} {
		group.addFlags(cmd)
	}
	return cmd
}

// callArgs reads [METHOD] PATH|URL.
func callArgs(o *callOptions) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		switch {
		case o.batch.file != "" && len(args) == 0:
			return nil
		case o.batch.file != "":
			return usage("call --batch takes no PATH; each line of the batch has its own").Hint("authctl call --batch FILE")
		case len(args) == 2:
			o.method, o.target = args[0], args[1]
		case len(args) == 1 && !call.IsMethod(args[0]):
			o.target = args[0]
		default:
			return usage("call takes [METHOD] and a PATH or URL").Hint("authctl call GET /path")
		}
		o.method = call.Method(o.method)
		return nil
	}
}

func (g *globals) runCall(ctx context.Context, o *callOptions) error {
	if err := o.batch.check(); err != nil {
		return err
	}
	if o.batch.file != "" {
		return g.runBatch(ctx, o)
	}
	o.send.shown = o.show.any()
	request, err := o.send.request(ctx, g.app, o.method)
	if err != nil {
		return err
	}
	if err := o.save.check(request); err != nil {
		return err
	}
	if o.view, err = g.view(o, request); err != nil {
		return err
	}
	if o.save.resume != "" && !o.view.plain() {
		return usage("-C goes together with none of --jq, --template and --paginate")
	}
	limit, err := seconds(o.way.maxTime)
	if err != nil {
		return err
	}
	opts, p, err := g.callProfile(ctx, o)
	if err != nil {
		return err
	}
	if request.URL, err = o.send.url(p, o.target); err != nil {
		return err
	}
	if p, err = o.send.shownTo(p, request.URL); err != nil {
		return err
	}
	if o.show.any() {
		return g.show(opts, o, p, request)
	}
	if limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	client, err := g.callClient(ctx, p, opts, o)
	if err != nil {
		return err
	}
	return g.exchange(ctx, client, request, o)
}

// callProfile is the chosen profile. A call without a token, to a whole URL, needs none.
func (g *globals) callProfile(ctx context.Context, o *callOptions) (Options, *profile.Profile, error) {
	opts, p, err := g.chosen(ctx)
	if err != nil && o.send.noAuth && g.profile == "" && g.config == "" && strings.Contains(o.target, "://") {
		return g.bareOptions(), &profile.Profile{Timeout: time.Minute}, nil
	}
	return opts, p, err
}
