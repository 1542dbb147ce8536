package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/authctl/authctl/internal/auth"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/httpx"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/secret"
)

type loginOptions struct {
	noBrowser, sso bool
	timeout        time.Duration
	timeoutSaid    bool
}

func newLogin(g *globals) *cobra.Command {
	var o loginOptions
	cmd := &cobra.Command{
		Use:   "login",
		Short: "Log in with a browser or a code, and keep what that gives",
		Long: "Run the profile's grant that needs a person, and keep its tokens: authorization_code opens a browser and listens on\n" +
			"loopback for its answer, device_code shows an address and a code for any device, ciba asks on the device that the\n" +
			"authorization server knows of. Afterwards `token get` and `call` work without a person, as long as the refresh token\n" +
			"lives. All that is said stands on stderr.",
		Example: "  authctl login --profile sso\n" +
			"  authctl login -p sso --no-browser --login-timeout 15m",
		Args: between(0, 0, "no arguments"), ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.timeoutSaid = cmd.Flags().Changed("login-timeout")
			return g.runLogin(cmd.Context(), &o)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&o.noBrowser, "no-browser", false, "print the address only, and read back the one that the browser ended up at, or the code")
	f.DurationVar(&o.timeout, "login-timeout", 5*time.Minute, "how long to wait for the person; unless given, device_code and ciba wait as long as the server says")
	f.BoolVar(&o.sso, "sso", false, "API Connect: open the sign-in page and ask for the API key that it shows")
	return cmd
}

func (g *globals) runLogin(ctx context.Context, o *loginOptions) error {
	if o.timeout <= 0 {
		return usage("--login-timeout is a positive duration such as 5m")
	}
	opts, p, err := g.chosen(ctx)
	if err != nil {
		return err
	}
	if o.sso && (p.Provider != "apiconnect" || p.Grant != "api_key") {
		return usage("--sso is for profiles of API Connect with grant api_key").Hint("provider: apiconnect, grant: api_key")
	}
	if g.app.IO.NoInput {
		return fault.New(fault.Auth, "auth.login_required", "--no-input forbids to ask anybody").Hint("authctl login -p %s", p.Name)
	}
	session, err := g.app.Session(p, opts)
	if err != nil {
		return err
	}
	limited, cancel := o.patience(ctx, p.Grant)
	defer cancel()
	answer, err := session.Login(limited, g.person(o))
	if err != nil {
		if ctx.Err() == nil && errors.Is(limited.Err(), context.DeadlineExceeded) && !fault.Is(err, fault.Timeout) {
			return fault.New(fault.Timeout, "timeout.login", "nobody has logged in within %s", o.timeout).
				Hint("authctl login -p %s --login-timeout %s", p.Name, 3*o.timeout)
		}
		return err
	}
	g.tellLogin(p, answer)
	return nil
}

// patience ends the wait for the person. A code that they enter elsewhere lives as long as the server says (RFC 8628
// section 3.2), which is often more than a browser on this machine needs.
func (o *loginOptions) patience(ctx context.Context, grant string) (context.Context, context.CancelFunc) {
	if !o.timeoutSaid && (grant == "device_code" || grant == "ciba") {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, o.timeout)
}

// person is who sits before this program. Whatever they are told must reach them, so that it is more than a note.
func (g *globals) person(o *loginOptions) auth.Person {
	person := auth.Person{Tell: g.app.tell, Paste: g.app.paste(), Secret: g.app.typed}
	if !o.noBrowser {
		person.Browse = g.app.Browse
	}
	if g.app.IO.ErrTTY && !g.app.jsonErrors {
		person.Picture = g.app.draw
	}
	return person
}

// tellLogin says who is logged in, as far as a verified id_token tells, and until when.
func (g *globals) tellLogin(p *profile.Profile, answer *auth.Answer) {
	t := answer.Token
	who := ""
	if hasIssuer(p) {
		who = whoIn(t.IDToken)
	}
	if who == "" {
		who = p.Username
	}
	if who != "" {
		who = " as " + who
	}
	until := "until " + t.ExpiresAt.UTC().Format(time.RFC3339)
	if !t.RefreshToken.IsZero() {
		until += ", and on by its refresh token"
	}
	g.app.inform("%s: logged in%s %s", p.Name, who, until)
}

// tell prints one line for the person who logs in, and nothing but that line, so that an address can be taken whole.
func (a *App) tell(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if a.jsonErrors {
		_, _ = a.IO.Err.Write(marshalLine(map[string]string{"note": a.clean(text)}))
		return
	}
	a.lineErr(text)
}

// paste reads lines that the person hands over. A standard input that was never there (closed, /dev/null) is nobody's
// answer: then the browser's is waited for. One that ended after a useless line is an end.
func (a *App) paste() func(ctx context.Context, label string) (string, error) {
	heard := false
	return func(ctx context.Context, label string) (string, error) {
		line, err := a.IO.Line(ctx, httpx.Visible(label))
		heard = heard || err == nil
		if errors.Is(err, io.EOF) && !heard && ctx.Err() == nil {
			<-ctx.Done()
			return "", ctx.Err()
		}
		return line, err
	}
}

// typed reads a secret without echo, or one line of a standard input that is no terminal.
func (a *App) typed(ctx context.Context, label string) (secret.String, error) {
	if a.IO.CanPrompt() {
		return a.ask(ctx, label)
	}
	line, err := a.IO.Line(ctx, httpx.Visible(label))
	switch {
	case err != nil && ctx.Err() != nil:
		return secret.String{}, ctx.Err()
	case errors.Is(err, io.EOF) || err == nil && line == "":
		return secret.String{}, fault.New(fault.Auth, "auth.input_required", "%s must be typed, or be a line of standard input", label).
			Hint("run the command in a terminal")
	case err != nil:
		return secret.String{}, fault.New(fault.IO, "io.stdin", "%w", err).Doing("reading %s from standard input", label)
	}
	value := secret.New(line)
	a.Mask.Add(value)
	return value, nil
}

// draw shows an address as a QR code. One that is too long for a terminal stands there in letters.
func (a *App) draw(address string) {
	lines, err := a.Picture(address)
	if err != nil {
		return
	}
	for _, line := range lines {
		a.lineErr(line)
	}
}
