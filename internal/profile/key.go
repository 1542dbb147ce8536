package profile

import "fmt"

// Type is what a provider's own key may hold.
type Type uint8

// The types of keys.
const (
	Text      Type = iota // one line; blanks around it are trimmed with a warning
	URL                   // absolute https URL, or http on loopback
	Path                  // a file path; ~ is expanded
	Secret                // a secret reference
	Bool                  // true or false
	Map                   // a mapping of Members
	WordOrMap             // one of Words, or a mapping of Members
)

// NotYet is why a key or value of the documented contract is refused whose feature is not built yet.
const NotYet = "not supported yet"

// Key declares one key of a provider.
type Key struct {
	Name string
	Type Type
	// Members are the keys of a Map or a WordOrMap; what they need of one another is the provider's to check.
	Members []Key
	// Words are all that a WordOrMap may be without a mapping, and all that a Text may be where there are any.
	Words []string
	// Later marks a key of the documented contract whose feature is not built yet: it is refused with
	// "not supported yet", never ignored.
	Later bool
}

// KeyError is a value that cannot stand. It names the key so that the reader of the file can add the line, and it
// never carries the value of a secret.
type KeyError struct {
	Key    string // "scopes", "tls.ca_file", "allowed_origins[1]"
	Reason string // "must end in /.default"
	Hint   string // what to type instead; may be empty
}

func (e *KeyError) Error() string { return fmt.Sprintf("%s: %s", e.Key, e.Reason) }
