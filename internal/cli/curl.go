package cli

import (
	"context"
	"errors"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/authctl/authctl/internal/call"
	"github.com/authctl/authctl/internal/child"
	"github.com/authctl/authctl/internal/curl"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/httpx"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/secret"
)

const (
	maxHeaderFile = 256 << 10
	askWait       = 5 * time.Second
	curlHTTPError = 22 // curl's status for HTTP >= 400, where it was told to fail
)

func newCurl(g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "curl [flags] -- CURL-ARG...",
		Short: "Run the real curl with the profile's token",
		Long: "Run the curl that is installed, with the Authorization header and the profile's headers handed to it through a pipe. A URL\n" +
			"that begins with / goes to the profile's base_url; every other one must be within the origin of base_url or\n" +
			"allowed_origins. Options of curl that would show the token, send it elsewhere or put another credential in its place are\n" +
			"refused (exit code 7). The exit status is curl's; a failure of authctl itself is 125, 126 and 127 that curl cannot run.",
		Example: "  authctl curl -p tnco -- -sS /api/v1/things\n" +
			"  authctl curl -p entra -- -f -X PUT --json @thing.json /api/v1/things/7",
		Annotations: map[string]string{wraps: "curl"},
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("there is nothing to ask curl for").Hint("authctl curl -- /path")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return g.runCurl(cmd.Context(), args) },
	}
	cmd.Flags().SetInterspersed(false) // what follows the first argument is curl's
	return cmd
}

func (g *globals) runCurl(ctx context.Context, args []string) error {
	opts, p, err := g.chosen(ctx)
	if err != nil {
		return err
	}
	if p.DPoP.On {
		return noProofs("curl", p)
	}
	allowed, err := origins(p)
	if err != nil {
		return err
	}
	plan, err := call.Within(ctx, func() (*curl.Plan, error) { return g.curlPlan(p, allowed, args) })
	if err != nil {
		return err
	}
	c, err := g.curlCommand(ctx, plan)
	if err != nil {
		return err
	}
	if !plan.Asks {
		bearer, err := (&sessionTokens{app: g.app, profile: p, options: opts, origins: allowed}).Bearer(ctx)
		if err != nil {
			return err
		}
		headers, err := g.curlHeaders(ctx, p, opts, plan, bearer)
		if err != nil {
			return err
		}
		if c.Handing, err = child.Hand(headers, curlWay(p).Config()); err != nil {
			return fault.New(fault.IO, "io.pipe", "%w", err).Doing("handing the headers to curl")
		}
		defer func() { _ = c.Handing.Close() }()
	}
	c.Args = append([]string{"curl"}, plan.Command(curlWay(p), curlFiles(p, c.Handing))...)
	err = g.run(ctx, c)
	if errors.Is(err, childStatus(curlHTTPError)) && !plan.Asks {
		g.app.note("hint: if the server answered 401, it no longer takes the stored token: authctl token get -p %s --force-refresh >%s, then repeat the command",
			p.Name, os.DevNull)
	}
	return err
}

// noProofs refuses to hand a token that is bound to a key to a program that cannot prove the key (RFC 9449).
func noProofs(program string, p *profile.Profile) error {
	return fault.New(fault.Usage, "usage.dpop", "the profile has dpop: each request needs a proof of its own, which %s cannot make", program).
		Hint("authctl call -p %s /path", p.Name).Hint("authctl proxy -p %s", p.Name)
}

// curlPlan judges the command line; nothing was read, asked or run for it so far.
func (g *globals) curlPlan(p *profile.Profile, allowed httpx.Origins, args []string) (*curl.Plan, error) {
	if p.TLS.ServerName != "" {
		return nil, fault.New(fault.Config, "config.tls", "curl cannot verify a server under the other name of tls.server_name").
			Hint("authctl call can")
	}
	r := curl.Reader{
		BaseURL: p.BaseURL, Origins: allowed, Headers: len(p.Headers) > 0, Certificate: p.TLS.CertFile != "", Insecure: p.TLS.InsecureSkipVerify,
		ReadFile: g.readHeaders,
	}
	return r.Read(args)
}

// readHeaders reads a file of headers, "-" from standard input.
func (g *globals) readHeaders(name string) ([]byte, error) {
	in := g.app.IO.In
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, fault.New(fault.IO, "io.read", "%w", err).Doing("reading the headers to send")
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	data, err := httpx.ReadLimited(in, maxHeaderFile)
	if err != nil {
		return nil, fault.New(fault.IO, "io.read", "%w", err).Doing("reading the headers to send")
	}
	return data, nil
}

// curlCommand finds curl. Where redirects are followed, it must be one that keeps the token from other servers.
func (g *globals) curlCommand(ctx context.Context, plan *curl.Plan) (*child.Command, error) {
	// The environment must not hold the token of an authctl exec around this one, and with SSLKEYLOGFILE curl would
	// write down the keys of the connection.
	env := child.Environ(g.app.Environ(), []string{storageKey, tokenVariable, "SSLKEYLOGFILE"})
	c, err := g.command([]string{"curl"}, env)
	if err != nil || !plan.Follows {
		return c, err
	}
	ctx, cancel := context.WithTimeout(ctx, askWait)
	defer cancel()
	c.Args = []string{"curl", "-q", "--version"}
	version, err := c.Output(ctx)
	if err != nil {
		return nil, fault.New(fault.IO, "exec.failed", "%w", err).Doing("asking curl for its version")
	}
	if curl.LosesTokens(string(version)) {
		return nil, fault.New(fault.Policy, "policy.curl", "-L: this curl sends the token to other ports of a host that redirects (CVE-2022-27776)").
			Hint("use curl 7.83.0 or later, or authctl call -L")
	}
	return c, nil
}

// curlHeaders is what curl reads from the pipe: the token's header, the profile's as far as the user gave no other of
// their name, and those of the user's files.
func (g *globals) curlHeaders(ctx context.Context, p *profile.Profile, opts Options, plan *curl.Plan, bearer httpx.Bearer) (secret.String, error) {
	var text strings.Builder
	for i, u := range plan.URLs {
		req := &http.Request{URL: u} // the token's one way out checks each URL once more
		if err := bearer.Authorize(req); err != nil {
			return secret.String{}, err
		}
		if i == 0 {
			text.WriteString("Authorization: " + req.Header.Get("Authorization") + "\n")
		}
	}
	for i, h := range p.Headers {
		if plan.Named[strings.ToLower(h.Name)] {
			continue
		}
		value, err := g.app.Resolve(ctx, p, h.Value, "headers["+strconv.Itoa(i)+"]", opts)
		if err != nil {
			return secret.String{}, err
		}
		text.WriteString(h.Name + ": " + value.Reveal() + "\n")
	}
	for _, line := range plan.Lines {
		text.WriteString(line + "\n")
	}
	return secret.New(text.String()), nil
}

// curlWay is how curl reaches the profile's servers.
func curlWay(p *profile.Profile) curl.Way {
	return curl.Way{
		CAFile: p.TLS.CAFile, CertFile: p.TLS.CertFile, KeyFile: p.TLS.KeyFile, MinVersion: p.TLS.MinVersion,
		Insecure: p.TLS.InsecureSkipVerify, Proxy: secret.New(p.Proxy),
	}
}

func curlFiles(p *profile.Profile, h *child.Handover) curl.Files {
	if h == nil {
		return curl.Files{}
	}
	files := curl.Files{Headers: h.Path(0)}
	if !curlWay(p).Config().IsZero() {
		files.Config = h.Path(1)
	}
	return files
}
