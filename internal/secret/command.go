package secret

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"
	"unicode"

	"github.com/authctl/authctl/internal/words"
)

const (
	maxComplaint = 4 << 10 // of a command's stderr that is kept
	shownRunes   = 512     // of it in an error
	drainFor     = time.Second
)

// splitWords splits a command line as a shell splits words; nothing in it is expanded or run.
func splitWords(line string) ([]string, error) {
	argv, err := words.Split(line)
	switch {
	case errors.Is(err, words.ErrOperator):
		return nil, errors.New("the command is run without a shell: quote ; & | < > ( ) `, or use command:sh -c '...'")
	case err != nil:
		return nil, fmt.Errorf("the command: %w", err)
	case len(argv) == 0 || argv[0] == "":
		return nil, errors.New("command: names no program")
	}
	return argv, nil
}

// command runs command:ARGV. Its stdin is empty; when the time is over or the caller gives up, it ends with all that
// it started.
func (r *Resolver) command(ctx context.Context, line string) (String, error) {
	argv, err := splitWords(line)
	if err != nil {
		return String{}, err
	}
	program, err := r.program(argv[0])
	if err != nil {
		return String{}, err
	}
	limited, cancel := context.WithTimeout(ctx, r.timeout())
	defer cancel()
	stdout, stderr := &bounded{max: MaxSize + 2}, &bounded{max: maxComplaint, drop: true}
	cmd := exec.CommandContext(limited, program, argv[1:]...)
	cmd.Env = childEnv(r.Environ)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	cmd.WaitDelay = drainFor // a daemon that the command left behind may hold its stdout
	ownGroup(cmd)
	err = cmd.Run()
	value := cutNewline(stdout.data)
	r.Mask.Add(value) // it may stand in the complaint
	switch {
	case limited.Err() != nil:
		return String{}, refused("the command took longer than %s", r.timeout())
	case stdout.over:
		return String{}, refused("the command printed more than %d bytes", MaxSize)
	case err != nil && !errors.Is(err, exec.ErrWaitDelay):
		return String{}, refused("%w", r.complaint(err, stderr))
	}
	return value, nil
}

// program finds the executable: by the search path, never in the current directory.
func (r *Resolver) program(name string) (string, error) {
	if strings.HasPrefix(name, "~") || strings.ContainsAny(name, `/\`) {
		path, err := r.path(name)
		if err != nil {
			return "", err
		}
		name = path
	}
	path, err := exec.LookPath(name)
	if e, ok := errors.AsType[*exec.Error](err); ok {
		err = e.Err
	}
	if err != nil {
		return "", refused("the program cannot be run: %w", withoutPath(err))
	}
	return path, nil
}

// complaint says how the command ended, and what it had to say.
func (r *Resolver) complaint(err error, stderr *bounded) error {
	text := strings.Map(func(c rune) rune {
		if unicode.IsPrint(c) {
			return c
		}
		return ' '
	}, strings.TrimSpace(r.Mask.Text(string(stderr.data))))
	if runes := []rune(text); len(runes) > shownRunes {
		text = string(runes[:shownRunes]) + "..."
	}
	if text == "" {
		return fmt.Errorf("the command ended with %w", err)
	}
	return fmt.Errorf("the command ended with %w: %s", err, text)
}

// childEnv takes out what opens the token files: no helper needs it.
func childEnv(environ []string) []string {
	out := make([]string, 0, len(environ))
	for _, pair := range environ {
		name, _, _ := strings.Cut(pair, "=")
		if !strings.EqualFold(name, "AUTHCTL_STORAGE_KEY") {
			out = append(out, pair)
		}
	}
	return out
}

// bounded keeps the first max bytes; what exceeds them is dropped, or an error.
type bounded struct {
	data       []byte
	max        int
	drop, over bool
}

func (b *bounded) Write(p []byte) (int, error) {
	kept := min(len(p), b.max-len(b.data))
	b.data = append(b.data, p[:kept]...)
	if kept == len(p) {
		return kept, nil
	}
	b.over = true
	if b.drop {
		return len(p), nil
	}
	return kept, errors.New("too much output")
}
