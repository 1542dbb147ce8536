package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/authctl/authctl/internal/call"
	"github.com/authctl/authctl/internal/httpx"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/secret"
)

// showFlags ask to see the request in place of sending it.
type showFlags struct{ dryRun, curl bool }

func (o *showFlags) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&o.dryRun, "dry-run", false, "print the request without its secrets, and send nothing")
	f.BoolVar(&o.curl, "curl", false, "print a curl command that does the same, and send nothing")
	cmd.MarkFlagsMutuallyExclusive("dry-run", "curl")
}

func (o *showFlags) any() bool { return o.dryRun || o.curl }

// show prints the request. No secret is resolved for it and no token asked for; what policy forbids is refused all the
// same.
func (g *globals) show(opts Options, o *callOptions, p *profile.Profile, request *call.Request) error {
	if o.show.curl && p.DPoP.On && !o.send.noAuth {
		return noProofs("curl", p)
	}
	client := &call.Client{UserAgent: "authctl/" + g.app.Version, Bound: p.DPoP.On}
	if err := o.again.into(client); err != nil {
		return err
	}
	if !o.send.noAuth {
		var err error
		if client.Origins, err = origins(p); err != nil {
			return err
		}
		client.Source = noTokens{}
		for _, h := range p.Headers {
			client.Headers = append(client.Headers, call.Header{Name: h.Name, Value: secret.New(secret.Redacted)})
		}
	}
	text, err := client.Preview(request)
	if err != nil {
		return err
	}
	if o.show.curl {
		line, notes, err := g.curlLine(opts.folder(), o, p, request)
		if err != nil {
			return err
		}
		for _, note := range notes {
			g.app.note("%s", note)
		}
		text = line + "\n"
	} else {
		text = g.app.Mask.Text(text)
	}
	return g.app.answer([]byte(text))
}

// noTokens stands for a session that is not opened.
type noTokens struct{}

func (noTokens) Bearer(context.Context) (httpx.Bearer, error) {
	return httpx.Bearer{}, context.Canceled
}

func (noTokens) Renew(context.Context, string) (httpx.Bearer, error) {
	return httpx.Bearer{}, context.Canceled
}
