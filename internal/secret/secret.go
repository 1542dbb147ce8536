// Package secret holds values that must not be printed, the references by which a profile names them, and the mask
// that takes them out of text made elsewhere. Nothing here writes a secret anywhere.
package secret

import (
	"fmt"
	"log/slog"
)

// Redacted is what every rendering of a secret shows.
const Redacted = "[redacted]"

// String is a text that cannot be printed by accident: fmt, JSON and slog all show [Redacted]. The zero value is the
// empty secret.
type String struct{ text string }

// New wraps text.
func New(text string) String { return String{text} }

// Reveal is the one way out. Call it at the line that puts the secret on the wire, on stdout or into a sealed record.
func (s String) Reveal() string { return s.text }

// IsZero reports whether the secret is empty.
func (s String) IsZero() bool { return s.text == "" }

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
