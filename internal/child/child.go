// Package child runs a program of the user's on this program's streams: it finds the program without looking into the
// current directory, passes signals on, and gives the status as a shell would. It can hand the program a secret through
// a pipe or a private file; it never puts one into arguments, and knows of none in the environment.
package child

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
)

// The statuses of a shell for a program that did not run.
const (
	NotExecutable = 126
	NotFound      = 127
)

// StartError is a program that could not be run at all.
type StartError struct {
	Status int // NotExecutable or NotFound
	Err    error
}

func (e *StartError) Error() string { return e.Err.Error() }

// Unwrap gives the cause.
func (e *StartError) Unwrap() error { return e.Err }

// Command is one run of a program.
type Command struct {
	Path    string   // from [Find]
	Args    []string // the first one is the program's own name
	Env     []string
	In      io.Reader
	Out     io.Writer
	Err     io.Writer
	Handing *Handover // nil: nothing
}

// Find looks a program up in PATH. A folder of PATH that is not absolute is the current directory or lies below it:
// what is found there could have been put there for this very purpose, and is passed over, or told of where nothing else
// is found. A name with a slash is the user's own choice. The walk is this function's own: [exec.LookPath] ends at such a
// find, and takes it where GODEBUG says execerrdot=0.
func Find(name string) (string, error) {
	if filepath.Base(name) != name {
		path, err := exec.LookPath(name)
		if err != nil {
			return "", startError(err)
		}
		return path, nil
	}
	planted := false
	for _, folder := range filepath.SplitList(os.Getenv("PATH")) { //nolint:forbidigo // as [exec.LookPath] does
		whole, err := filepath.Abs(folder)
		if err != nil {
			continue
		}
		path, err := exec.LookPath(filepath.Join(whole, name))
		switch {
		case err != nil:
		case filepath.IsAbs(folder):
			return path, nil
		default:
			planted = true
		}
	}
	if planted {
		return "", &StartError{NotExecutable, fmt.Errorf("PATH finds %s in the current directory: %w", name, exec.ErrDot)}
	}
	return "", startError(&exec.Error{Name: name, Err: exec.ErrNotFound})
}

func startError(err error) *StartError {
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		return &StartError{NotFound, err}
	}
	return &StartError{NotExecutable, err}
}

// Run runs the program to its end and gives its status: its own, or 128+N where signal N ended it. Signals to this
// process are passed on and end nothing but what the program ends: ctx counts until the program has started.
func (c *Command) Run(ctx context.Context) (int, error) {
	cmd := exec.CommandContext(context.WithoutCancel(ctx), c.Path)
	cmd.Args, cmd.Env = c.Args, c.Env
	cmd.Stdin, cmd.Stdout, cmd.Stderr = c.In, c.Out, c.Err
	if c.Handing != nil {
		cmd.ExtraFiles = c.Handing.files
	}
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, forwarded()...)
	defer signal.Stop(signals)
	if err := ctx.Err(); err != nil { // a signal that came before there was anybody to pass it on to
		return 0, err
	}
	if err := cmd.Start(); err != nil {
		return 0, startError(err)
	}
	if c.Handing != nil {
		c.Handing.feed()
	}
	ended := make(chan struct{})
	defer close(ended)
	go pass(signals, cmd.Process, ended)
	return status(cmd.Wait())
}

// pass hands signals on until the program has ended.
func pass(signals <-chan os.Signal, p *os.Process, ended <-chan struct{}) {
	for {
		select {
		case s := <-signals:
			if !seenByChild(s) {
				_ = deliver(p, s) // it may just have ended
			}
		case <-ended:
			return
		}
	}
}

func status(err error) (int, error) {
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exitStatus(exit.ProcessState), nil
	}
	return 0, err
}

// Output runs a program that is only asked for a text.
func (c *Command) Output(ctx context.Context) ([]byte, error) {
	cmd := exec.CommandContext(ctx, c.Path)
	cmd.Args, cmd.Env = c.Args, c.Env
	return cmd.Output()
}

// Environ is env without the names of drop, and with the pairs of set in place of older ones.
func Environ(env, drop []string, set ...string) []string {
	out := make([]string, 0, len(env)+len(set))
	for _, pair := range env {
		if !names(drop, pair) && !names(set, pair) {
			out = append(out, pair)
		}
	}
	return append(out, set...)
}
