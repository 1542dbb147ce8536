// Package secret holds values that must not be printed, the references by which a profile names them, and the mask
// that takes them out of text made elsewhere. Nothing here writes a secret anywhere.
package secret

import (
	"crypto/subtle"
	"fmt"
	"log/slog"
)

// Redacted is what every rendering of a secret shows.
const Redacted = "[redacted]"

// String is a text that cannot be printed by accident: fmt, JSON and slog all show [Redacted]. The zero value is the
// empty secret. Compare with Equal: == is not defined.
type String struct {
	_ [0]func()
	// A pointer, since fmt calls no method on an unexported field of another struct: %v would show the text itself.
	text *string
}

// New wraps text.
func New(text string) String {
	if text == "" {
		return String{}
	}
	return String{text: &text}
}

// Reveal is the one way out. Call it at the line that puts the secret on the wire, on stdout or into a sealed record.
func (s String) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// IsZero reports whether the secret is empty.
func (s String) IsZero() bool { return s.text == nil }

// Equal compares two secrets in a time that does not tell where they differ.
func (s String) Equal(other String) bool {
	return subtle.ConstantTimeCompare([]byte(s.Reveal()), []byte(other.Reveal())) == 1
}

// String implements [fmt.Stringer].
func (String) String() string { return Redacted }

// GoString implements [fmt.GoStringer].
func (String) GoString() string { return Redacted }

// Format implements [fmt.Formatter], for every verb.
func (String) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(Redacted)) }

// MarshalJSON implements json.Marshaler.
func (String) MarshalJSON() ([]byte, error) { return []byte(`"` + Redacted + `"`), nil }

// MarshalText implements encoding.TextMarshaler.
func (String) MarshalText() ([]byte, error) { return []byte(Redacted), nil }

// LogValue implements [slog.LogValuer].
func (String) LogValue() slog.Value { return slog.StringValue(Redacted) }
