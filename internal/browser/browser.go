// Package browser opens an address in the person's browser and does not wait for it. It runs no shell, opens nothing
// but web pages, and hands a browser nothing that a shell of the user's own would obey between quotes.
package browser

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os/exec"
	"slices"
	"strings"

	"github.com/authctl/authctl/internal/child"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/httpx"
	"github.com/authctl/authctl/internal/words"
)

// Browser is the person's choice, or what the platform has.
type Browser struct {
	// Command is $BROWSER: words as a shell splits them, %s for the address, which else stands last. Empty: the
	// platform's own opener.
	Command string
	// Platform is runtime.GOOS.
	Platform string
	// Environ is what the browser's own environment is made of: that of this program.
	Environ []string
}

// Open starts the browser. An error says why nothing was started; what becomes of the browser after that is not known.
func (b *Browser) Open(ctx context.Context, address string) error {
	address, err := safe(address)
	if err != nil {
		return err
	}
	argv, err := b.argv(address)
	if err != nil {
		return err
	}
	// The browser lives on when the login is over.
	cmd := exec.CommandContext(context.WithoutCancel(ctx), argv[0], argv[1:]...)
	cmd.Env = child.Environ(b.Environ, []string{"AUTHCTL_STORAGE_KEY"}) // which opens the token files
	apart(cmd)
	if err := cmd.Start(); err != nil {
		return fault.New(fault.IO, "io.browser", "%w", err).Doing("starting a browser")
	}
	go func() { _ = cmd.Wait() }() // or a browser that ends first would stay behind as a zombie
	return nil
}

// argv is the program and its arguments.
func (b *Browser) argv(address string) ([]string, error) {
	if strings.TrimSpace(b.Command) == "" {
		return b.opener(address)
	}
	argv, err := split(b.Command)
	if err != nil {
		return nil, fault.New(fault.Config, "config.browser", "%w", err).Doing("reading $BROWSER").
			Hint("BROWSER=firefox, or BROWSER='firefox --new-window %%s'")
	}
	program, err := child.Find(argv[0])
	if err != nil {
		return nil, fault.New(fault.IO, "io.browser", "%w", err).Doing("looking for the program of $BROWSER")
	}
	return append([]string{program}, place(argv[1:], address)...), nil
}

// split is how a shell splits words; nothing is expanded or run.
func split(command string) ([]string, error) {
	argv, err := words.Split(command)
	switch {
	case errors.Is(err, words.ErrOperator):
		return nil, errors.New("it is run without a shell: quote ; & | < > ( ) `")
	case err != nil:
		return nil, err
	case len(argv) == 0 || argv[0] == "":
		return nil, errors.New("it names no program")
	}
	return argv, nil
}

func place(args []string, address string) []string {
	args = slices.Clone(args)
	there := false
	for i, arg := range args {
		there = there || strings.Contains(arg, "%s")
		args[i] = strings.ReplaceAll(arg, "%s", address)
	}
	if !there {
		args = append(args, address)
	}
	return args
}

// opener is the platform's own: what opens a link that was clicked.
func (b *Browser) opener(address string) ([]string, error) {
	var errs error
	for _, argv := range openers(b.Platform) {
		program, err := child.Find(argv[0])
		if err == nil {
			return append(append([]string{program}, argv[1:]...), address), nil
		}
		errs = errors.Join(errs, err)
	}
	return nil, fault.New(fault.IO, "io.browser", "%w", oneLine{errs}).Doing("looking for a browser").
		Hint("set BROWSER to the program that opens a page, as in BROWSER=firefox")
}

func openers(platform string) [][]string {
	switch platform {
	case "darwin":
		return [][]string{{"open"}}
	case "windows":
		return [][]string{{"rundll32", "url.dll,FileProtocolHandler"}} // cmd's start would read & and ^ in the address
	}
	// wslview exists in the Linux of Windows alone, where an xdg-open would find no browser.
	return [][]string{{"wslview"}, {"xdg-open"}, {"gio", "open"}}
}

// oneLine shows joined errors as a list.
type oneLine struct{ error }

func (e oneLine) Error() string { return strings.ReplaceAll(e.error.Error(), "\n", "; ") }
func (e oneLine) Unwrap() error { return e.error }

// harmless are the characters of an address that no shell reads as anything else between quotes, which openers' own
// scripts have and a $BROWSER with a shell in it needs: & separates parameters and, without quotes, commands. The others
// are written as percent escapes, which mean the same to a server (RFC 3986 section 6.2.2.2 warns of reserved ones;
// those that separate parameters are kept).
const harmless = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~:/?&=+,@%[]"

// safe refuses what is no web page: https, or http on this machine. Other schemes start other programs.
func safe(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", refused("it is no URL")
	}
	origin, err := httpx.OriginOf(u)
	switch {
	case err != nil:
		return "", refused("it is no plain https URL")
	case u.Scheme != "https" && !origin.Loopback():
		return "", refused("it is neither https nor of this machine")
	case strings.ContainsFunc(address, func(c rune) bool { return c <= ' ' || c == 0x7f }):
		return "", refused("it holds blanks or control characters")
	}
	rest := u.EscapedPath()
	if u.RawQuery != "" {
		rest += "?" + u.RawQuery
	}
	var out strings.Builder
	out.WriteString(origin.String())
	for i := range len(rest) {
		if c := rest[i]; strings.IndexByte(harmless, c) >= 0 {
			out.WriteByte(c)
		} else {
			fmt.Fprintf(&out, "%%%02X", c)
		}
	}
	return out.String(), nil
}

func refused(why string) error {
	return fault.New(fault.Policy, "policy.browser", "the address is not given to a browser: %s", why)
}
