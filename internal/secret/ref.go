package secret

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

// Ref is a secret reference of profiles.yaml. It prints without the text of a literal.
type Ref struct {
	Scheme Scheme
	Arg    String // NAME, PATH, ACCOUNT, ARGV or the literal
}
