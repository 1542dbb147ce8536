package cli

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"

	"github.com/authctl/authctl/internal/child"
	"github.com/authctl/authctl/internal/fault"
)

// What curl, exec and sandbox have in common: they run the user's own command and return its status unchanged.

const (
	// wraps marks a command whose status is that of the user's own: authctl's failures are told apart from it by
	// wrapperStatus, as env, timeout and docker do. Refusals by policy keep theirs.
	wraps         = "wraps"
	wrapperStatus = 125

	storageKey = "AUTHCTL_STORAGE_KEY" // opens every stored token, and is nobody's but authctl's
)

// command is a run of the user's command on authctl's own streams.
func (g *globals) command(args, env []string) (*child.Command, error) {
	path, err := child.Find(args[0])
	if err != nil {
		return nil, wrapperError(args[0], err)
	}
	return &child.Command{Path: path, Args: args, Env: env, In: g.app.IO.In, Out: g.app.IO.Out, Err: g.app.IO.Err}, nil
}

// run runs a command to its end. What authctl has to say is said before.
func (g *globals) run(ctx context.Context, c *child.Command) error {
	g.app.printWarnings()
	status, err := c.Run(ctx)
	if err == nil && status != 0 {
		return childStatus(status)
	}
	return wrapperError(c.Args[0], err)
}

// wrapperError gives a command that did not run the status of a shell: 127 for one that is not there, 126 for one that
// cannot be run.
func wrapperError(name string, err error) error {
	if e, ok := errors.AsType[*child.StartError](err); ok {
		what := (&fault.Error{Kind: fault.IO, Code: "exec.failed", Err: err}).Doing("running %s", name)
		switch given := filepath.Base(name) != name; {
		case name == "curl":
			what.Hint("install curl, or use authctl call, which needs none")
		case !given:
			what.Hint("give the command's path, such as ./%s, or correct PATH", name)
		case errors.Is(err, fs.ErrPermission):
			what.Hint("if it is a program: chmod +x %s", name)
		}
		return wrapperFault{what, e.Status}
	}
	return err
}

// wrapperFault is a failure to run the user's command at all; its status is the shell's.
type wrapperFault struct {
	fault  *fault.Error
	status int
}

func (w wrapperFault) Error() string { return w.fault.Error() }
func (w wrapperFault) Unwrap() error { return w.fault }

// status is the exit status for err, which e tells about.
func (g *globals) status(e *fault.Error, err error) int {
	if w, ok := errors.AsType[wrapperFault](err); ok {
		return w.status
	}
	if g.wraps && e.Kind != fault.Policy {
		return wrapperStatus
	}
	return e.Kind.ExitCode()
}
