package cli

import "github.com/authctl/authctl/internal/fault"

// hint gives a failure of the command at path a next step where nobody knew a better one.
func hint(e *fault.Error, path string) {
	if len(e.Hints) > 0 {
		return
	}
	switch e.Kind {
	case fault.Usage:
		e.Hint("%s --help", path)
	case fault.Config:
		if e.Profile == "" {
			e.Hint("after a correction: authctl profile validate")
			return
		}
		e.Hint("see what the profile says: authctl profile show %s", e.Profile)
	case fault.IO:
		e.Hint("look whether it is there, whether you may use it, and whether there is room")
	case fault.HTTPStatus:
		e.Hint("-v shows what was asked and answered; --no-fail makes it exit 0")
	case fault.Store, fault.Internal:
		e.Hint("-v shows what was tried")
	case fault.Timeout, fault.Network:
		e.Hint("try again; -v shows what was asked and answered")
	case fault.Auth, fault.Policy, fault.TLS, fault.Protocol:
		e.Hint("-v shows what was asked and answered; whoever runs the server can look into it")
	}
}
