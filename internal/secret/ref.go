package secret

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Scheme says where a secret lies.
type Scheme uint8

// The schemes of a reference.
const (
	Absent  Scheme = iota // the zero Ref: the key was not said
	Literal               // the text itself
	Env                   // env:NAME
	File                  // file:PATH
	Keyring               // keyring:ACCOUNT
	Command               // command:ARGV
	Prompt                // prompt:
)

// MaxSize bounds a secret, however it is referred to. Keys and certificates are a few kilobytes.
const MaxSize = 64 << 10

// Ref is a secret reference of profiles.yaml. It prints without the text of a literal.
type Ref struct {
	Scheme Scheme
	Arg    String // NAME, PATH, ACCOUNT, ARGV or the literal
}

// ParseRef reads a reference as a user writes it. Text without a known scheme is a literal. Errors never show the text.
func ParseRef(text string) (Ref, error) {
	name, arg, found := strings.Cut(text, ":")
	scheme := schemeOf(name)
	switch {
	case !found || scheme == Literal && schemeOf(strings.ToLower(name)) == Literal:
		return Ref{Literal, New(text)}, Check(New(text))
	case scheme == Literal:
		return Ref{}, fmt.Errorf("write %s: in lower case", strings.ToLower(name))
	case scheme == Prompt && arg != "":
		return Ref{}, errors.New("prompt: takes nothing after the colon")
	case scheme == Prompt:
		return Ref{Scheme: Prompt}, nil
	case strings.TrimSpace(arg) == "":
		return Ref{}, fmt.Errorf("%s: is followed by nothing", name)
	}
	ref := Ref{scheme, New(arg)}
	return ref, ref.check(arg)
}

// check judges what follows the colon.
func (r Ref) check(arg string) error {
	switch {
	case arg != strings.TrimSpace(arg):
		return fmt.Errorf("there is a blank around what follows %s", r.Scheme)
	case strings.ContainsFunc(arg, unicode.IsControl) || !utf8.ValidString(arg):
		return fmt.Errorf("a control character follows %s", r.Scheme)
	case r.Scheme == Env && strings.ContainsAny(arg, "=$ "):
		return errors.New("env: is followed by the bare name of a variable")
	case r.Scheme == Command:
		_, err := splitWords(arg)
		return err
	}
	return nil
}

// Check refuses what no secret can be: nothing at all, blanks around it, control characters, more than [MaxSize]. A
// newline that slipped in would otherwise be refused by the server as a wrong secret. The error never shows the value.
func Check(value String) error {
	text := value.Reveal()
	switch {
	case text == "":
		return errors.New("the value is empty")
	case len(text) > MaxSize:
		return fmt.Errorf("the value is longer than %d bytes", MaxSize)
	case text != strings.TrimSpace(text):
		return errors.New("the value has a blank or a newline around it")
	case strings.ContainsFunc(text, unicode.IsControl):
		return errors.New("the value has a control character in it")
	case text != strings.TrimFunc(text, unseen):
		return errors.New("the value has a character around it that cannot be seen, such as an editor's byte-order mark")
	}
	return nil
}

// unseen knows what takes no room: the byte-order mark, zero-width blanks and the like.
func unseen(r rune) bool { return unicode.Is(unicode.Cf, r) }

// IsZero reports whether the key was not said.
func (r Ref) IsZero() bool { return r.Scheme == Absent }

// String shows where the secret lies, and [Redacted] for a literal.
func (r Ref) String() string {
	switch r.Scheme {
	case Absent:
		return ""
	case Literal:
		return Redacted
	}
	return r.Scheme.String() + r.Arg.Reveal()
}

// GoString implements [fmt.GoStringer].
func (r Ref) GoString() string { return r.String() }

// Format implements [fmt.Formatter], for every verb.
func (r Ref) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(r.String())) }

// MarshalText implements encoding.TextMarshaler.
func (r Ref) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// String is the scheme as it stands in front of a reference, colon included.
func (s Scheme) String() string {
	switch s {
	case Env:
		return "env:"
	case File:
		return "file:"
	case Keyring:
		return "keyring:"
	case Command:
		return "command:"
	case Prompt:
		return "prompt:"
	}
	return ""
}

func schemeOf(name string) Scheme {
	for s := Env; s <= Prompt; s++ {
		if s.String() == name+":" {
			return s
		}
	}
	return Literal
}
