package cli

import (
	"context"
	"crypto/rand"
	"net"
	"net/http"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/httpx"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/relay"
	"github.com/authctl/authctl/internal/secret"
)

type proxyOptions struct {
	listen, admin  string
	pathSecret     string
	noPathSecret   bool
	allowedOrigins []string
	quiet          bool
	drainTimeout   time.Duration
}

func newProxy(g *globals) *cobra.Command {
	var o proxyOptions
	cmd := &cobra.Command{
		Use:   "proxy",
		Short: "Run a local reverse proxy to base_url that adds the token",
		Long: "Serve the profile's API on this machine for programs that cannot get tokens themselves: browsers, Postman, SDKs,\n" +
			"containers. Every request that comes with the secret path is sent on to base_url with a fresh token. The one line on\n" +
			"stdout is the base URL to use; the access log is on stderr. It serves until it is interrupted, and then lets what is\n" +
			"under way come to its end.",
		Example: "  authctl proxy --profile tnco\n" +
			"  authctl proxy --profile entra --listen unix:/tmp/entra/api.sock --quiet",
		Args: between(0, 0, "no arguments"), ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error { return g.runProxy(cmd.Context(), &o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.listen, "listen", "127.0.0.1:0", "loopback `ADDRESS:PORT` (port 0: a free one), or unix:PATH")
	f.StringVar(&o.pathSecret, "path-secret", "", "take the path secret from `REF` (env:NAME, file:PATH, ...) in place of a new one")
	f.BoolVar(&o.noPathSecret, "no-path-secret", false, "serve every path: whoever reaches the port uses the token")
	f.StringArrayVar(&o.allowedOrigins, "allow-origin", nil, "`URL` of a web origin whose pages may use the proxy (repeatable)")
	f.StringVar(&o.admin, "admin", "", "serve /-/healthz and /-/metrics at `ADDRESS:PORT`")
	f.BoolVar(&o.quiet, "quiet", false, "no access log")
	f.DurationVar(&o.drainTimeout, "drain-timeout", 10*time.Second, "how long requests under way may take when the proxy is stopped")
	return cmd
}

// check refuses what cannot be meant.
func (o *proxyOptions) check() error {
	if o.noPathSecret && o.pathSecret != "" {
		return usage("--path-secret and --no-path-secret exclude each other")
	}
	if strings.HasPrefix(o.listen, "unix:") && o.pathSecret != "" {
		return usage("a unix socket has no path secret: nobody else can connect to it")
	}
	if o.drainTimeout < 0 {
		return usage("--drain-timeout is less than nothing").Hint("--drain-timeout 10s")
	}
	for _, origin := range o.allowedOrigins {
		if _, err := httpx.ParseOrigin(origin); err != nil {
			return usage("--allow-origin %q is no web origin", origin).Hint("--allow-origin https://app.example.com")
		}
	}
	return nil
}

func (g *globals) runProxy(ctx context.Context, o *proxyOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	opts, p, err := g.chosen(ctx)
	if err != nil {
		return err
	}
	config, err := g.relayConfig(ctx, p, opts, o)
	if err != nil {
		return err
	}
	door, err := relay.Listen(ctx, o.listen)
	if err != nil {
		return err
	}
	defer func() { _ = door.Close() }()
	if door.Shared() && !o.noPathSecret {
		if config.Secret, err = g.pathSecret(ctx, p, opts, o.pathSecret); err != nil {
			return err
		}
	}
	proxy, err := relay.New(config, door)
	if err != nil {
		return err
	}
	admin, err := g.listenAdmin(ctx, o.admin)
	if err != nil {
		return err
	}
	if err := writeOut(g.app.IO.Out, []byte(door.URL(config.Secret)+"\n")); err != nil {
		return err
	}
	return g.serveProxy(ctx, proxy, door, admin)
}

func (g *globals) serveProxy(ctx context.Context, proxy *relay.Relay, door *relay.Door, admin net.Listener) error {
	if door.Shared() && !proxy.Secret() {
		g.app.warn("without a path secret, every program and user of this machine can use the token at %s", door.Addr())
	}
	g.tuneRuntime()
	cut, err := proxy.Serve(ctx, door, admin)
	if err == nil && cut > 0 {
		g.app.warn("%d requests did not end in time and were cut off", cut)
	}
	return err // nil: being stopped is how a server ends well
}

// tuneRuntime sets what the environment does not. A proxy keeps little and throws much away, so that collecting a
// quarter as often costs some MiB alone. And it leaves half of the processors to its clients and the API, which are on
// the same machine: with all of them its slowest requests take twice as long, and no more of them get through.
func (g *globals) tuneRuntime() {
	if _, chosen := g.app.Getenv("GOGC"); !chosen {
		debug.SetGCPercent(400)
	}
	if _, chosen := g.app.Getenv("GOMAXPROCS"); !chosen {
		runtime.GOMAXPROCS(max(1, runtime.GOMAXPROCS(0)/2))
	}
}

// relayConfig is what the profile says about the way to its API.
func (g *globals) relayConfig(ctx context.Context, p *profile.Profile, opts Options, o *proxyOptions) (relay.Config, error) {
	c := relay.Config{
		Base: p.BaseURL, AllowOrigins: o.allowedOrigins, ReauthStatuses: p.ReauthStatuses, Skew: p.ExpirySkew,
		Clock: g.app.Clock, DrainTimeout: o.drainTimeout, Explain: g.explain,
		Warn: func(err error) { g.app.warn("%s: renewing the token ahead of time: %v", p.Name, err) },
	}
	if p.BaseURL == "" {
		return c, fault.New(fault.Config, "config.base_url", "proxy needs the profile's base_url, which is not set").
			Hint("add base_url to the profile")
	}
	base, err := httpx.Resolve(p.BaseURL, "/")
	if err != nil {
		return c, err
	}
	origin, err := httpx.OriginOf(base)
	if err != nil {
		return c, err
	}
	c.Tokens = &proxyTokens{app: g.app, profile: p, options: opts, origins: httpx.Origins{origin}}
	if c.Transport, c.Upgrade, err = g.proxyTransports(p); err != nil {
		return c, err
	}
	if !o.quiet {
		c.Log = func(lines []byte) { _, _ = g.app.IO.Err.Write([]byte(g.app.clean(string(lines)))) }
	}
	headers, err := g.profileHeaders(ctx, p, opts)
	for _, h := range headers {
		c.Headers = append(c.Headers, relay.Header(h))
	}
	return c, err
}

func (g *globals) proxyTransports(p *profile.Profile) (all, upgrade *http.Transport, err error) {
	if all, err = g.app.Transport(p); err != nil {
		return nil, nil, err
	}
	if upgrade, err = g.app.Transport(p); err != nil {
		return nil, nil, err
	}
	httpx.OnlyHTTP1(upgrade)
	return all, upgrade, nil
}

// explain is the error object of --error-format json.
func (g *globals) explain(e *fault.Error) []byte {
	told := *e
	told.Profile = g.profileName
	return marshalLine(map[string]errorObject{"error": g.app.errorObject(&told)})
}

// pathSecret is a new secret, or the one that the user keeps somewhere so that the URL stays the same.
func (g *globals) pathSecret(ctx context.Context, p *profile.Profile, opts Options, text string) (secret.String, error) {
	value := secret.New(rand.Text()) // 128 bits
	if text != "" {
		ref, err := secret.ParseRef(text)
		if err != nil || ref.Scheme == secret.Literal {
			return value, usage("--path-secret names where the secret lies, and is not itself the secret").
				Hint("--path-secret env:PROXY_SECRET or --path-secret file:PATH")
		}
		if value, err = g.app.Resolve(ctx, p, ref, "--path-secret", opts); err != nil {
			return value, err
		}
		if err := checkPathSecret(value.Reveal()); err != nil {
			return value, err
		}
	}
	g.app.Mask.Add(value)
	return value, nil
}

// checkPathSecret wants what nobody can guess and every program leaves as it is in a path.
func checkPathSecret(text string) error {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
	if len(text) < 22 || len(text) > 256 || strings.Trim(text, letters) != "" {
		return fault.New(fault.Config, "config.path_secret", "the path secret is not made of 22 to 256 letters, digits, - and _").
			Hint("openssl rand -hex 16")
	}
	return nil
}
