package cli

import (
	"errors"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/authctl/authctl/internal/fault"
)

// callFlagFault is flagFault for who knows curl's flags better than call's.
func callFlagFault(cmd *cobra.Command, err error) error {
	unknown, ok := errors.AsType[*pflag.NotExistError](err)
	if !ok {
		return flagFault(cmd, err)
	}
	instead := insteadOf(unknown.GetSpecifiedName())
	if instead == "" {
		return flagFault(cmd, err)
	}
	return (&fault.Error{Kind: fault.Usage, Err: err}).Hint("%s", instead).Hint("%s --help", cmd.CommandPath())
}

// insteadOf is what does the same as a flag that curl has and call has not; empty for others.
func insteadOf(flag string) string {
	switch flag {
	case "X", "request":
		return "the method stands before the path: authctl call POST /path"
	case "I", "head":
		return "authctl call HEAD /path -i"
	case "G", "get":
		return "--query name=value adds to the query"
	case "S", "show-error", "f", "fail", "fail-with-body":
		return "leave it out: errors are always shown, and HTTP status 400 and more is exit code 22"
	case "u", "user", "oauth2-bearer":
		return "leave it out: the profile's token is the credential"
	case "b", "cookie":
		return "-H 'Cookie: name=value'"
	case "e", "referer":
		return "-H 'Referer: https://www.example.com/'"
	case "r", "range":
		return "-H 'Range: bytes=0-99'"
	}
	return ""
}
