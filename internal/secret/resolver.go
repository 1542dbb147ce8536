package secret

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/words"
)

// ErrNoAccount is what [Resolver.Keyring] answers for an account that the keyring does not have. Every other error of
// it means that the keyring itself is the trouble.
var ErrNoAccount = errors.New("the keyring has no such account")

// waitFor is how long a file or a command may take, unless the Resolver says otherwise.
const waitFor = 10 * time.Second

// Resolver turns references into secrets. It reads nothing before it is asked, and adds all that it finds to Mask.
type Resolver struct {
	Getenv  func(string) (string, bool)
	Environ []string // the environment of command:, which never gets AUTHCTL_STORAGE_KEY
	Home    string   // what ~ stands for
	Dir     string   // the folder of profiles.yaml: what a relative path is relative to
	Keyring func(ctx context.Context, account string) (String, error)
	Prompt  func(ctx context.Context, label string) (String, error) // nil: nobody can be asked
	Mask    *Mask
	Typed   *Typed        // what a person typed in this run; nil: the person is asked each time
	Whose   string        // whose secrets these are: tells one profile's client_secret from another's
	Pipes   *Pipes        // what named pipes gave in this run; nil: they are read each time
	Timeout time.Duration // of file: and command:; 0: 10 s
}

// Typed keeps what a person typed, whichever Resolver asked. A run asks for the same secret again when a token is
// renewed, and nobody may sit at the terminal by then.
type Typed struct {
	mu     sync.Mutex // held over a question, so that who asks at the same time gets the same answer
	values map[[2]string]String
}

// Resolve gives the secret that ref names. What says whose it is: "client_secret of profile entra".
func (r *Resolver) Resolve(ctx context.Context, ref Ref, what string) (String, error) {
	value, err := r.read(ctx, ref, what)
	return r.judged(ctx, value, err, from{ref, what})
}

// Own gives the secret of a key that a profile does not mention: the keyring has it under the profile's own account,
// which is NAME/KEY.
func (r *Resolver) Own(ctx context.Context, account, what string) (String, error) {
	name, key, _ := strings.Cut(account, "/") // no name holds a slash
	value, err := r.keyring(ctx, account, "-p "+name+" "+key)
	return r.judged(ctx, value, err, from{Ref{Keyring, New(account)}, what})
}

// from is where a secret was read, and whose it is.
type from struct {
	ref  Ref
	what string
}

func (r *Resolver) judged(ctx context.Context, value String, err error, of from) (String, error) {
	if err == nil {
		r.Mask.Add(value)
		err = Check(value)
	}
	if err == nil {
		return value, nil
	}
	return String{}, r.fault(ctx, err, of.ref, of.what)
}

func (r *Resolver) read(ctx context.Context, ref Ref, what string) (String, error) {
	arg := ref.Arg.Reveal()
	switch ref.Scheme {
	case Literal:
		return ref.Arg, nil
	case Env:
		return r.env(arg)
	case File:
		return r.file(ctx, arg)
	case Keyring:
		return r.keyring(ctx, arg, "--account "+words.Quote(arg))
	case Command:
		return r.command(ctx, arg)
	case Prompt:
		return r.prompt(ctx, what)
	}
	return String{}, refused("nothing says where it lies").Hint("give the profile a secret reference: env:NAME, file:PATH, keyring:ACCOUNT, command:ARGV or prompt:")
}

// fault makes err an error of the configuration, unless it is the keyring's trouble, the user's interruption or the
// end of the caller's own time.
func (r *Resolver) fault(ctx context.Context, err error, ref Ref, what string) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	e, ok := errors.AsType[*fault.Error](err)
	if !ok {
		e = refused("%w", err)
	}
	if e.Op != "" && ref.Scheme != Keyring { // the keyring says its name alone
		return e
	}
	told := *e
	if s := ref.Scheme; s == Literal || s == Absent || s == Prompt {
		return told.Doing("%s", what)
	}
	return told.Doing("%s from %s", what, r.Mask.Text(ref.String()))
}

func refused(format string, args ...any) *fault.Error {
	return fault.New(fault.Config, "config.secret", format, args...)
}

func (r *Resolver) env(name string) (String, error) {
	value, ok := r.Getenv(name)
	switch {
	case !ok:
		return String{}, refused("the environment variable %s is not set", name).Hint("export %s=... before you run authctl", name)
	case value == "":
		return String{}, refused("the environment variable %s is empty", name).Hint("export %s=... before you run authctl", name)
	}
	return New(value), nil
}

// keyring reads an account; which names it to `secret set`.
func (r *Resolver) keyring(ctx context.Context, account, which string) (String, error) {
	if r.Keyring == nil {
		return String{}, fault.New(fault.Store, "store.unavailable", "no keyring can be reached from here")
	}
	value, err := r.Keyring(ctx, account)
	switch {
	case err == nil:
		return value, nil
	case errors.Is(err, ErrNoAccount):
		return String{}, refused("%w", ErrNoAccount).Hint("authctl secret set %s", which)
	}
	if e, ok := errors.AsType[*fault.Error](err); ok {
		return String{}, e
	}
	return String{}, fault.New(fault.Store, "store.unavailable", "%w", err).Hint("start or unlock the keyring, or refer to the secret by env: or file:")
}

func (r *Resolver) prompt(ctx context.Context, label string) (String, error) {
	if r.Typed == nil {
		return r.question(ctx, label)
	}
	r.Typed.mu.Lock()
	defer r.Typed.mu.Unlock()
	key := [2]string{r.Whose, label}
	if value, ok := r.Typed.values[key]; ok {
		return value, nil
	}
	value, err := r.question(ctx, label)
	if err != nil || Check(value) != nil {
		return value, err // an answer that is none may be put right
	}
	if r.Typed.values == nil {
		r.Typed.values = map[[2]string]String{}
	}
	r.Typed.values[key] = value
	return value, nil
}

func (r *Resolver) question(ctx context.Context, label string) (String, error) {
	if r.Prompt == nil {
		return String{}, refused("nobody can be asked for it here").Hint("run authctl in a terminal, without --no-input, or refer to the secret by env:, file: or keyring:")
	}
	if r.Whose != "" { // an exchange asks for the secrets of two
		label = r.Whose + ": " + label
	}
	return r.Prompt(ctx, label)
}

// path makes a file's name absolute: ~ is the home folder, and what is relative lies beside profiles.yaml.
func (r *Resolver) path(name string) (string, error) {
	rest, ok := strings.CutPrefix(name, "~")
	switch {
	case ok && (rest == "" || rest[0] == '/' || rest[0] == filepath.Separator):
		if r.Home == "" {
			return "", errors.New("~ stands for nothing, as the home folder is unknown")
		}
		return filepath.Join(r.Home, rest), nil
	case filepath.IsAbs(name):
		return name, nil
	}
	return filepath.Join(r.Dir, name), nil
}

func (r *Resolver) timeout() time.Duration {
	if r.Timeout > 0 {
		return r.Timeout
	}
	return waitFor
}

// cutNewline takes one newline off the end, as a shell's $(...) does with all of them.
func cutNewline(data []byte) String {
	if IsDER(string(data)) {
		return New(string(data))
	}
	text := strings.TrimSuffix(string(data), "\n")
	if len(text) < len(data) {
		text = strings.TrimSuffix(text, "\r")
	}
	return New(text)
}
